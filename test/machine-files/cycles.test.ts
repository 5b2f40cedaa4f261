import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, createMachine, initialTransition, raise, transition } from 'xstate';
import { certainCycles } from '../../main/machine-files/cycles.ts';

const cyclesOf = (config: object) =>
  certainCycles(createMachine(config as never)).map(({ steps }) => steps.join(' → '));

const never = () => false;
const counts = assign({ n: ({ context }: { context: { n: number } }) => context.n + 1 });

describe('F4: machines that never come to rest are found', () => {
  test.each([
    [
      'two states in a ring',
      { initial: 'a', states: { a: { always: 'b' }, b: { always: 'a' } } },
      ['a (always) → b (always)'],
    ],
    ['a state that counts for ever', { context: { n: 0 }, always: { actions: counts } }, ['(machine) (always)']],
    ['a state that raises what it takes', { on: { A: { actions: raise({ type: 'A' }) } } }, ['(machine) (A)']],
    [
      'an entry that raises what leads to it again',
      {
        initial: 'a',
        states: {
          a: { entry: raise({ type: 'GO' }), on: { GO: 'b' } },
          b: { entry: raise({ type: 'GO' }), on: { GO: 'a' } },
        },
      },
      ['a (GO) → b (GO)'],
    ],
    [
      'a ring through children',
      {
        initial: 'a',
        states: {
          a: { initial: 'x', states: { x: { always: '#b' } } },
          b: { id: 'b', type: 'parallel', states: { p: { initial: 'y', states: { y: { always: '#a2' } } }, q: {} } },
          c: { id: 'a2', always: 'a' },
        },
      },
      ['x (always) → y (always) → c (always)'],
    ],
  ])('%s', (_, config, steps) => {
    expect(cyclesOf(config)).toEqual(steps);
  });
});

describe('machines that do come to rest are left alone', () => {
  test.each([
    [
      'a guard in the ring',
      { initial: 'a', states: { a: { always: { guard: never, target: 'b' } }, b: { always: 'a' } } },
    ],
    [
      'a guarded way out before it',
      {
        initial: 'a',
        states: { a: { always: [{ guard: never, target: 'c' }, { target: 'b' }] }, b: { always: 'a' }, c: {} },
      },
    ],
    [
      'a child that may leave first',
      {
        initial: 'a',
        states: {
          a: { always: 'b' },
          b: { always: 'a', initial: 'x', states: { x: { always: { guard: never, target: '#out' } } } },
          out: { id: 'out' },
        },
      },
    ],
    [
      'always to itself with nothing to change',
      { initial: 'a', states: { a: { always: { target: 'a', actions: () => {} } } } },
    ],
    ['a raise that waits', { on: { A: { actions: raise({ type: 'A' }, { delay: 10 }) } } }],
    [
      'a raise that nobody takes',
      { initial: 'a', states: { a: { on: { A: { target: 'b', actions: raise({ type: 'A' }) } } }, b: {} } },
    ],
    ['a delay in the ring', { initial: 'a', states: { a: { after: { 10: 'b' } }, b: { always: 'a' } } }],
    ['a way through history', { initial: 'a', states: { a: { always: 'h' }, h: { type: 'history' }, b: {} } }],
  ])('%s', (_, config) => {
    expect(cyclesOf(config)).toEqual([]);
  });
});

/** Whether the machine goes on for ever when this state is entered, tried out. */
function hangs(machine: AnyStateMachine, key: string, event: string): boolean {
  (machine.options as { maxIterations?: number }).maxIterations = 300;
  try {
    const [start] = initialTransition(machine);
    const [there] = transition(machine, start, { type: `TO_${key}` });
    if (event !== '') transition(machine, there, { type: event });
    return false;
  } catch (thrown) {
    return /Infinite loop/.test(String(thrown));
  }
}

const KEYS = ['a', 'b', 'c', 'd'] as const;
const target = fc.constantFrom(...KEYS);
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const state = fc.record({
  always: maybe(fc.record({ target, guarded: fc.boolean() })),
  raises: maybe(fc.constantFrom('E', 'F')),
  e: maybe(fc.record({ target: maybe(target), reenter: fc.boolean(), guarded: fc.boolean() })),
});

/** States in a row, each of which can be entered by an event of its own from a start that is quiet. */
function machineOf(
  states: readonly (typeof state extends fc.Arbitrary<infer Value> ? Value : never)[],
): AnyStateMachine {
  const guard = (guarded: boolean) => (guarded ? { guard: never } : {});
  const entries = states.map(({ always, raises, e }, index) => [
    KEYS[index],
    {
      ...(always && { always: { target: always.target, ...guard(always.guarded) } }),
      ...(raises && { entry: raise({ type: raises }) }),
      ...(e && {
        on: {
          E: {
            ...(e.target && { target: e.target }),
            reenter: e.reenter,
            ...guard(e.guarded),
            actions: raises ? [raise({ type: 'E' })] : [],
          },
        },
      }),
    },
  ]);
  const on = Object.fromEntries(KEYS.map((key) => [`TO_${key}`, `.${key}`]));
  return createMachine({ initial: 'start', on, states: { start: {}, ...Object.fromEntries(entries) } } as never);
}

test('what is found does hang, and a ring of eventless transitions that hangs is found', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(state, { minLength: 4, maxLength: 4 }), (states) => {
      const machine = machineOf(states);
      const cycles = certainCycles(machine);
      found += cycles.length;
      for (const { node, event } of cycles) expect(hangs(machine, node.key, event), JSON.stringify(states)).toBe(true);
      const isEventless = states.every(({ raises, e }) => raises === undefined && e === undefined);
      if (isEventless && KEYS.some((key) => hangs(machine, key, ''))) expect(cycles).not.toEqual([]);
    }),
    { numRuns: 2_000, seed: 3 },
  );
  expect(found).toBeGreaterThan(200);
});

test('a ring of 2,000 states is found without a deep stack', () => {
  const states = Object.fromEntries(
    Array.from({ length: 1_999 }, (_, n) => [`s${n}`, { always: `s${(n + 1) % 1_999}` }]),
  );
  expect(certainCycles(createMachine({ initial: 's0', states } as never))).toHaveLength(1);
});
