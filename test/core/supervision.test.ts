import { beforeEach, describe, expect, test } from 'vitest';
import { assign, createActor, createMachine, enqueueActions, fromCallback, log, raise, sendTo, setup } from 'xstate';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { SystemScheduler } from '../../main/adapters/clock/system.ts';
import { type End, Host } from '../../main/core/host.ts';
import { RunQueue } from '../../main/core/run-queue.ts';
import { restartDelay, type Supervision } from '../../main/core/supervision.ts';
import type { Failure } from '../../shared/api.ts';
import type { MachineEvent } from '../../shared/envelope.ts';
import { addressOf, type MachineId, machineId, NODE_MACHINE_ID } from '../../shared/ids.ts';
import { idle } from '../support/idle.ts';
import { idOf } from '../support/world.ts';

const nothing = () => {};
const id = machineId('M');

let clock: SimulatedClock;
let host: Host;
let told: string[];
let ends: [MachineId, End][];
let failures: Failure[];
let serial = 0;
beforeEach(() => {
  clock = new SimulatedClock();
  told = [];
  ends = [];
  failures = [];
  host = new Host(clock, new RunQueue(clock, new SystemScheduler()), {
    keep: () => {},
    journaled: nothing,
    stepped: nothing,
    failed: (machine, failure) => {
      told.push(`${machine} failed`);
      failures.push(failure);
    },
    restarted: (machine) => told.push(`${machine} began anew`),
    ended: (machine, end) => ends.push([machine, end]),
    logged: nothing,
    problem: nothing,
  });
});

const run = (logic: Parameters<Host['add']>[1], supervision: Supervision = 'restart', to = id) => {
  const actor = host.add(to, logic, idle, { supervision });
  host.start(to);
  return actor;
};
const send = (event: MachineEvent, to = id): Promise<string> =>
  new Promise((resolve) => {
    const from = addressOf(idOf('z'), NODE_MACHINE_ID);
    host.deliver(to, { id: `e${++serial}`, from, to: addressOf(idOf('a'), to), event, sentAt: 0 }, (status, code) =>
      resolve(code ? `${status} ${code}` : status),
    );
  });
const turns = async () => {
  for (let n = 0; n < 5; n++) await new Promise(setImmediate);
};
const pass = async (milliseconds: number) => {
  clock.increment(milliseconds);
  await turns();
};

/** Counts, and breaks as often as it is told to, over all its lives. */
function breakable(breaks: number) {
  let left = breaks;
  const got: number[] = [];
  const machine = setup({
    types: { context: {} as { n: number }, events: {} as { type: 'COUNT'; n: number } | { type: 'BREAK'; n: number } },
  }).createMachine({
    context: { n: 0 },
    on: {
      COUNT: { actions: [assign({ n: ({ context }) => context.n + 1 }), ({ event }) => got.push(event.n)] },
      BREAK: {
        actions: ({ event }) => {
          if (left-- > 0) throw new Error('gripper jammed');
          got.push(event.n);
        },
      },
    },
  });
  return { machine, got };
}

test('a machine that fails begins anew after 100 ms, and gets the event at which it failed before all others', async () => {
  const { machine, got } = breakable(1);
  run(machine);
  const results = [send({ type: 'COUNT', n: 1 }), send({ type: 'BREAK', n: 2 }), send({ type: 'COUNT', n: 3 })];
  await turns();
  const late = send({ type: 'COUNT', n: 4 });
  await turns();
  expect(got).toEqual([1]);
  expect(host.isRunning(id)).toBe(true);
  await pass(100);
  expect(await Promise.all([...results, late])).toEqual(['handled', 'handled', 'handled', 'handled']);
  expect(got).toEqual([1, 2, 3, 4]);
  expect(told).toEqual(['M failed', 'M began anew']);
  expect(failures).toMatchObject([{ reason: 'gripper jammed', eventType: 'BREAK', restartsAfterMs: 100 }]);
  expect(host.shown(id)?.actor.getSnapshot().context).toEqual({ n: 2 });
});

test('an event at which it fails three times is dead, and the machine goes on with the next one', async () => {
  const { machine, got } = breakable(3);
  run(machine);
  const broken = send({ type: 'BREAK', n: 1 });
  const next = send({ type: 'COUNT', n: 2 });
  for (const milliseconds of [0, 100, 200, 400]) await pass(milliseconds);
  expect(await broken).toBe('dead MACHINE_FAILED');
  expect(await next).toBe('handled');
  expect(got).toEqual([2]);
  expect(failures.map(({ restartsAfterMs }) => restartsAfterMs)).toEqual([100, 200, 400]);
});

test('one that fails more than ten times within a minute is parked, until it is started anew by hand', async () => {
  const { machine } = breakable(Number.POSITIVE_INFINITY);
  run(machine);
  const results = Array.from({ length: 6 }, (_, n) => send({ type: 'BREAK', n }));
  for (let n = 0; n < 500; n++) await pass(100);
  expect(ends).toMatchObject([[id, { status: 'parked', cause: 'failed' }]]);
  expect(await Promise.all(results)).toContain('refused MACHINE_STOPPED');
  expect(host.isRunning(id)).toBe(false);
  expect(host.shown(id)).toMatchObject({ hasEnded: true });
  host.restart(id);
  expect(await send({ type: 'COUNT', n: 1 })).toBe('handled');
});

test('one that fails now and then is never parked', async () => {
  const { machine } = breakable(Number.POSITIVE_INFINITY);
  run(machine, { maxRestarts: 3 });
  for (let n = 0; n < 30; n++) {
    void send({ type: 'BREAK', n });
    for (const milliseconds of [0, 100, 200, 400, 60_000]) await pass(milliseconds);
  }
  expect(ends).toEqual([]);
});

test('with the policy "park" it takes nothing more at once', async () => {
  run(breakable(1).machine, 'park');
  expect(await Promise.all([send({ type: 'BREAK', n: 1 }), send({ type: 'COUNT', n: 2 })])).toEqual([
    'dead MACHINE_FAILED',
    'refused MACHINE_STOPPED',
  ]);
  expect(ends).toMatchObject([[id, { status: 'parked' }]]);
});

test('an actor that its program made is parked, and not started anew', async () => {
  const actor = createActor(breakable(1).machine).start();
  run(actor, 'restart');
  expect(await send({ type: 'BREAK', n: 1 })).toBe('dead MACHINE_FAILED');
  expect(() => host.restart(id)).toThrow(expect.objectContaining({ code: 'MACHINE_STOPPED' }));
});

test('what waits while a machine rests is refused when it is stopped or taken out', async () => {
  for (const end of [() => host.stop(id), () => host.park(id, 'it was stopped by hand')]) {
    run(breakable(1).machine);
    const waiting = [send({ type: 'BREAK', n: 1 }), send({ type: 'COUNT', n: 2 })];
    await turns();
    end();
    await turns();
    expect(await Promise.all(waiting)).toEqual(['refused MACHINE_STOPPED', 'refused MACHINE_STOPPED']);
    await pass(60_000);
    expect(told.filter((each) => each === 'M began anew')).toEqual([]);
    host.stop(id);
  }
});

test('a machine that fails when it begins is tried again, and parked in the end', async () => {
  let lives = 0;
  run(
    createMachine({
      entry: () => {
        lives++;
        throw new Error('no power');
      },
    }),
  );
  const waiting = send({ type: 'GO' });
  for (let n = 0; n < 20; n++) await pass(10_000);
  // A minute holds so many at this pace.
  expect(lives).toBeGreaterThanOrEqual(10);
  expect(failures.at(-1)?.restartsAfterMs).toBeLessThanOrEqual(10_000);
  host.stop(id);
  expect(await waiting).toBe('refused MACHINE_STOPPED');
});

test('a failed machine leaves no child and no timer behind', async () => {
  const heard: string[] = [];
  const child = fromCallback(({ receive }) => {
    receive(() => heard.push('told'));
    return () => heard.push('stopped');
  });
  run(
    createMachine({
      invoke: { id: 'child', src: child },
      after: { 1000: { actions: () => heard.push('timer') } },
      on: {
        BREAK: {
          actions: () => {
            throw new Error('broken');
          },
        },
      },
    }),
    'park',
  );
  await send({ type: 'BREAK' });
  await pass(5_000);
  expect(heard).toEqual(['stopped']);
});

test('a machine that goes on from a snapshot has its delays, and what it logs is told', async () => {
  const lines: string[] = [];
  host = new Host(clock, new RunQueue(clock, new SystemScheduler()), {
    keep: () => {},
    journaled: nothing,
    stepped: nothing,
    failed: nothing,
    restarted: nothing,
    ended: nothing,
    logged: (machine, text) => lines.push(`${machine}: ${text}`),
    problem: nothing,
  });
  const timed = createMachine({
    initial: 'waiting',
    states: { waiting: { after: { 1000: 'over' } }, over: { entry: log(() => ({ part: 7 })) } },
  });
  const first = createActor(timed, { clock }).start();
  const snapshot = first.getPersistedSnapshot();
  first.stop();
  host.add(id, timed, idle, { snapshot });
  host.start(id);
  await pass(999);
  expect(host.shown(id)?.actor.getSnapshot().value).toBe('waiting');
  await pass(1);
  expect(host.shown(id)?.actor.getSnapshot().value).toBe('over');
  host.replace(id, timed, { snapshot });
  await pass(1_000);
  expect(host.shown(id)?.actor.getSnapshot().value).toBe('over');
  expect(lines).toEqual(['M: {"part":7}', 'M: {"part":7}']);
  expect(host.shown(id)?.definition).toBe(2);
});

describe('others never notice', () => {
  const other = machineId('Other');
  const quiet = createMachine({ on: { GO: {} } });

  test.each([
    [
      'an endless loop of eventless transitions',
      createMachine({
        initial: 'rest',
        states: { rest: { on: { BREAK: 'a' } }, a: { always: 'b' }, b: { always: 'a' } },
      }),
    ],
    ['an endless chain of raised events', createMachine({ on: { BREAK: { actions: raise({ type: 'BREAK' }) } } })],
    [
      'a guard that throws',
      createMachine({
        on: {
          BREAK: {
            guard: () => {
              throw new Error('sensor gone');
            },
          },
        },
      }),
    ],
    [
      'a spawn bomb',
      createMachine({
        on: {
          BREAK: {
            actions: [
              enqueueActions(({ enqueue }) => enqueue.spawnChild(fromCallback(() => {}))),
              raise({ type: 'BREAK' }),
            ],
          },
        },
      }),
    ],
    [
      'an invoked actor that fails',
      createMachine({
        initial: 'rest',
        states: {
          rest: { on: { BREAK: 'work' } },
          work: {
            invoke: {
              src: fromCallback(() => {
                throw new Error('cable');
              }),
            },
          },
        },
      }),
    ],
  ])('%s', async (_, machine) => {
    run(machine, 'park');
    run(quiet, 'park', other);
    const broken = send({ type: 'BREAK' });
    expect(await send({ type: 'GO' }, other)).toBe('handled');
    await broken;
    await turns();
    expect(ends.map(([machine]) => machine)).toEqual([id]);
    expect(await send({ type: 'GO' }, other)).toBe('handled');
  });

  test('a machine that sends to itself without end', async () => {
    let steps = 0;
    run(
      createMachine({
        on: {
          SPIN: {
            actions: [
              () => {
                steps++;
              },
              sendTo(({ self }) => self, { type: 'SPIN' }, { delay: 1 }),
            ],
          },
        },
      }),
    );
    run(quiet, 'park', other);
    await send({ type: 'SPIN' });
    for (let n = 0; n < 1_000; n++) clock.increment(1);
    expect(await send({ type: 'GO' }, other)).toBe('handled');
    expect(steps).toBeGreaterThan(900);
    host.stop(id);
  });
});

test.each<[Supervision, number[], number | undefined]>([
  ['restart', [0], 100],
  ['restart', [0, 10, 20], 400],
  ['restart', Array.from({ length: 10 }, (_, n) => n), 10_000],
  ['restart', Array.from({ length: 11 }, (_, n) => n), undefined],
  ['restart', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70_000], 100],
  [{ maxRestarts: 1, firstDelayMs: 5 }, [0], 5],
  [{ maxRestarts: 1, firstDelayMs: 5 }, [0, 1], undefined],
  [{ maxRestarts: 0 }, [0], undefined],
  ['park', [0], undefined],
])('after failures, %j at %j: %s', (supervision, failuresAt, delay) => {
  expect(restartDelay(supervision, failuresAt)).toBe(delay);
});
