import { assign, setup } from 'xstate';
import { sendToType } from '../xstate.ts';

/** One part in so many does not pass, so that both results are seen. */
const FAULTY_EVERY = 5;

const passes = (part: number): boolean => part % FAULTY_EVERY !== 0;

/** Looks at pressed parts, one after the other, and tells the feeders what it found. */
export const inspector = setup({
  types: {
    context: {} as { readonly queue: readonly number[]; readonly inspected: number },
    events: {} as { type: 'INSPECT'; part: number },
  },
  actions: {
    enqueue: assign({ queue: ({ context, event }) => [...context.queue, event.part] }),
    dequeue: assign({
      queue: ({ context }) => context.queue.slice(1),
      inspected: ({ context }) => context.inspected + 1,
    }),
    tellResult: sendToType('Feeder', ({ context }) => {
      const part = context.queue[0] ?? 0;
      return { type: 'RESULT', part, passed: passes(part) };
    }),
  },
  guards: { hasParts: ({ context }) => context.queue.length > 0 },
}).createMachine({
  id: 'inspector',
  context: { queue: [], inspected: 0 },
  initial: 'idle',
  on: { INSPECT: { actions: 'enqueue' } },
  states: {
    idle: { always: { guard: 'hasParts', target: 'inspecting' } },
    inspecting: { after: { 300: { target: 'idle', actions: ['tellResult', 'dequeue'] } } },
  },
});
