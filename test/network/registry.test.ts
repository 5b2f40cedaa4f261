import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import type { MessageOutcome, Outcome } from '../../main/index.ts';
import { isFinal } from '../../shared/envelope.ts';
import { collector, ponger } from '../support/machines.ts';
import { idOf, type Started, World } from '../support/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

const LETTERS = ['a', 'b', 'c'] as const;
type Letter = (typeof LETTERS)[number];
const letter = fc.constantFrom(...LETTERS);
const PAIRS: readonly (readonly [Letter, Letter])[] = [
  ['a', 'b'],
  ['a', 'c'],
  ['b', 'c'],
];

type Step =
  | {
      readonly do: 'register' | 'unregister' | 'release';
      readonly node: Letter;
      readonly id: string;
      readonly type: string;
    }
  | { readonly do: 'partition' | 'heal' | 'cut'; readonly pair: readonly [Letter, Letter] }
  | { readonly do: 'restart'; readonly node: Letter }
  | { readonly do: 'wait'; readonly milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('register' as const, 'register' as const, 'unregister' as const, 'release' as const),
      node: letter,
      id: fc.constantFrom('X', 'Y', 'Z'),
      type: fc.constantFrom('S', 'T'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('partition' as const, 'heal' as const, 'cut' as const),
      pair: fc.constantFrom(...PAIRS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), node: letter }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), milliseconds: fc.constantFrom(100, 2_000, 9_000) }),
  },
);

test('registries agree once things are quiet, whatever was registered, cut, healed and restarted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const small = new World();
      const disks = new Map(LETTERS.map((each) => [each, new MemoryDisk()]));
      const nodes = new Map<Letter, Started>();
      /** What is known, by `node/id`, and whether it runs. */
      const known = new Map<string, { readonly type: string; readonly runs: boolean }>();
      const rest = (key: string) => known.set(key, { type: known.get(key)?.type ?? '', runs: false });
      const start = async (node: Letter) => {
        const disk = disks.get(node);
        nodes.set(node, await small.start(node, disk ? { disk } : {}));
      };
      const nodeOf = (node: Letter) => (nodes.get(node) as Started).node;
      for (const each of LETTERS) await start(each);
      for (const each of steps) {
        switch (each.do) {
          case 'register':
            if (known.get(`${each.node}/${each.id}`)?.runs) break;
            await small.after(nodeOf(each.node).register(each.type, ponger, { id: each.id }));
            known.set(`${each.node}/${each.id}`, { type: each.type, runs: true });
            break;
          case 'unregister':
            if (!known.delete(`${each.node}/${each.id}`)) break;
            await small.after(nodeOf(each.node).unregister(each.id));
            break;
          case 'release':
            if (!known.get(`${each.node}/${each.id}`)?.runs) break;
            nodeOf(each.node).release(each.id);
            rest(`${each.node}/${each.id}`);
            break;
          case 'restart':
            await small.after(nodeOf(each.node).stop());
            for (const key of known.keys()) if (key.startsWith(each.node)) rest(key);
            await start(each.node);
            break;
          case 'wait':
            await small.advance(each.milliseconds, 100);
            break;
          default:
            small.network[each.do](idOf(each.pair[0]), idOf(each.pair[1]));
        }
      }
      for (const [one, other] of PAIRS) small.network.heal(idOf(one), idOf(other));
      await small.advance(15_000, 100);
      const expected = [...known].map(([key, { type, runs }]) => `${key} ${type} reachable ${runs ? 'runs' : 'rests'}`);
      for (const { node } of nodes.values()) {
        const machines = node
          .machines()
          .map(
            ({ node: at, id, type, reachable, running }) =>
              `${at[0]}/${id} ${type} ${reachable ? 'reachable' : 'away'} ${running ? 'runs' : 'rests'}`,
          );
        expect(machines.sort()).toEqual(expected.sort());
      }
      await small.stop();
    }),
    { numRuns: 300, seed: 20_261_124 },
  );
});

test('each send has exactly one final outcome at its sender, and its promise is settled', async () => {
  const nodes = await Promise.all(LETTERS.map((each) => world.start(each)));
  for (const { node } of nodes) {
    await world.after(node.register('Sink', collector));
    await world.after(node.register('Pong', ponger));
  }
  const finals = new Map<string, MessageOutcome[]>();
  for (const { node } of nodes) {
    node.on('outcome', (outcome) => {
      if (outcome.direction === 'in' || !isFinal(outcome.status)) return;
      finals.set(outcome.id, [...(finals.get(outcome.id) ?? []), outcome]);
    });
  }
  const settled: Outcome[] = [];
  let sent = 0;
  for (let n = 0; n < 60; n++) {
    const { node } = nodes[n % 3] as Started;
    const [one, other] = PAIRS[n % 3] as readonly [Letter, Letter];
    if (n % 10 === 3) world.network.cut(idOf(one), idOf(other));
    if (n % 20 === 7) world.network.partition(idOf(one), idOf(other));
    if (n % 20 === 15) for (const [a, b] of PAIRS) world.network.heal(idOf(a), idOf(b));
    const delivery = n % 4 === 0 ? 'volatile' : 'reliable';
    for (const type of ['Sink', 'Pong']) {
      const sending = node.sendToType(type, { type: 'NUMBER', n } as { type: string }, { delivery });
      void sending.then((outcomes) => settled.push(...outcomes));
      sent += 3;
    }
    await world.advance(400);
  }
  for (const [a, b] of PAIRS) world.network.heal(idOf(a), idOf(b));
  await world.advance(15_000);
  expect(settled).toHaveLength(sent);
  for (const outcomes of finals.values()) expect(outcomes).toHaveLength(1);
  // A report that was lost with its line leaves `delivered` as the last word: everything else has a final one.
  for (const { node } of nodes) {
    const rows = (await node.messages({ limit: 10_000 })).filter(({ direction }) => direction !== 'in');
    for (const { id, status } of rows) {
      expect(isFinal(status) || status === 'delivered').toBe(true);
      expect(finals.has(id)).toBe(isFinal(status));
    }
  }
});

test('twenty nodes: all know all, a send to a type reaches each once, and turns go round', async () => {
  const letters = 'abcdefghijklmnopqrst'.split('');
  const nodes = await Promise.all(letters.map((each) => world.start(each)));
  await world.advance(3_000);
  const sinks = [];
  for (const { node } of nodes) sinks.push(await world.after(node.register('Sink', collector)));
  await world.advance(500);
  for (const { node } of nodes) expect(node.discoverByType('Sink')).toHaveLength(20);
  const first = sinks[0] as (typeof sinks)[number];
  const outcomes = await world.after(first.sendToType('Sink', { type: 'NUMBER', n: 1 }));
  expect(outcomes.map(({ status }) => status)).toEqual(Array(19).fill('handled'));
  for (let n = 0; n < 38; n++)
    await world.after(first.sendToOneOfType('Sink', { type: 'NUMBER', n: 2 }, { strategy: 'roundRobin' }));
  const numbers = sinks.slice(1).map((sink) => sink.actor.getSnapshot().context.numbers);
  expect(numbers).toEqual(Array(19).fill([1, 2, 2]));
  expect(first.connections()).toHaveLength(19);
});

test('an event to a type waits for those of a node that is away', async () => {
  const a = await world.start('a');
  const disk = new MemoryDisk();
  const b = await world.start('b', { disk });
  await world.after(b.node.register('Sink', collector));
  world.network.partition(idOf('a'), idOf('b'));
  await world.advance(10_000);
  expect(a.node.discoverByType('Sink')).toEqual([]);
  expect(a.node.discoverByType('Sink', { health: 'any' })).toHaveLength(1);
  expect(await world.after(a.node.broadcastToType('Sink', { type: 'NUMBER', n: 5 }))).toMatchObject([
    { status: 'accepted' },
  ]);
  const volatile = await world.after(
    a.node.sendToType('Sink', { type: 'NUMBER', n: 6 }, { delivery: 'volatile', until: 'handled' }),
  );
  expect(volatile).toMatchObject([{ status: 'lost', code: 'PEER_OFFLINE' }]);
  world.network.heal(idOf('a'), idOf('b'));
  await world.advance(10_000);
  const [row] = await b.node.messages();
  expect(row).toMatchObject({ event: { type: 'NUMBER', n: 5 }, status: 'handled' });
});

test('a monitor outlives a line that is cut, and tells of a node that leaves', async () => {
  const a = await world.start('a');
  const disk = new MemoryDisk();
  const b = await world.start('b', { disk });
  const machine = await world.after(b.node.register('Sink', collector));
  const downs: string[] = [];
  a.node.monitor(machine.address, ({ reason }) => downs.push(reason));
  await world.advance(500);
  world.network.cut(idOf('a'), idOf('b'));
  await world.advance(3_000);
  expect(downs).toEqual([]);
  await world.after(b.node.stop());
  await world.advance(500);
  expect(downs).toEqual(['nodeLeft']);
});

test('a line that is lost ends questions at once, and what was under way is lost', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  const asking = a.node.ask(sink.address, { type: 'NUMBER', n: 1 }, { timeoutMs: 60_000 });
  const failing = expect(asking).rejects.toMatchObject({ code: 'PEER_OFFLINE' });
  await world.advance(200);
  world.network.partition(idOf('a'), idOf('b'));
  const sending = a.node.sendTo(sink.address, { type: 'NUMBER', n: 2 }, { delivery: 'volatile' });
  await world.advance(5_000);
  expect(await sending).toMatchObject({ status: 'lost' });
  await world.advance(60_000, 1_000);
  await failing;
});
