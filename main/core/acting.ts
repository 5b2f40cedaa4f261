import type { AnyActorRef } from 'xstate';
import type { MachineEvent, SendableEvent } from '../../shared/envelope.ts';
import type { Address } from '../../shared/ids.ts';
import type { Choice } from './balancing.ts';
import type { Follower, FollowTarget } from './following.ts';
import { parentOf } from './xstate-internals.ts';

/** Where an event that a machine handles came from. Plain data: a machine may keep it in its context and reply later. */
export interface Origin {
  readonly address: Address;
  readonly envelopeId: string;
  /** Somebody waits for the reply. */
  readonly isAsk?: true;
}

/**
 * What a running machine can do where it is hosted. The actions of `intermachine/xstate` find it through their actor. What
 * fails is told as a problem, never thrown into the machine.
 */
export interface Acting {
  sendTo(idOrAddress: string, event: SendableEvent): void;
  /** To whoever sent the event, or to the promise that waits for it. */
  reply(origin: Origin, event: SendableEvent): void;
  sendToType(type: string, event: SendableEvent): void;
  sendToPattern(pattern: string, event: SendableEvent): void;
  sendToOneOfType(type: string, event: SendableEvent, choice: Choice): void;
  broadcastToSameType(event: SendableEvent): void;
  /** Follows a machine, of this node or of another. Returns what ends it. */
  follow(target: FollowTarget, follower: Follower): () => void;
  /** Something a person should know. */
  problem(message: string): void;
}

const actors = new WeakMap<AnyActorRef, Acting>();
const origins = new WeakMap<object, Origin>();

/** Lets a machine act. The actors that it spawns act in its name, unless they are machines themselves. */
export const enableActing = (actor: AnyActorRef, acting: Acting): void => {
  actors.set(actor, acting);
};

export const disableActing = (actor: AnyActorRef): void => {
  actors.delete(actor);
};

export const isActing = (actor: AnyActorRef): boolean => actors.has(actor);

export function actingOf(actor: AnyActorRef): Acting | undefined {
  for (let at: AnyActorRef | undefined = actor; at; at = parentOf(at)) {
    const acting = actors.get(at);
    if (acting) return acting;
  }
  return undefined;
}

/** Notes where an event came from. It is kept beside the event, not on it: a property could be forged by the sender. */
export const setOrigin = (event: MachineEvent, origin: Origin): void => {
  origins.set(event, origin);
};

/** Where this very event object came from; `undefined` for one that the machine raised or that a timer brought. */
export const originOf = (event: object): Origin | undefined => origins.get(event);
