import { describe, expect, test } from 'vitest';
import { assign, createActor, createMachine, fromPromise, type SnapshotFrom, setup } from 'xstate';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { carryOver } from '../../main/core/carry-over.ts';
import { armDelays } from '../../main/core/xstate-internals.ts';

const before = createMachine({
  id: 'work',
  context: { done: 3, queue: [1], name: null as string | null },
  initial: 'idle',
  states: {
    idle: { on: { GO: 'busy' } },
    busy: {
      initial: 'first',
      states: { first: { on: { NEXT: 'second' } }, second: {}, back: { type: 'history' } },
    },
  },
});

function snapshotAfter(...types: readonly string[]) {
  const actor = createActor(before).start();
  for (const type of types) actor.send({ type });
  return actor.getPersistedSnapshot();
}

/** What a machine of `config` does when it takes over. */
function taken(snapshot: unknown, config: object) {
  const machine = createMachine(config as never);
  const over = carryOver(snapshot, machine);
  if ('restart' in over) return over.restart;
  const { value, context } = createActor(machine, { snapshot: over.snapshot })
    .start()
    .getSnapshot() as unknown as SnapshotFrom<typeof before>;
  return { value, context };
}

describe('F8: a machine goes on where it was', () => {
  test('when its state is still there, with its context and with what is new in it', () => {
    const config = {
      context: { done: 0, queue: [], shift: 'early', name: 'x' },
      initial: 'idle',
      states: { idle: {}, busy: { initial: 'second', states: { second: {} } } },
    };
    expect(taken(snapshotAfter('GO', 'NEXT'), config)).toEqual({
      value: { busy: 'second' },
      context: { done: 3, queue: [1], shift: 'early', name: null },
    });
  });

  test('one level deeper, when its state has states now', () => {
    const config = { initial: 'idle', states: { idle: { initial: 'resting', states: { resting: {} } } } };
    expect(taken(snapshotAfter(), config)).toMatchObject({ value: { idle: 'resting' } });
  });
});

test.each([
  ['a state that is gone', ['GO'], { initial: 'idle', states: { idle: {} } }, 'its state "busy" is gone'],
  [
    'a state within that is gone',
    ['GO'],
    { initial: 'idle', states: { idle: {}, busy: { initial: 'x', states: { x: {} } } } },
    'its state "busy.first" is gone',
  ],
  [
    'a state that ends the machine now',
    [],
    { initial: 'a', states: { a: {}, idle: { type: 'final' } } },
    'its state "idle" is of another kind',
  ],
  [
    'a context of another kind',
    [],
    { context: { queue: 0 }, initial: 'idle', states: { idle: {} } },
    '"queue" of its context was a list and is a number now',
  ],
  [
    'a region that is new',
    [],
    { type: 'parallel', states: { idle: {}, lamp: {} } },
    'its state "lamp" is new beside the others',
  ],
  [
    'an actor that is invoked now',
    [],
    { initial: 'idle', states: { idle: { invoke: { id: 'motor', src: fromPromise(async () => 1) } } } },
    'its state invokes "motor" now',
  ],
])('a machine restarts for %s, and says so', (_, events, config, reason) => {
  expect(taken(snapshotAfter(...events), config)).toBe(reason);
});

test('a machine that had ended, and logic that is none, restart', () => {
  const ended = createActor(createMachine({ initial: 'a', states: { a: { type: 'final' } } })).start();
  expect(taken(ended.getPersistedSnapshot(), { initial: 'a', states: { a: {} } })).toBe('it had ended');
  expect(carryOver(undefined, before)).toEqual({ restart: 'it is no state machine' });
  expect(
    carryOver(
      snapshotAfter(),
      fromPromise(async () => 1),
    ),
  ).toEqual({ restart: 'it is no state machine' });
});

test('what history remembers is taken along as far as it is still there', () => {
  const config = (states: object) => ({
    id: 'work',
    initial: 'busy',
    states: {
      idle: { on: { GO: 'busy.back' } },
      busy: {
        initial: 'first',
        on: { STOP: 'idle' },
        states: { first: { on: 'second' in states ? { NEXT: 'second' } : {} }, ...states, back: { type: 'history' } },
      },
    },
  });
  const actor = createActor(createMachine(config({ second: {} }) as never)).start();
  for (const type of ['NEXT', 'STOP']) actor.send({ type } as never);
  const goOn = (states: object) => {
    const machine = createMachine(config(states) as never);
    const over = carryOver(actor.getPersistedSnapshot(), machine);
    const next = createActor(machine, 'snapshot' in over ? { snapshot: over.snapshot } : {}).start();
    next.send({ type: 'GO' } as never);
    return next.getSnapshot().value;
  };
  expect(goOn({ second: {} })).toEqual({ busy: 'second' });
  expect(goOn({})).toEqual({ busy: 'first' });
});

test('the delays of the states it is in begin anew, are left with the state, and take what their machine says', () => {
  const clock = new SimulatedClock();
  const machine = setup({
    delays: { PATIENCE: 300, BY_COUNT: ({ context }) => (context as { n: number }).n * 100 },
  }).createMachine({
    context: { n: 9 },
    initial: 'a',
    states: {
      a: { after: { 500: 'late' }, on: { GO: 'b' } },
      b: { initial: 'x', after: { BY_COUNT: 'late' }, states: { x: { after: { PATIENCE: 'y' } }, y: {} } },
      late: { entry: assign({ n: 0 }) },
    },
  });
  const goOn = (...events: readonly string[]) => {
    const first = createActor(machine, { clock }).start();
    for (const type of events) first.send({ type } as never);
    const snapshot = first.getPersistedSnapshot();
    first.stop();
    const actor = createActor(machine, { clock, snapshot }).start();
    armDelays(actor);
    return actor;
  };
  const waiting = goOn();
  clock.increment(499);
  expect(waiting.getSnapshot().value).toBe('a');
  clock.increment(1);
  expect(waiting.getSnapshot().value).toBe('late');
  const left = goOn();
  left.send({ type: 'GO' } as never);
  clock.increment(600);
  expect(left.getSnapshot().value).toEqual({ b: 'y' });
  clock.increment(300);
  expect(left.getSnapshot().value).toBe('late');
  const nested = goOn('GO');
  clock.increment(300);
  expect(nested.getSnapshot().value).toEqual({ b: 'y' });
  clock.increment(600);
  expect(nested.getSnapshot().value).toBe('late');
});
