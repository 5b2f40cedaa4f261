import { assign, emit, setup } from 'xstate';
import { broadcastToSameType, type Origin, originOf, reply, sendToType } from '../../../main/xstate.ts';
import { collector, pinger, ponger } from '../machines.ts';

/** Opens and closes, and says so with a state, a tag and what it emits. */
export const door = setup({
  types: {
    context: {} as { readonly opened: number; readonly result: string },
    events: {} as { type: 'OPEN' } | { type: 'CLOSE' } | { type: 'BREAK' } | { type: 'END'; result: string },
    emitted: {} as { type: 'creak'; loud: boolean },
    output: {} as { readonly result: string },
    tags: {} as 'passable',
  },
  actions: {
    creak: emit({ type: 'creak', loud: true }),
    fail: () => {
      throw new Error('hinge broken');
    },
  },
}).createMachine({
  id: 'door',
  context: { opened: 0, result: '' },
  initial: 'closed',
  on: {
    BREAK: { actions: 'fail' },
    END: { target: '.gone', actions: assign({ result: ({ event }) => event.result }) },
  },
  output: ({ context }) => ({ result: context.result }),
  states: {
    closed: {
      on: { OPEN: { target: 'open', actions: ['creak', assign({ opened: ({ context }) => context.opened + 1 })] } },
    },
    open: { tags: ['passable'], on: { CLOSE: 'closed' } },
    gone: { type: 'final' },
  },
});

/** Answers what it is asked, at once or when it is told to. */
export const clerk = setup({
  types: {
    context: {} as { readonly kept: Origin | null; readonly answers: number },
    events: {} as
      | { type: 'ASK'; n: number }
      | { type: 'ASK_LATER' }
      | { type: 'NOW' }
      | { type: 'SILENCE' }
      | { type: 'ANSWER' },
  },
  actions: {
    double: reply(({ event }) => ({ type: 'ANSWER', n: event.type === 'ASK' ? event.n * 2 : 0 })),
    late: reply({ type: 'ANSWER', n: -1 }, { to: ({ context }) => context.kept ?? undefined }),
  },
}).createMachine({
  context: { kept: null, answers: 0 },
  on: {
    ASK: { actions: 'double' },
    ASK_LATER: { actions: assign({ kept: ({ event }) => originOf(event) ?? null }) },
    NOW: { actions: 'late' },
    SILENCE: {},
    ANSWER: { actions: assign({ answers: ({ context }) => context.answers + 1 }) },
  },
});

/** Passes on what it is told to, by itself. */
export const crier = setup({
  types: {
    context: {} as { readonly heard: number },
    events: {} as { type: 'CRY' } | { type: 'CALL'; to: string } | { type: 'HEARD' } | { type: 'NUMBER'; n: number },
  },
  actions: {
    cry: broadcastToSameType({ type: 'HEARD' }),
    call: sendToType('Collector', { type: 'NUMBER', n: 7 }),
  },
}).createMachine({
  context: { heard: 0 },
  on: {
    CRY: { actions: 'cry' },
    CALL: { actions: 'call' },
    HEARD: { actions: assign({ heard: ({ context }) => context.heard + 1 }) },
  },
});

/** Machines of the tests, by a name that can be told to another process. */
export const MACHINES = { collector, pinger, ponger, door, clerk, crier };
export type MachineName = keyof typeof MACHINES;
