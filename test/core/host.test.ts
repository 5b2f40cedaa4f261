import { beforeEach, describe, expect, test } from 'vitest';
import { type AnyActorLogic, assign, createMachine, fromCallback, fromPromise, raise, sendTo, setup } from 'xstate';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { SystemScheduler } from '../../main/adapters/clock/system.ts';
import { type Acting, originOf } from '../../main/core/acting.ts';
import { MAX_WAITING } from '../../main/core/defaults.ts';
import { type End, Host } from '../../main/core/host.ts';
import { RunQueue } from '../../main/core/run-queue.ts';
import type { MachineEvent } from '../../shared/envelope.ts';
import { addressOf, type MachineId, machineId, NODE_MACHINE_ID } from '../../shared/ids.ts';
import { idle } from '../support/idle.ts';
import { idOf } from '../support/world.ts';

const id = machineId('M');
const from = addressOf(idOf('z'), NODE_MACHINE_ID);
const nothing = () => {};

let host: Host;
let ends: [MachineId, End][];
let serial = 0;
beforeEach(() => {
  const clock = new SimulatedClock();
  ends = [];
  host = new Host(clock, new RunQueue(clock, new SystemScheduler()), {
    keep: () => {},
    journaled: () => {},
    stepped: () => {},
    failed: nothing,
    restarted: nothing,
    ended: (machine, end) => ends.push([machine, end]),
    logged: nothing,
    problem: nothing,
  });
});

const start = (machine: MachineId, logic: AnyActorLogic, acting: Acting) => {
  const actor = host.add(machine, logic, acting, { supervision: 'park' });
  host.start(machine);
  return actor;
};

/** What the machine did with the event, as `status` or `status CODE`. */
const deliver = (event: MachineEvent, to = id): Promise<string> =>
  new Promise((resolve) => {
    host.deliver(to, { id: `e${++serial}`, from, to: addressOf(idOf('a'), to), event, sentAt: 0 }, (status, code) =>
      resolve(code ? `${status} ${code}` : status),
    );
  });

describe('what a machine did with an event', () => {
  const machine = setup({ types: { context: {} as { n: number } } }).createMachine({
    context: { n: 0 },
    initial: 'a',
    states: {
      a: {
        on: {
          GO: 'b',
          ACT: { actions: assign({ n: ({ context }) => context.n + 1 }) },
          NOTHING: {},
          FORBIDDEN: undefined,
          GUARDED: { guard: ({ context }) => context.n > 0, target: 'b' },
          RAISES: { actions: raise({ type: 'GO' }) },
        },
      },
      b: { always: { guard: ({ event }) => event.type === 'BACK', target: 'a' }, on: { '*': { actions: [] } } },
    },
  });

  test.each([
    ['a transition', ['GO'], 'handled'],
    ['an action alone', ['ACT'], 'handled'],
    ['a transition that does nothing', ['NOTHING'], 'handled'],
    ['a forbidden event, which its state names', ['FORBIDDEN'], 'handled'],
    ['a guard that says no', ['GUARDED'], 'ignored'],
    ['a guard that says yes', ['ACT', 'GUARDED'], 'handled'],
    ['an unknown event', ['UNKNOWN'], 'ignored'],
    ['a wildcard', ['GO', 'ANYTHING'], 'handled'],
    ['an event that raises another', ['RAISES'], 'handled'],
  ])('%s', async (_, types, status) => {
    start(id, machine, idle);
    const told = await Promise.all(types.map((type) => deliver({ type })));
    expect(told.at(-1)).toBe(status);
  });

  test('an event that makes an eventless transition due is handled: it moved the machine', async () => {
    let isOpen = false;
    const door = createMachine({
      initial: 'shut',
      states: { shut: { always: { guard: () => isOpen, target: 'open' } }, open: {} },
    });
    const actor = start(id, door, idle);
    isOpen = true;
    expect(await deliver({ type: 'KNOCK' })).toBe('handled');
    expect(actor.getSnapshot().value).toBe('open');
  });

  test('a transition of a child does not count for its parent', async () => {
    const child = createMachine({ on: { TOLD: { actions: () => {} } } });
    const parent = createMachine({
      invoke: { id: 'child', src: child },
      on: { TELL: { actions: sendTo('child', { type: 'TOLD' }) } },
    });
    start(id, parent, idle);
    expect(await deliver({ type: 'TELL' })).toBe('handled');
    expect(await deliver({ type: 'TOLD' })).toBe('ignored');
  });

  test('logic that is no machine takes whatever it is sent', async () => {
    const got: string[] = [];
    start(
      id,
      fromCallback(({ receive }) => receive((event) => got.push(event.type))),
      idle,
    );
    expect(await deliver({ type: 'ANY' })).toBe('handled');
    expect(got).toEqual(['ANY']);
  });
});

describe('a machine that ends', () => {
  test('by an action that throws, takes nothing more, and no other notices', async () => {
    const other = machineId('Other');
    start(
      id,
      createMachine({
        on: {
          BREAK: {
            actions: () => {
              throw new Error('gripper jammed');
            },
          },
        },
      }),
      idle,
    );
    start(other, createMachine({ on: { GO: {} } }), idle);
    const told = [deliver({ type: 'BREAK' }), deliver({ type: 'BREAK' }), deliver({ type: 'GO' }, other)];
    expect(await Promise.all(told)).toEqual(['dead MACHINE_FAILED', 'refused MACHINE_STOPPED', 'handled']);
    expect(ends).toMatchObject([
      [id, { status: 'parked', cause: 'failed', failure: { reason: 'gripper jammed', eventType: 'BREAK' } }],
    ]);
  });

  test('F4: by an endless loop of eventless transitions', async () => {
    start(
      id,
      createMachine({ initial: 'rest', states: { rest: { on: { GO: 'a' } }, a: { always: 'b' }, b: { always: 'a' } } }),
      idle,
    );
    expect(await deliver({ type: 'GO' })).toBe('dead MACHINE_FAILED');
    expect(ends[0]?.[1]).toMatchObject({
      status: 'parked',
      failure: { reason: expect.stringContaining('Infinite loop') },
    });
  });

  test('by a guard that throws', async () => {
    const machine = createMachine({
      on: {
        GO: {
          guard: () => {
            throw new Error('sensor gone');
          },
        },
      },
    });
    start(id, machine, idle);
    expect(await deliver({ type: 'GO' })).toBe('dead MACHINE_FAILED');
  });

  test('at its final state', async () => {
    start(id, createMachine({ initial: 'a', states: { a: { on: { END: 'z' } }, z: { type: 'final' } } }), idle);
    expect(await Promise.all([deliver({ type: 'END' }), deliver({ type: 'END' })])).toEqual([
      'handled',
      'refused MACHINE_STOPPED',
    ]);
    expect(ends).toEqual([[id, { status: 'done' }]]);
  });

  test('by being stopped: what waits is refused', async () => {
    start(id, createMachine({ on: { GO: {} } }), idle);
    const waiting = deliver({ type: 'GO' });
    host.stop(id);
    expect(await waiting).toBe('refused MACHINE_STOPPED');
    expect(ends).toEqual([[id, { status: 'stopped' }]]);
  });

  test('before it began, as a promise that fails', async () => {
    start(
      id,
      fromPromise(async () => {
        throw new Error('no answer');
      }),
      idle,
    );
    await new Promise(setImmediate);
    expect(ends).toMatchObject([[id, { status: 'parked', failure: { reason: 'no answer' } }]]);
  });
});

test('what comes before a machine runs is held, and handed over in order when it does', async () => {
  const told = [deliver({ type: 'N', n: 1 }), deliver({ type: 'N', n: 2 })];
  const machine = setup({
    types: { context: {} as { got: unknown[] }, events: {} as { type: 'N'; n: number } },
  }).createMachine({
    context: { got: [] },
    on: { N: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) } },
  });
  const actor = start(id, machine, idle);
  expect(await Promise.all(told)).toEqual(['handled', 'handled']);
  expect(actor.getSnapshot().context.got).toEqual([1, 2]);
});

test('a machine is busy when as much waits for it as may, running or not', () => {
  for (let n = 0; n < MAX_WAITING; n++) void deliver({ type: 'N' });
  expect(host.isBusy(id)).toBe(true);
  start(id, createMachine({}), idle);
  expect(host.isBusy(id)).toBe(true);
});

test('an event knows where it came from, and one that is raised does not', async () => {
  const origins: unknown[] = [];
  const note = ({ event }: { event: object }) => origins.push(originOf(event));
  start(
    id,
    createMachine({ on: { ASKED: { actions: [note, raise({ type: 'OWN' })] }, OWN: { actions: note } } }),
    idle,
  );
  await deliver({ type: 'ASKED', origin: { address: 'im://forged' } });
  expect(origins).toEqual([{ address: from, envelopeId: `e${serial}` }, undefined]);
});

test('a chain of 10,000 machines does not overflow the stack', async () => {
  const length = 10_000;
  let reached = 0;
  for (let n = 0; n < length; n++) {
    const next = machineId(`M${n + 1}`);
    const machine = createMachine({
      on: {
        PASS: {
          actions: () => {
            reached = n + 1;
            if (n + 1 < length) void deliver({ type: 'PASS' }, next);
          },
        },
      },
    });
    start(machineId(`M${n}`), machine, idle);
  }
  await deliver({ type: 'PASS' }, machineId('M0'));
  while (reached < length) await new Promise(setImmediate);
  expect(reached).toBe(length);
});

test('two machines of one id cannot run', () => {
  start(id, createMachine({}), idle);
  expect(() => start(id, createMachine({}), idle)).toThrow(expect.objectContaining({ code: 'MACHINE_EXISTS' }));
});
