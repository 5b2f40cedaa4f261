import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import { TTL_MS } from '../../main/core/defaults.ts';
import type { Address } from '../../shared/ids.ts';
import { collector } from '../support/machines.ts';
import { idOf, type Started, World } from '../support/world.ts';

// Machines that their node knows and does not run: what is sent to them waits there.

let world: World;
let disk: MemoryDisk;
let a: Started;
let b: Started;
beforeEach(async () => {
  world = new World();
  disk = new MemoryDisk();
  a = await world.start('a');
  b = await world.start('b', { disk });
});
afterEach(() => world.stop());

const numbers = (from: Started, to: string, ...sent: readonly number[]) =>
  world.after(Promise.all(sent.map((n) => from.node.sendTo(to, { type: 'NUMBER', n }))));
const sink = (at: Started, options = {}) => world.after(at.node.register('Sink', collector, options));
const restart = async (node: Started): Promise<Started> => {
  await world.after(node.node.stop());
  const again = await world.start('b', { disk });
  await world.advance(2_000);
  return again;
};
const seen = (by: Started, address: Address) => by.node.machine(address);
const fail = () => {
  throw new Error('not today');
};
const letters = async ({ store }: Started) =>
  (await store.deadLetters({})).map(({ direction, reason, event }) => [direction, reason, (event as { n?: number }).n]);

test('what is sent to a machine that its node does not run waits there, and comes in order, once, when it runs', async () => {
  const { address } = await sink(b);
  b = await restart(b);
  expect(seen(a, address)).toMatchObject({ reachable: true, healthy: false, running: false });
  expect(await numbers(a, address, 1, 2, 3)).toMatchObject(Array(3).fill({ status: 'delivered' }));
  // Neither end remembers it in memory alone.
  b = await restart(b);
  await numbers(a, address, 4);
  const again = await sink(b);
  await world.advance(1_000);
  expect(again.address).toBe(address);
  expect(seen(a, address)).toMatchObject({ healthy: true, running: true });
  expect(again.actor.getSnapshot().context.numbers).toEqual([1, 2, 3, 4]);
  expect((await a.node.messages()).map(({ status }) => status)).toEqual(Array(4).fill('handled'));
  b = await restart(b);
  expect((await sink(b)).actor.getSnapshot().context.numbers).toEqual([]);
});

test('disposing of a machine keeps its id and what it has in hand; unregistering makes dead letters of both', async () => {
  {
    await using machine = await sink(b);
    expect(await numbers(a, machine.address, 1)).toMatchObject([{ status: 'handled' }]);
  }
  await world.settle();
  expect(a.node.machines()).toMatchObject([{ id: 'Sink_1', running: false }]);
  expect(await numbers(a, 'Sink_1', 2, 3)).toMatchObject(Array(2).fill({ status: 'delivered' }));
  const again = await sink(b);
  expect(again.actor.getSnapshot().context.numbers).toEqual([2, 3]);
  await world.after(again[Symbol.asyncDispose]());
  await numbers(a, 'Sink_1', 4, 5);
  await world.after(b.node.unregister('Sink_1'));
  await world.advance(2_000);
  expect(await letters(b)).toEqual([
    ['in', 'MACHINE_UNKNOWN', 5],
    ['in', 'MACHINE_UNKNOWN', 4],
  ]);
  expect(a.node.machines()).toEqual([]);
  expect((await a.node.messages({ limit: 2 })).map(({ status, code }) => [status, code])).toEqual(
    Array(2).fill(['dead', 'MACHINE_UNKNOWN']),
  );
  await expect(numbers(a, `im://${idOf('b')}/Sink_1`, 6)).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
});

test('whoever waits for a machine to handle an event is told that it is delivered when the machine is released', async () => {
  const failing = createMachine({ on: { NUMBER: { actions: fail } } });
  // It fails at the event, and is to have it again in a minute.
  const slow = await world.after(
    b.node.register('Sink', failing, { supervision: { maxRestarts: 9, firstDelayMs: 60_000 } }),
  );
  const sent = Promise.all([1, 2].map((n) => a.node.sendTo(slow.address, { type: 'NUMBER', n })));
  await world.advance(1_000);
  await world.after(slow[Symbol.asyncDispose]());
  expect(await sent).toMatchObject(Array(2).fill({ status: 'delivered' }));
  expect((await sink(b)).actor.getSnapshot().context.numbers).toEqual([1, 2]);
});

test('what waits longer than its time for a machine that does not run becomes a dead letter', async () => {
  const { address } = await sink(b);
  b = await restart(b);
  await numbers(a, address, 1);
  world.clock.increment(TTL_MS + 1_000);
  await world.advance(2_000);
  expect(await letters(b)).toEqual([['in', 'ENVELOPE_EXPIRED', 1]]);
  expect((await sink(b)).actor.getSnapshot().context.numbers).toEqual([]);
});

test('a send to a type reaches those known now that do not run, when they do; one of a type, and finding, takes those that run', async () => {
  await sink(b, { id: 'resting' });
  b = await restart(b);
  const running = await sink(b, { id: 'running' });
  expect(a.node.discoverByType('Sink').map(({ id }) => id)).toEqual(['running']);
  expect(a.node.discoverByType('Sink', { health: 'any' }).map(({ id }) => id)).toEqual(['resting', 'running']);
  const asker = await world.after(a.node.register('Asker', collector));
  for (let n = 0; n < 5; n++) await world.after(asker.sendToRandomOfType('Sink', { type: 'NUMBER', n }));
  expect(running.actor.getSnapshot().context.numbers).toEqual([0, 1, 2, 3, 4]);
  const all = await world.after(a.node.sendToType('Sink', { type: 'NUMBER', n: 9 }));
  expect(all.map(({ status }) => status)).toEqual(['delivered', 'handled']);
  expect((await sink(b, { id: 'resting' })).actor.getSnapshot().context.numbers).toEqual([9]);
  // What is found later gets nothing of what was sent before.
  expect((await sink(b, { id: 'later' })).actor.getSnapshot().context.numbers).toEqual([]);
});

test('what a machine of the same node sends to one that does not run waits for it, too', async () => {
  await sink(b);
  b = await restart(b);
  expect(await numbers(b, 'Sink_1', 1, 2)).toMatchObject(Array(2).fill({ status: 'delivered' }));
  b = await restart(b);
  expect((await sink(b)).actor.getSnapshot().context.numbers).toEqual([1, 2]);
});

test('a machine that only its node knows is not told while it does not run, and takes nothing from elsewhere', async () => {
  const { address } = await sink(b, { expose: 'node' });
  b = await restart(b);
  expect(seen(a, address)).toBeUndefined();
  expect(seen(b, address)).toMatchObject({ running: false });
  await sink(b, { expose: 'node' });
  expect(seen(a, address)).toBeUndefined();
});

test('what waited for a machine is refused where its terms, once it runs, do not accept it', async () => {
  const { address } = await sink(b, { accept: { events: ['OTHER'] } });
  b = await restart(b);
  await numbers(a, address, 1);
  const again = await sink(b, { accept: { events: ['OTHER'] } });
  await world.settle();
  expect(again.actor.getSnapshot().context.numbers).toEqual([]);
  expect(await letters(b)).toEqual([['in', 'NOT_ACCEPTED', 1]]);
  expect(await a.node.messages()).toMatchObject([{ status: 'refused', code: 'NOT_ACCEPTED' }]);
});

test('a bare id means a machine that runs elsewhere rather than one here that does not', async () => {
  await sink(b);
  b = await restart(b);
  const far = await sink(a);
  await numbers(b, 'Sink_1', 1);
  expect(far.actor.getSnapshot().context.numbers).toEqual([1]);
});
