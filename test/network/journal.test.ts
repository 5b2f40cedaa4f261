import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, createMachine, fromPromise, raise, sendTo as sendToActor, setup } from 'xstate';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import type { JournalRow, RegisterOptions } from '../../main/index.ts';
import { originOf, sendTo } from '../../main/xstate.ts';
import { Oracle } from '../support/outcomes/oracle.ts';
import { events, machineOf, type SpecEvent, type StateSpec, specs, textOf } from '../support/outcomes/specs.ts';
import { type Started, World } from '../support/world.ts';

let world: World;
let disk: MemoryDisk;
beforeEach(() => {
  world = new World();
  disk = new MemoryDisk();
});
afterEach(() => world.stop());

const JOURNAL = { journal: true } as const;

/** What a replay tells of a machine, of one that runs. */
const replayable = (persisted: object): object => {
  const { children: _, ...rest } = persisted as { children?: unknown };
  return JSON.parse(JSON.stringify(rest));
};

const rowsOf = async ({ node }: Started, machine: string): Promise<readonly JournalRow[]> =>
  await world.after(node.journal(machine, { oldestFirst: true, limit: 10_000 }));

const replayOf = async ({ node }: Started, machine: string, seq: number): Promise<object> =>
  replayable(await world.after(node.replay(machine, seq)));

// ---- Any machine

interface Case {
  readonly spec: StateSpec;
  /** Events, and milliseconds that pass. */
  readonly steps: readonly (SpecEvent | number)[];
  readonly persist: boolean;
  readonly hasClock: boolean;
  /** The node is killed after so many steps. */
  readonly killedAt: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  spec: specs,
  steps: fc.array(
    fc.oneof({ weight: 3, arbitrary: events }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 90 }) }),
    {
      minLength: 1,
      maxLength: 10,
    },
  ),
  persist: fc.boolean(),
  hasClock: fc.boolean(),
  killedAt: fc.nat(20),
});

/** Where two regions want to leave the same state, what comes is open: XState goes by the order in which states were entered. */
function isOpen({ spec, steps }: Case): boolean {
  const oracle = new Oracle(spec);
  for (const step of steps) if (typeof step !== 'number') oracle.send(step);
  return oracle.isOpen;
}

/** The machine beside a clock of its own, which sends it events, at once and later. */
function withClock(machine: AnyStateMachine): AnyStateMachine {
  const { context, ...any } = machine.config as Record<string, unknown>;
  return createMachine({
    id: 'clocked',
    type: 'parallel',
    context: { ...(context as object), ticks: 0 },
    states: {
      any,
      clock: {
        initial: 'tick',
        states: {
          tick: {
            after: { 30: { target: 'tock', actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
          },
          tock: {
            entry: [raise({ type: 'a', n: 1 } as never, { delay: 7 }), raise({ type: 'a.x' })],
            after: { 40: { target: 'tick', actions: sendToActor(({ self }) => self, { type: 'b', n: 2 } as never) } },
          },
        },
      },
    },
  } as never);
}

test('replaying what is stored leads, after each event, to what the machine was, for any machine and any timers', async () => {
  const seen = { rows: 0, timers: 0, selves: 0, failures: 0, kills: 0, ends: 0, persisted: 0 };
  await fc.assert(
    fc.asyncProperty(
      cases.filter((each) => !isOpen(each)),
      async (each) => {
        const place = new MemoryDisk();
        let started = await world.start('a', { disk: place });
        const logic = each.hasClock ? withClock(machineOf(each.spec)) : machineOf(each.spec);
        const options: RegisterOptions<AnyStateMachine> = { ...JOURNAL, persist: each.persist, supervision: 'park' };
        const lived: object[] = [];
        const register = async () => {
          const machine = await world.after(started.node.register('Any', logic, options));
          lived.push(replayable(machine.actor.getPersistedSnapshot()));
          const told = machine.actor.subscribe({
            next: () => lived.push(replayable(machine.actor.getPersistedSnapshot())),
            error: () => {},
          });
          return { actor: machine.actor, told };
        };
        let machine = await register();
        for (const [at, step] of each.steps.entries()) {
          if (at === each.killedAt) {
            world.kill(started);
            machine.told.unsubscribe();
            seen.kills++;
            started = await world.start('a', { disk: place });
            machine = await register();
          }
          if (typeof step === 'number') await world.advance(step, 10);
          else started.node.sendTo('Any_1', step).catch(() => {});
          await world.settle();
        }
        const rows = await rowsOf(started, 'Any_1');
        expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
        const replayed: object[] = [];
        for (const { seq } of rows) replayed.push(await replayOf(started, 'Any_1', seq));
        const failed = machine.actor.getSnapshot().status === 'error';
        const words = () => `${textOf(each.spec)}\n${JSON.stringify({ ...each, spec: undefined })}`;
        // One that failed as it began has no row; what it was is no state.
        const all = lived.filter((state) => (state as { status: string }).status !== 'error');
        // Of a persisted machine the whole step did not happen in which it failed.
        const states = failed && each.persist ? all.slice(0, replayed.length) : all;
        if (!isDeepStrictEqual(replayed, states)) expect(replayed, words()).toEqual(states);
        seen.rows += rows.length;
        seen.timers += rows.filter(({ from }) => from === 'timer').length;
        seen.selves += rows.filter(({ from }) => from === 'self').length;
        seen.failures += failed ? 1 : 0;
        seen.ends += machine.actor.getSnapshot().status === 'done' ? 1 : 0;
        seen.persisted += each.persist ? 1 : 0;
        await world.after(started.node.stop());
      },
    ),
    { numRuns: 200, seed: 8 },
  );
  // Each of them happened, or the property says nothing of it.
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(2);
}, 120_000);

// ---- What is stored, and what is not

type RobotEvent = { type: 'GO'; n: number } | { type: 'FAIL' } | { type: 'DICE' };

let acts: string[];
let isLucky: boolean;
beforeEach(() => {
  acts = [];
  isLucky = true;
});

/** It acts on everything around it. */
const robot = setup({
  types: { context: {} as { sum: number; lastFrom: string; read: string }, events: {} as RobotEvent },
  actors: {
    sensor: fromPromise(async () => {
      acts.push('sensor');
      return { when: new Date(5) };
    }),
  },
  actions: {
    act: () => void acts.push('act'),
    tell: sendTo('Witness_1', { type: 'SEEN' }),
    fail: () => {
      throw new Error('it must not');
    },
  },
  guards: { lucky: () => isLucky },
}).createMachine({
  context: { sum: 0, lastFrom: '', read: '' },
  initial: 'idle',
  on: { FAIL: { actions: 'fail' } },
  states: {
    idle: {
      on: {
        GO: {
          target: 'going',
          actions: [
            assign({
              sum: ({ context, event }) => context.sum + event.n,
              lastFrom: ({ event }) => originOf(event)?.address ?? '',
            }),
            'act',
            'tell',
          ],
        },
        DICE: { guard: 'lucky', target: 'won' },
      },
    },
    going: { after: { 100: 'reading' } },
    reading: {
      invoke: {
        src: 'sensor',
        id: 'sensor',
        onDone: {
          target: 'idle',
          actions: assign({ read: ({ event }) => (event.output as { when: Date }).when.toISOString() }),
        },
      },
    },
    won: {},
  },
});

const witness = setup({ types: { context: {} as { seen: number } } }).createMachine({
  context: { seen: 0 },
  on: { SEEN: { actions: assign({ seen: ({ context }) => context.seen + 1 }) } },
});

describe('a machine with a journal', () => {
  test.each([true, false])(
    'has in it each event, where it came from and what it led to (persisted: %s)',
    async (persist) => {
      const started = await world.start('a', { disk });
      await world.after(started.node.register('Robot', robot, { ...JOURNAL, persist }));
      const caller = await world.after(started.node.register('Caller', witness));
      await world.after(caller.sendTo('Robot_1', { type: 'GO', n: 3 }));
      await world.advance(200);
      const rows = await rowsOf(started, 'Robot_1');
      expect(rows.map(({ from, event, state }) => [from, event.type, state])).toEqual([
        ['start', 'xstate.init', 'idle'],
        [caller.address, 'GO', 'going'],
        ['timer', 'xstate.after.100.(machine).going', 'reading'],
        ['child sensor', 'xstate.done.actor.sensor', 'idle'],
      ]);
      expect(rows[1]).toMatchObject({ seq: 2, event: { type: 'GO', n: 3 }, envelopeId: expect.any(String) });
      const newest = await world.after(started.node.journal('Robot_1', { limit: 1 }));
      expect(newest.map(({ seq }) => seq)).toEqual([4]);
      const some = await world.after(started.node.journal('Robot_1', { after: 1, before: 4, oldestFirst: true }));
      expect(some.map(({ seq }) => seq)).toEqual([2, 3]);
    },
  );

  test('is replayed without doing anything again, also where an event was no plain JSON', async () => {
    const started = await world.start('a', { disk });
    const sums = await world.after(started.node.register('Witness', witness));
    const machine = await world.after(started.node.register('Robot', robot, JOURNAL));
    await world.after(sums.sendTo('Robot_1', { type: 'GO', n: 3 }));
    await world.advance(200);
    const did = [...acts];
    expect(did).toEqual(['act', 'sensor']);
    for (const [seq, value] of [
      [1, 'idle'],
      [2, 'going'],
      [3, 'reading'],
      [4, 'idle'],
    ] as const)
      expect(await replayOf(started, 'Robot_1', seq)).toMatchObject({ value });
    expect(await replayOf(started, 'Robot_1', 4)).toEqual(replayable(machine.actor.getPersistedSnapshot()));
    expect(await replayOf(started, 'Robot_1', 2)).toMatchObject({ context: { sum: 3, lastFrom: sums.address } });
    await world.advance(1_000);
    expect(acts).toEqual(did);
    expect(sums.actor.getSnapshot().context.seen).toBe(1);
  });

  test('has a snapshot every 200 events', async () => {
    const started = await world.start('a', { disk });
    await world.after(started.node.register('Witness', witness, JOURNAL));
    for (let n = 0; n < 450; n++) void started.node.sendTo('Witness_1', { type: 'SEEN' });
    await world.settle();
    const begins = [200, 201, 400, 401, 451].map((seq) => disk.journal.snapshot('Witness_1' as never, seq)?.seq);
    expect(begins).toEqual([1, 201, 201, 401, 401]);
    for (const seq of [1, 2, 200, 201, 202, 400, 451])
      expect(await replayOf(started, 'Witness_1', seq)).toMatchObject({ context: { seen: seq - 1 } });
  });

  test('has one earlier where its events are large, and later where its state is', async () => {
    const started = await world.start('a', { disk });
    const keeper = setup({ types: { context: {} as { kept: string } } }).createMachine({
      context: { kept: '' },
      on: { KEEP: { actions: assign({ kept: ({ event }) => event.text }) }, PASS: {} },
    });
    await world.after(started.node.register('Keeper', keeper, JOURNAL));
    const send = async (type: string, length: number) => {
      void started.node.sendTo('Keeper_1', { type, text: 'x'.repeat(length) });
      await world.settle();
    };
    for (let n = 0; n < 9; n++) await send('PASS', 256 * 1024);
    const begins = (upTo: number) =>
      Array.from({ length: upTo }, (_, at) => disk.journal.snapshot('Keeper_1' as never, at + 1)?.seq);
    expect([...new Set(begins(10))]).toEqual([1, 5, 9]);
    // A state of 800 kB, and events that are not much beside it.
    for (let n = 0; n < 3; n++) await send('KEEP', 800 * 1024);
    expect([...new Set(begins(13))]).toEqual([1, 5, 9, 11, 13]);
    expect(await replayOf(started, 'Keeper_1', 12)).toMatchObject({ context: { kept: 'x'.repeat(800 * 1024) } });
  });

  test('that fails has no row for that, and one when it begins anew', async () => {
    const started = await world.start('a', { disk });
    await world.after(started.node.register('Robot', robot, JOURNAL));
    started.node.sendTo('Robot_1', { type: 'FAIL' }).catch(() => {});
    await world.advance(2_000);
    const rows = await rowsOf(started, 'Robot_1');
    expect(rows.map(({ from }) => from)).toEqual(['start', 'start', 'start', 'start']);
  });

  test('and that is persisted goes back with it to what is on disk, and has each event once', async () => {
    const started = await world.start('a', { disk });
    const machine = await world.after(started.node.register('Witness', witness, { ...JOURNAL, persist: true }));
    await world.after(started.node.sendTo('Witness_1', { type: 'SEEN' }));
    const sending = started.node.sendTo('Witness_1', { type: 'SEEN' });
    sending.catch(() => {});
    let isFailed = false;
    for (let turn = 0; turn < 50; turn++) {
      world.scheduler.turn();
      if (machine.actor.getSnapshot().context.seen === 2 && !isFailed) {
        started.store.failNext('STORE_FULL');
        isFailed = true;
      }
      await new Promise(setImmediate);
    }
    expect(isFailed).toBe(true);
    await world.advance(2_000);
    const rows = await rowsOf(started, 'Witness_1');
    expect(rows.map(({ event }) => event.type)).toEqual(['xstate.init', 'SEEN', 'xstate.init', 'SEEN']);
    expect(await replayOf(started, 'Witness_1', 4)).toMatchObject({ context: { seen: 2 } });
  });

  test.each(Array.from({ length: 10 }, (_, turns) => turns))(
    'and that is persisted has the same in its journal as in its state when its node is killed %i turns after an event',
    async (turns) => {
      const options = { ...JOURNAL, persist: true };
      const before = await world.start('a', { disk });
      await world.after(before.node.register('Witness', witness, options));
      before.node.sendTo('Witness_1', { type: 'SEEN' }).catch(() => {});
      for (let turn = 0; turn < turns; turn++) {
        world.scheduler.turn();
        await Promise.resolve();
      }
      world.kill(before);
      const after = await world.start('a', { disk });
      const machine = await world.after(after.node.register('Witness', witness, options));
      await world.settle();
      const rows = await rowsOf(after, 'Witness_1');
      const { seen } = machine.actor.getSnapshot().context;
      expect(rows.filter(({ event }) => event.type === 'SEEN')).toHaveLength(seen);
      expect(await replayOf(after, 'Witness_1', rows.length)).toEqual(replayable(machine.actor.getPersistedSnapshot()));
    },
  );

  test('loses it when it is unregistered, and keeps it when it is released', async () => {
    const started = await world.start('a', { disk });
    const machine = await world.after(started.node.register('Witness', witness, JOURNAL));
    started.node.release(machine.id);
    await world.settle();
    await world.after(started.node.register('Witness', witness, JOURNAL));
    expect(await rowsOf(started, machine.id)).toHaveLength(2);
    void started.node.sendTo(machine.id, { type: 'SEEN' }).catch(() => {});
    await world.after(started.node.unregister(machine.id));
    await world.settle();
    expect(await rowsOf(started, machine.id)).toEqual([]);
  });

  test('is not replayed under another definition, nor where a guard decides otherwise now', async () => {
    const started = await world.start('a', { disk });
    await world.after(started.node.register('Robot', robot, JOURNAL));
    await world.after(started.node.sendTo('Robot_1', { type: 'DICE' }));
    isLucky = false;
    expect(await replayOf(started, 'Robot_1', 1)).toMatchObject({ value: 'idle' });
    await expect(replayOf(started, 'Robot_1', 2)).rejects.toMatchObject({ code: 'REPLAY_DIFFERS' });
    await world.after(started.node.replace('Robot_1', witness, JOURNAL));
    await expect(replayOf(started, 'Robot_1', 1)).rejects.toMatchObject({ code: 'REPLAY_DIFFERS' });
    expect(await replayOf(started, 'Robot_1', 3)).toMatchObject({ context: { seen: 0 } });
    await expect(replayOf(started, 'Robot_1', 4)).rejects.toMatchObject({ code: 'JOURNAL_MISSING' });
    await expect(replayOf(started, 'Robot_1', 0)).rejects.toMatchObject({ code: 'JOURNAL_MISSING' });
    await expect(replayOf(started, 'Nobody_1', 1)).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
  });

  test('has no state that is no JSON: one that begins with it is refused, the journal of another one ends there', async () => {
    const dated = setup({}).createMachine({
      context: ({ input }) => ({ when: input as unknown }),
      on: { NOW: { actions: assign({ when: () => new Date(0) }) } },
    });
    const { node, problems } = await world.start('a', { disk });
    await expect(world.after(node.register('Dated', dated, { ...JOURNAL, input: new Date() }))).rejects.toMatchObject({
      code: 'NOT_PERSISTABLE',
    });
    await world.after(node.register('Dated', dated, { ...JOURNAL, input: 'today' }));
    for (let n = 0; n < 250; n++) void node.sendTo('Dated_1', { type: 'NOW' });
    await world.settle();
    expect(problems.join()).toMatch(
      /the journal of machine Dated_1 ends until it begins anew: .*snapshot\.context\.when/,
    );
    const newest = await world.after(node.journal('Dated_1', { limit: 1 }));
    expect(newest[0]?.seq).toBe(200);
  });
});
