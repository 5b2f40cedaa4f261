import { assign, setup } from 'xstate';
import { reply } from '../../main/xstate.ts';

/** Answers every PING with a PONG, and counts. */
export const ponger = setup({
  types: { context: {} as { readonly pings: number }, events: {} as { type: 'PING' } },
  actions: { answer: reply({ type: 'PONG' }) },
}).createMachine({
  context: { pings: 0 },
  on: { PING: { actions: [assign({ pings: ({ context }) => context.pings + 1 }), 'answer'] } },
});

/** Remembers the numbers it was sent, in order. */
export const collector = setup({
  types: { context: {} as { readonly numbers: readonly number[] }, events: {} as { type: 'NUMBER'; n: number } },
}).createMachine({
  context: { numbers: [] },
  on: { NUMBER: { actions: assign({ numbers: ({ context, event }) => [...context.numbers, event.n] }) } },
});

/** Takes PONG alone. */
export const pinger = setup({
  types: { context: {} as { readonly pongs: number }, events: {} as { type: 'PONG' } },
}).createMachine({
  context: { pongs: 0 },
  on: { PONG: { actions: assign({ pongs: ({ context }) => context.pongs + 1 }) } },
});
