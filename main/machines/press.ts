import { assign, setup } from 'xstate';
import { reply, sendToType } from '../xstate.ts';

/** Presses one part at a time; while it is closed it takes no other. */
export const press = setup({
  types: {
    context: {} as { readonly part: number; readonly strokes: number },
    events: {} as { type: 'LOAD'; part: number },
  },
  actions: {
    confirm: reply({ type: 'LOADED' }),
    handOn: sendToType('Inspector', ({ context }) => ({
      type: 'INSPECT',
      part: context.part,
    })),
  },
}).createMachine({
  id: 'press',
  context: { part: 0, strokes: 0 },
  initial: 'open',
  states: {
    open: {
      on: { LOAD: { target: 'pressing', actions: ['confirm', assign({ part: ({ event }) => event.part })] } },
    },
    pressing: { after: { 900: 'opening' } },
    opening: {
      entry: ['handOn', assign({ strokes: ({ context }) => context.strokes + 1 })],
      after: { 200: 'open' },
    },
  },
});
