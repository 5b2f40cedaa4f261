import type { Acting } from '../../main/core/acting.ts';

const nothing = () => {};

/** For a machine that is to do nothing but take its events. */
export const idle: Acting = {
  sendTo: nothing,
  reply: nothing,
  sendToType: nothing,
  sendToPattern: nothing,
  sendToOneOfType: nothing,
  broadcastToSameType: nothing,
  follow: () => nothing,
  problem: nothing,
};
