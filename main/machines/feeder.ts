import { assign, setup } from 'xstate';
import { sendToRandomOfType } from '../xstate.ts';

/** Offers one part after the other to whichever robot is free, and counts what the inspector says of them. */
export const feeder = setup({
  types: {
    context: {} as { readonly part: number; readonly passed: number; readonly failed: number },
    events: {} as { type: 'PART_TAKEN' } | { type: 'RESULT'; part: number; passed: boolean },
  },
  actions: {
    offer: sendToRandomOfType('Robot', ({ context }) => ({
      type: 'PART_READY',
      part: context.part,
    })),
  },
}).createMachine({
  id: 'feeder',
  context: { part: 1, passed: 0, failed: 0 },
  initial: 'separating',
  on: {
    RESULT: [
      { guard: ({ event }) => event.passed, actions: assign({ passed: ({ context }) => context.passed + 1 }) },
      { actions: assign({ failed: ({ context }) => context.failed + 1 }) },
    ],
  },
  states: {
    separating: { after: { 1000: 'waitingForRobot' } },
    waitingForRobot: {
      entry: 'offer',
      after: { 1500: { target: 'waitingForRobot', reenter: true } },
      on: { PART_TAKEN: { target: 'separating', actions: assign({ part: ({ context }) => context.part + 1 }) } },
    },
  },
});
