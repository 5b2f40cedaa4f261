import { type AnyStateMachine, and, assign, createMachine, fromPromise, not, or, setup, stateIn } from 'xstate';

/** Something of everything that can be drawn. Nothing in it happens by itself. */
export const cell = setup({
  types: {
    context: {} as { readonly parts: number; readonly log: readonly string[]; readonly arm: { x: number; y: number } },
  },
  actions: {
    count: assign({ parts: ({ context }) => context.parts + 1 }),
    alarm: () => {},
    lampOn: () => {},
    lampOff: () => {},
  },
  guards: {
    isFull: ({ context }) => context.parts >= 100,
    isSafe: () => true,
    isServiced: () => false,
  },
  delays: { homingTime: 3_600_000 },
  actors: { homing: fromPromise(() => new Promise<void>(() => {})) },
}).createMachine({
  id: 'cell',
  type: 'parallel',
  context: { parts: 0, log: [], arm: { x: 0, y: 0 } },
  states: {
    work: {
      initial: 'idle',
      description: 'What the cell is there for',
      onDone: { actions: 'lampOff' },
      on: { STOP: '.faulted', NOISE: {} },
      states: {
        idle: { tags: ['ready'], on: { START: { guard: and(['isSafe', not('isServiced')]), target: 'homing' } } },
        homing: {
          invoke: { src: 'homing', id: 'homing', onDone: 'running', onError: { target: 'faulted', actions: 'alarm' } },
          after: { homingTime: 'faulted' },
          on: { SKIP: 'running' },
        },
        running: {
          initial: 'load',
          entry: 'lampOn',
          exit: 'lampOff',
          on: {
            PAUSE: 'paused',
            FAULT: [{ guard: or(['isFull', stateIn({ door: 'open' })]), target: 'faulted' }, { actions: 'alarm' }],
            AGAIN: { target: 'running', reenter: true },
          },
          states: {
            load: { on: { PART: 'press' }, after: { 3600000: 'press' } },
            press: { on: { PRESSED: { target: 'unload', actions: ['count', 'lampOff'] } } },
            unload: { always: { guard: 'isFull', target: '#cell.work.finished' }, on: { OUT: 'load' } },
            before: { type: 'history', history: 'deep', target: 'load' },
          },
        },
        paused: { tags: ['ready', 'quiet'], on: { RESUME: 'running.before', '*': { actions: 'alarm' } } },
        faulted: { entry: ['alarm', 'lampOff'], on: { RESET: 'idle' } },
        finished: { type: 'final' },
      },
    },
    door: {
      initial: 'closed',
      states: {
        closed: { on: { OPEN: 'open', LOCK: 'locked' } },
        open: { on: { CLOSE: 'closed' } },
        locked: { on: { UNLOCK: { target: 'closed', reenter: true } } },
      },
    },
  },
});

/**
 * `regions` at once, each of `groups` of four leaves: NEXT goes from leaf to leaf in all of them, JUMP from group to group.
 * With 10 and 4 it has 211 states.
 */
export function many(regions: number, groups: number): AnyStateMachine {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
  const group = (region: number, index: number) => ({
    initial: 's0',
    on: { JUMP: `#many.r${region}.g${(index + 1) % groups}` },
    states: Object.fromEntries(numbers(4).map((leaf) => [`s${leaf}`, { on: { NEXT: `s${(leaf + 1) % 4}` } }])),
  });
  const region = (index: number) => ({
    initial: 'g0',
    states: Object.fromEntries(numbers(groups).map((each) => [`g${each}`, group(index, each)])),
  });
  return createMachine({
    id: 'many',
    type: 'parallel',
    states: Object.fromEntries(numbers(regions).map((index) => [`r${index}`, region(index)])),
  } as never) as unknown as AnyStateMachine;
}
