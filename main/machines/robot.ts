import { assign, setup } from 'xstate';
import { reply, sendToRandomOfType } from '../xstate.ts';

/** Takes a part from a feeder and loads it into whichever press is open. */
export const robot = setup({
  types: {
    context: {} as { readonly part: number },
    events: {} as { type: 'PART_READY'; part: number } | { type: 'LOADED' },
  },
  actions: {
    take: reply({ type: 'PART_TAKEN' }),
    load: sendToRandomOfType('Press', ({ context }) => ({
      type: 'LOAD',
      part: context.part,
    })),
  },
}).createMachine({
  id: 'robot',
  context: { part: 0 },
  initial: 'idle',
  states: {
    idle: {
      on: { PART_READY: { target: 'carrying', actions: ['take', assign({ part: ({ event }) => event.part })] } },
    },
    carrying: { after: { 500: 'waitingForPress' } },
    waitingForPress: {
      entry: 'load',
      after: { 800: { target: 'waitingForPress', reenter: true } },
      on: { LOADED: 'returning' },
    },
    returning: { after: { 300: 'idle' } },
  },
});
