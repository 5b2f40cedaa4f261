import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import type { RegisterOptions } from '../../main/core/registrator.ts';
import { originOf, reply, sendTo } from '../../main/xstate.ts';
import { idOf, type Started, World } from '../support/world.ts';

type CounterEvent = { type: 'ADD'; n: number } | { type: 'FAIL' } | { type: 'GET' } | { type: 'BAD' };

/** Adds up, and tells a witness of each sum. */
const counter = setup({
  types: { context: {} as { sum: number; when: unknown; lastFrom: string }, events: {} as CounterEvent },
  actions: {
    tell: sendTo('Witness_1', ({ context }) => ({ type: 'SUM', sum: (context as { sum: number }).sum })),
    answer: reply(({ context }) => ({ type: 'SUM', sum: (context as { sum: number }).sum })),
    fail: () => {
      throw new Error('it must not');
    },
  },
}).createMachine({
  context: { sum: 0, when: null, lastFrom: '' },
  on: {
    ADD: {
      actions: [
        assign({
          sum: ({ context, event }) => context.sum + event.n,
          lastFrom: ({ event }) => originOf(event)?.address ?? '',
        }),
        'tell',
      ],
    },
    FAIL: { actions: [assign({ sum: 1_000 }), 'tell', 'fail'] },
    GET: { actions: 'answer' },
    BAD: { actions: [assign({ when: () => new Date() }), 'tell'] },
  },
});

const witness = setup({
  types: { context: {} as { sums: number[] }, events: {} as { type: 'SUM'; sum: number } },
}).createMachine({
  context: { sums: [] },
  on: { SUM: { actions: assign({ sums: ({ context, event }) => [...context.sums, event.sum] }) } },
});

let world: World;
let disk: MemoryDisk;
beforeEach(() => {
  world = new World();
  disk = new MemoryDisk();
});
afterEach(() => world.stop());

const persist: Pick<RegisterOptions<never>, 'persist'> = { persist: true };

async function start(): Promise<Started & Awaited<ReturnType<typeof machines>>> {
  const started = await world.start('a', { disk });
  return { ...started, ...(await machines(started)) };
}

async function machines({ node }: Started) {
  const sums = await world.after(node.register('Witness', witness, persist));
  const sum = await world.after(node.register('Counter', counter, persist));
  return {
    sums: () => sums.actor.getSnapshot().context.sums,
    sum: () => sum.actor.getSnapshot().context.sum,
    counter: sum,
  };
}

describe('a persisted machine', () => {
  test.each([true, false])(
    'leaves nothing of its last step to one of another type under its id (persisted, too: %s)',
    async (isPersisted) => {
      const options = { id: 'Same', ...(isPersisted && persist) };
      const before = await world.start('a', { disk });
      const old = await world.after(before.node.register('Counter', counter, { ...persist, id: 'Same' }));
      old.actor.send({ type: 'ADD', n: 5 });
      before.node.release('Same');
      const registering = before.node.register('Witness', witness, options);
      await world.settle();
      await world.after(registering);
      const left = disk
        .state()
        .snapshots.filter(({ machine, snapshot }) => machine === 'Same' && /sum"/.test(snapshot ?? ''));
      expect(left).toEqual([]);
      // In memory as on disk.
      for (const place of ['the same node', 'its next start']) {
        if (place === 'its next start') world.kill(before);
        else before.node.release('Same');
        const { node } = place === 'its next start' ? await world.start('a', { disk }) : before;
        const again = await world.after(node.register('Witness', witness, { ...persist, id: 'Same' }));
        expect([place, again.actor.getSnapshot().context]).toEqual([place, { sums: [] }]);
      }
    },
  );

  test('goes on where it was when its node was killed, with nothing lost and nothing repeated', async () => {
    const before = await start();
    for (const n of [1, 2, 3]) void before.node.sendTo('Counter_1', { type: 'ADD', n });
    await world.settle();
    expect(before.sum()).toBe(6);
    world.kill(before);
    const after = await start();
    await world.settle();
    expect(after.sum()).toBe(6);
    expect(after.sums()).toEqual([1, 3, 6]);
    const outcome = await world.after(after.node.sendTo('Counter_1', { type: 'ADD', n: 4 }));
    expect(outcome.status).toBe('handled');
    await world.settle();
    expect(after.sums()).toEqual([1, 3, 6, 10]);
  });

  test.each(Array.from({ length: 12 }, (_, turns) => turns))(
    'that is killed %i turns after an event was sent has it once, or it was never accepted',
    async (turns) => {
      const before = await start();
      let isAccepted = false;
      before.node.sendTo('Counter_1', { type: 'ADD', n: 5 }, { until: 'accepted' }).then(
        () => {
          isAccepted = true;
        },
        () => {},
      );
      for (let turn = 0; turn < turns; turn++) {
        world.scheduler.turn();
        await Promise.resolve();
      }
      world.kill(before);
      const wasAccepted = isAccepted;
      const after = await start();
      await world.settle();
      expect(after.sums()).toEqual(after.sum() === 0 ? [] : [5]);
      if (wasAccepted) expect(after.sum()).toBe(5);
      const log = await world.after(after.node.messages({ eventType: 'ADD' }));
      expect(log.map(({ status }) => status)).toEqual(after.sum() === 0 ? [] : ['handled']);
    },
  );

  test('goes back to what is on disk when a commit fails, and gets its envelopes again', async () => {
    const { node, store, sum, sums, problems } = await start();
    await world.after(node.sendTo('Counter_1', { type: 'ADD', n: 1 }));
    const sending = node.sendTo('Counter_1', { type: 'ADD', n: 2 });
    sending.catch(() => {});
    let isFailed = false;
    for (let turn = 0; turn < 50; turn++) {
      world.scheduler.turn();
      if (sum() === 3 && !isFailed) {
        store.failNext('STORE_FULL');
        isFailed = true;
      }
      await new Promise(setImmediate);
    }
    expect(isFailed).toBe(true);
    await world.advance(2_000);
    expect(problems.join()).toContain('told to fail');
    expect([sum(), sums()]).toEqual([3, [1, 3]]);
    expect((await world.after(sending)).status).toBe('handled');
  });

  test.each([
    ['goes on from its last step, which is not on disk yet', false],
    ['goes back to what is on disk when that step does not get there', true],
  ])('that is released and registered again %s', async (_, fails) => {
    const { node, store, counter: machine, sum, sums, problems } = await start();
    await world.after(node.sendTo('Counter_1', { type: 'ADD', n: 1 }));
    await world.settle();
    const sending = node.sendTo('Counter_1', { type: 'ADD', n: 2 });
    for (let turn = 0; turn < 50 && sum() < 3; turn++) {
      world.scheduler.turn();
      if (sum() < 3) await new Promise(setImmediate);
    }
    void machine[Symbol.asyncDispose]();
    const registering = node.register('Counter', counter, { ...persist, id: 'Counter_1' });
    // It is registered on disk before the step.
    await new Promise(setImmediate);
    if (fails) store.failNext('STORE_FULL');
    const again = await world.after(registering);
    await world.advance(2_000);
    expect((await world.after(sending)).status).toBe('delivered');
    expect([again.actor.getSnapshot().context.sum, sums()]).toEqual([3, [1, 3]]);
    expect(problems.length > 0).toBe(fails);
    await world.after(node.sendTo('Counter_1', { type: 'ADD', n: 3 }));
    await world.settle();
    expect([again.actor.getSnapshot().context.sum, sums()]).toEqual([6, [1, 3, 6]]);
  });

  test('whose step fails sends nothing of it, and stays as it was before', async () => {
    const { node, store, sum, sums } = await start();
    await world.after(node.sendTo('Counter_1', { type: 'ADD', n: 1 }));
    const outcome = node.sendTo('Counter_1', { type: 'FAIL' });
    await world.advance(2_000);
    expect(await outcome).toMatchObject({ status: 'dead', code: 'MACHINE_FAILED' });
    expect([sum(), sums()]).toEqual([1, [1]]);
    const letters = await world.after(store.deadLetters({}));
    expect(letters.map(({ event, reason }) => [event, reason])).toEqual([[{ type: 'FAIL' }, 'MACHINE_FAILED']]);
  });

  test('whose state cannot be stored after a step fails, and says what cannot', async () => {
    const { node, sum, sums, problems } = await start();
    const outcome = node.sendTo('Counter_1', { type: 'BAD' });
    await world.advance(2_000);
    expect(await outcome).toMatchObject({ status: 'dead' });
    expect(problems.join()).toContain('cannot be stored: snapshot.context.when: a Date');
    expect([sum(), sums()]).toEqual([0, []]);
  });

  test('whose first state cannot be stored is not registered', async () => {
    const { node } = await start();
    const dated = setup({}).createMachine({ context: { at: new Date() } });
    await expect(world.after(node.register('Dated', dated, persist))).rejects.toMatchObject({
      code: 'NOT_PERSISTABLE',
    });
  });

  test('answers a question when its step is on disk', async () => {
    const { node } = await start();
    await world.after(node.sendTo('Counter_1', { type: 'ADD', n: 7 }));
    const answer = await world.after(node.ask('Counter_1', { type: 'GET' }));
    expect(answer.event).toEqual({ type: 'SUM', sum: 7 });
  });

  test('that was unregistered begins anew under its id', async () => {
    const { node, counter: machine } = await start();
    await world.after(node.sendTo('Counter_1', { type: 'ADD', n: 1 }));
    await world.after(machine.unregister());
    await world.settle();
    const again = await world.after(node.register('Counter', counter, { ...persist, id: 'Counter_1' }));
    expect(again.actor.getSnapshot().context.sum).toBe(0);
    expect(disk.state().snapshots).toHaveLength(2);
  });

  test('that came to its end stays so', async () => {
    const before = await start();
    const { node } = before;
    const once = setup({}).createMachine({ initial: 'a', states: { a: { on: { GO: 'b' } }, b: { type: 'final' } } });
    await world.after(node.register('Once', once, persist));
    await world.after(node.sendTo('Once_1', { type: 'GO' }));
    world.kill(before);
    const after = await world.start('a', { disk });
    const again = await world.after(after.node.register('Once', once, persist));
    expect(again.actor.getSnapshot().status).toBe('done');
    expect(after.node.machine('Once_1')).toBeUndefined();
  });

  test('that came to its end in a step that was lost is there again, and takes that event again', async () => {
    const { node, store } = await world.start('a', { disk });
    const once = setup({}).createMachine({ initial: 'a', states: { a: { on: { GO: 'b' } }, b: { type: 'final' } } });
    const machine = await world.after(node.register('Once', once, persist));
    await world.settle();
    const sending = node.sendTo('Once_1', { type: 'GO' });
    const found: string[] = [];
    for (let turn = 0; turn < 50 && found.length === 0; turn++) {
      world.scheduler.turn();
      if (machine.actor.getSnapshot().status === 'done') {
        store.failNext('STORE_FULL');
        found.push('ended');
        node.on('machine', ({ type }) => found.push(type));
      }
      await new Promise(setImmediate);
    }
    await world.advance(2_000);
    expect(found).toEqual(['ended', 'found', 'lost']);
    expect((await sending).status).toBe('handled');
    expect(machine.actor.getSnapshot().status).toBe('done');
  });

  test('sends over the network what its step sent, when that is on disk', async () => {
    const here = await world.start('a', { disk });
    const there = await world.start('b');
    const sums = await world.after(there.node.register('Witness', witness, persist));
    await world.after(here.node.register('Counter', counter, persist));
    await world.advance(2_000);
    for (const n of [1, 2]) void here.node.sendTo('Counter_1', { type: 'ADD', n });
    await world.advance(500);
    expect(sums.actor.getSnapshot().context.sums).toEqual([1, 3]);
    const log = await world.after(there.node.messages({ direction: 'in' }));
    expect(log.map(({ from, status }) => [from, status])).toEqual([
      [`im://${idOf('a')}/Counter_1`, 'handled'],
      [`im://${idOf('a')}/Counter_1`, 'handled'],
    ]);
  });

  test('keeps the deadlines of its delays when the wall clock is set by hours, and over the start after it', async () => {
    const minute = 60_000;
    const slow = setup({}).createMachine({ initial: 'a', states: { a: { after: { [10 * minute]: 'b' } }, b: {} } });
    const before = await world.start('a', { disk });
    await world.after(before.node.register('Slow', slow, persist));
    await world.advance(2 * minute, 1_000);
    world.clock.wallOffsetMs += 8 * 3_600_000;
    await world.advance(minute, 1_000);
    world.kill(before);
    await world.advance(3 * minute, 1_000);
    const after = await world.start('a', { disk });
    const machine = await world.after(after.node.register('Slow', slow, persist));
    await world.advance(4 * minute - 2_000, 1_000);
    expect(machine.actor.getSnapshot().value).toBe('a');
    await world.advance(4_000, 1_000);
    expect(machine.actor.getSnapshot().value).toBe('b');
  });

  test('goes on with its state and what waits for it where the node has another identity, and that is told', async () => {
    const before = await world.start('a', { disk });
    const first = await world.after(before.node.register('Counter', counter, persist));
    await world.after(before.node.sendTo('Counter_1', { type: 'ADD', n: 1 }));
    before.node.release(first.id);
    await world.after(before.node.sendTo('Counter_1', { type: 'ADD', n: 2 }));
    await world.after(before.node.stop());
    for (const [name, told] of [
      ['c', 1],
      ['c', 0],
      ['a', 1],
    ] as const) {
      const after = await world.start(name, { disk });
      expect(after.problems.filter((each) => each.includes('What is stored here was of node'))).toHaveLength(told);
      expect(disk.state().machines.map(({ id, node }) => [id, node])).toEqual([['Counter_1', idOf(name)]]);
      const again = await world.after(after.node.register('Counter', counter, persist));
      await world.settle();
      expect(again.actor.getSnapshot().context).toMatchObject({ sum: 3 });
      await world.after(after.node.stop());
    }
  });
});
