import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CombinedDiscovery } from '../../main/adapters/discovery/combined.ts';
import { MemoryStore } from '../../main/adapters/store/memory.ts';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import type { Announcement, Discovery, DiscoveryReader, Endpoint, Sighting } from '../../main/core/ports.ts';
import { collector } from '../support/machines.ts';
import { Ether, idOf, type Started, World } from '../support/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

const stateOf = ({ node }: Started, of: string) => node.peers().find((peer) => peer.id === idOf(of))?.state;
const at = ({ node }: Started): Endpoint => ({ host: 'memory', port: node.port });

/** Sees nobody but whom the test shows. */
class Shown implements Discovery {
  reader: DiscoveryReader | undefined;
  self: Announcement | undefined;

  async start(self: Announcement, reader: DiscoveryReader): Promise<void> {
    Object.assign(this, { self, reader });
  }

  announce(): void {}
  seek(): void {}
  async stop(): Promise<void> {}

  show(...endpoints: Endpoint[]): void {
    this.reader?.seen({ endpoints, source: 'static' });
  }

  see(sighting: Partial<Sighting>): void {
    this.reader?.seen({ endpoints: [], source: 'mdns', ...sighting });
  }
}

describe('without anybody who announces them', () => {
  test('nodes that know each other from before are linked again, whichever of them starts first', async () => {
    const disks = { a: new MemoryDisk(), b: new MemoryDisk() };
    const start = (name: 'a' | 'b', more = {}) =>
      world.start(name, { disk: disks[name], port: name === 'a' ? 901 : 902, ...more });
    for (const { node } of [await start('a'), await start('b')]) {
      await world.advance(4_000);
      await world.after(node.stop());
    }
    for (const order of [['a', 'b'] as const, ['b', 'a'] as const]) {
      const one = await start(order[0], { discovery: new Shown() });
      await world.advance(1_000);
      const other = await start(order[1], { discovery: new Shown() });
      await world.advance(1_000);
      expect([stateOf(one, order[1]), stateOf(other, order[0])]).toEqual(['alive', 'alive']);
      for (const { node } of [one, other]) await world.after(node.stop());
    }
  });

  test('many that are remembered and away do not delay one that is there', async () => {
    const disk = new MemoryDisk();
    const store = new MemoryStore(disk);
    await store.open();
    const letters = 'bcdefghijk';
    const rows = Array.from({ length: 500 }, (_, n) => ({
      id: idOf(`${[...String(n).padStart(3, '0')].map((digit) => letters[Number(digit)]).join('')}q`),
      name: `n${n}`,
      incarnation: 1,
      lastSeenAt: 1,
      endpoints: [{ host: 'memory', port: 7_000 }],
    }));
    for (const row of rows) world.network.partition(idOf('a'), row.id);
    await world.after(store.commit(rows.map((row) => ({ type: 'node', row }))));
    await world.after(store.close());
    // It answers for all of them, and never does.
    await world.start('z', { port: 7_000, discovery: new Shown() });
    world.network.partition(idOf('a'), idOf('z'));
    const a = await world.start('a', { disk });
    await world.advance(5_000);
    const before = world.clock.now();
    const c = await world.start('c2');
    await world.advance(1_000);
    expect([stateOf(a, 'c2'), stateOf(c, 'a')]).toEqual(['alive', 'alive']);
    expect(world.clock.now() - before).toBe(1_000);
  });

  test('the side that was never dialled knows all the same where the other one listens', async () => {
    const shown = new Shown();
    const a = await world.start('a', { discovery: new Shown() });
    const b = await world.start('b', { discovery: shown });
    shown.show(at(a));
    await world.advance(500);
    expect(stateOf(a, 'b')).toBe('alive');
    expect(a.node.peers()[0]?.endpoints).toEqual([at(b)]);
    world.network.cut(idOf('a'), idOf('b'));
    await world.advance(2_000);
    expect([stateOf(a, 'b'), stateOf(b, 'a')]).toEqual(['alive', 'alive']);
  });
});

describe('an address that somebody wrote down', () => {
  test('is not dialled again and again while its node is linked by another way', async () => {
    const shown = new Shown();
    const a = await world.start('a');
    const b = await world.start('b', { discovery: new CombinedDiscovery([world.ether.discovery(), shown]) });
    await world.advance(1_000);
    let changes = 0;
    a.node.on('peer', () => changes++);
    b.node.on('peer', () => changes++);
    for (let n = 0; n < 6; n++) {
      shown.show(at(a));
      await world.advance(10_000);
    }
    expect([stateOf(a, 'b'), stateOf(b, 'a')]).toEqual(['alive', 'alive']);
    expect(changes).toBe(0);
  });

  test('may be our own, as one list serves all nodes', async () => {
    const shown = new Shown();
    const a = await world.start('a', { discovery: shown });
    shown.show(at(a));
    shown.show({ host: 'memory', port: 999 });
    await world.advance(1_000);
    expect(a.problems).toEqual([expect.stringContaining('memory:999 cannot be reached')]);
    expect(a.node.peers()).toEqual([]);
  });

  test('that hangs does not delay a send, and nothing is looked up for one', async () => {
    const shown = new Shown();
    const a = await world.start('a');
    const b = await world.start('b', { discovery: new CombinedDiscovery([world.ether.discovery(), shown]) });
    const sink = await world.after(a.node.register('Sink', collector));
    world.network.partition(idOf('c'), idOf('b'));
    const c = await world.start('c', { discovery: new Shown() });
    for (let n = 0; n < 20; n++) shown.show(at(c), { host: 'memory', port: 10_000 + n });
    const before = world.clock.now();
    expect(await world.after(b.node.sendTo(sink.address, { type: 'NUMBER', n: 1 }))).toMatchObject({
      status: 'handled',
    });
    expect(world.clock.now()).toBe(before);
  });
});

describe('peer exchange', () => {
  /** `m` is on both of two networks; `a` is on one and `b` on the other. */
  async function bridged({ exchangesPeers = true } = {}) {
    const [left, right] = [new Ether('left'), new Ether('right')];
    const m = await world.start('m', {
      discovery: new CombinedDiscovery([left.discovery(), right.discovery()]),
      exchangesPeers,
    });
    const a = await world.start('a', { discovery: left.discovery() });
    const b = await world.start('b', { discovery: right.discovery() });
    return { left, right, m, a, b };
  }

  test('lets nodes of two networks find each other by a node that is on both', async () => {
    const { a, b } = await bridged();
    await world.advance(4_000);
    expect([stateOf(a, 'b'), stateOf(b, 'a')]).toEqual(['alive', 'alive']);
  });

  test('can be switched off', async () => {
    const { a, b } = await bridged({ exchangesPeers: false });
    await world.advance(10_000);
    expect([stateOf(a, 'b'), stateOf(b, 'a')]).toEqual([undefined, undefined]);
    expect(stateOf(a, 'm')).toBe('alive');
  });

  test('tells nobody of somebody who is not trusted, and what it tells proves nothing', async () => {
    const { left, right, a, b } = await bridged();
    const stranger = await world.start('s', { discovery: left.discovery(), key: 'another' });
    const shown = new Shown();
    await world.start('f', { discovery: new CombinedDiscovery([right.discovery(), shown]) });
    await world.advance(10_000);
    expect(stateOf(a, 's')).toBe('untrusted');
    expect(stateOf(b, 's')).toBeUndefined();
    expect(stateOf(stranger, 'b')).toBeUndefined();
  });
});

describe('a second line between two nodes', () => {
  /** Each sees what the test shows it; counts the lines that were chosen. */
  async function two() {
    const shown = { a: new Shown(), b: new Shown() };
    const [a, b] = [await world.start('a', { discovery: shown.a }), await world.start('b', { discovery: shown.b })];
    let welcomes = 0;
    world.heard = (_from, _to, text) => {
      if (text.startsWith('{"type":"welcome"')) welcomes++;
    };
    const states: string[] = [];
    for (const { node } of [a, b]) node.on('peer', ({ state }) => states.push(state));
    return { shown, a, b, states, welcomes: () => welcomes };
  }
  type Two = Awaited<ReturnType<typeof two>>;

  test.each<[string, (two: Two) => Promise<void> | void]>([
    [
      'both dial in the same moment',
      ({ shown, a, b }) => {
        shown.a.show(at(b));
        shown.b.show(at(a));
      },
    ],
    [
      'the larger id dials while the line of the smaller one is greeted',
      async ({ shown, a, b }) => {
        shown.a.show(at(b));
        world.scheduler.turn();
        await new Promise(setImmediate);
        shown.b.show(at(a));
      },
    ],
    [
      'the smaller id dials while the line of the larger one is greeted',
      async ({ shown, a, b }) => {
        shown.b.show(at(a));
        world.scheduler.turn();
        await new Promise(setImmediate);
        shown.a.show(at(b));
      },
    ],
  ])('does not take over one that speaks: %s', async (_, dial) => {
    const both = await two();
    const sink = await world.after(both.b.node.register('Sink', collector));
    await dial(both);
    await world.advance(5_000);
    expect([stateOf(both.a, 'b'), stateOf(both.b, 'a')]).toEqual(['alive', 'alive']);
    expect(both.welcomes()).toBe(1);
    expect(both.states.filter((state) => state !== 'alive')).toEqual([]);
    expect(await world.after(both.a.node.sendTo(sink.address, { type: 'NUMBER', n: 1 }))).toMatchObject({
      status: 'handled',
    });
  });

  test.each([
    ['the larger', 'b', 'a'],
    ['the smaller', 'a', 'b'],
  ] as const)(
    'takes the place of one that is dead at the end of %s id, before the other end gives it up',
    async (_, dead, other) => {
      const both = await two();
      both.shown.a.show(at(both.b));
      await world.advance(5_000);
      const sink = await world.after(both[other].node.register('Sink', collector));
      const states: string[] = [];
      both[other].node.on('peer', ({ state }) => states.push(state));
      world.network.halfOpen(idOf(dead), idOf(other));
      await world.advance(2_000);
      both.shown[dead].show(at(both[other]));
      await world.advance(300);
      expect(both.welcomes()).toBe(2);
      expect([stateOf(both.a, 'b'), stateOf(both.b, 'a')]).toEqual(['alive', 'alive']);
      expect(states).not.toContain('suspect');
      const sent = both[dead].node.sendTo(sink.address, { type: 'NUMBER', n: 7 });
      expect(await world.after(sent)).toMatchObject({ status: 'handled' });
      expect(sink.actor?.getSnapshot().context).toEqual({ numbers: [7] });
    },
  );
});

describe('two nodes with one id', () => {
  // A power cut starts both in the same second.
  test.each([5_000, 20])(
    'do not take the line from each other: the later start, %i ms later, has it, and all three say so once',
    async (laterMs) => {
      const witness = await world.start('a');
      const shown = { first: new Shown(), second: new Shown() };
      const first = await world.start('b', { discovery: shown.first });
      await world.advance(laterMs, 1);
      const second = await world.start('b', { discovery: shown.second });
      shown.first.show(at(witness));
      shown.second.show(at(witness));
      await world.advance(10_000);
      const states: string[] = [];
      witness.node.on('peer', ({ state }) => states.push(state));
      await world.advance(300_000, 500);
      expect(states).toEqual([]);
      expect(witness.node.peers()).toMatchObject([{ id: idOf('b'), state: 'alive' }]);
      expect(stateOf(second, 'a')).toBe('alive');
      expect(first.node.peers()).toMatchObject([
        { state: 'offline', problem: expect.stringContaining('another node') },
      ]);
      for (const { problems } of [witness, first])
        expect(problems).toEqual([expect.stringContaining('a data directory was copied')]);
    },
  );

  test('are told by the one that finds its own identity on the network, once it has proved to be a copy', async () => {
    const shown = new Shown();
    const here = await world.start('b', { discovery: shown });
    const there = await world.start('b', { discovery: new Shown() });
    shown.see({ node: idOf('b'), endpoints: [{ host: 'memory', port: 999 }] });
    await world.advance(1_000);
    // A lie costs nothing, and so it is worth nothing.
    expect(here.problems).toEqual([]);
    shown.see({ node: idOf('b'), endpoints: [at(there)] });
    await world.advance(1_000);
    expect(here.problems).toEqual([]);
    await world.advance(60_000);
    for (let n = 0; n < 3; n++) shown.see({ node: idOf('b'), endpoints: [at(there)] });
    await world.advance(1_000);
    expect(here.problems).toEqual([expect.stringContaining('has the identity of this one')]);
    expect(here.node.peers()).toEqual([]);
  });
});

test('a line that breaks again and again is dialled ever more slowly, and people see why', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  let connects = 0;
  a.node.on('peer', ({ state }) => {
    if (state === 'alive') connects++;
  });
  const breakAll = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 250) {
      world.network.cut(idOf('a'), idOf('b'));
      await world.advance(250);
    }
  };
  await breakAll(60_000);
  expect(a.node.peers()[0]).toMatchObject({ unstable: true });
  expect(b.node.peers()[0]).toMatchObject({ unstable: true });
  const before = connects;
  await breakAll(60_000);
  expect(connects - before).toBeLessThan(12);
  await world.advance(70_000);
  expect(a.node.peers()[0]).toMatchObject({ state: 'alive' });
  expect(a.node.peers()[0]).not.toHaveProperty('unstable');
});

test('while all connections are taken nobody is dialled, and people see why', async () => {
  const shown = new Shown();
  const hub = await world.start('a', { discovery: shown, limits: { connections: 2 } });
  for (const name of ['b', 'c', 'd']) {
    const { node } = await world.start(name, { discovery: new Shown() });
    shown.see({ node: node.id, endpoints: [{ host: 'memory', port: node.port }] });
  }
  await world.advance(5_000);
  expect(hub.node.peers()).toMatchObject([
    { state: 'alive' },
    { state: 'alive' },
    { state: 'offline', problem: expect.stringMatching(/^All 2 connections .* are open/) },
  ]);
  for (const peer of hub.node.peers().slice(0, 1)) world.network.partition(hub.node.id, peer.id);
  await world.advance(15_000);
  expect(hub.node.peers().map(({ state }) => state)).toEqual(['offline', 'alive', 'alive']);
});

test('M6: a forged goodbye ends no line, and neither do forged addresses, names or types', async () => {
  const shown = new Shown();
  const a = await world.start('a', { discovery: new CombinedDiscovery([world.ether.discovery(), shown]) });
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  shown.see({
    node: idOf('b'),
    name: 'evil',
    types: ['Admin'],
    incarnation: 99,
    endpoints: [{ host: 'memory', port: 666 }],
  });
  shown.reader?.gone(idOf('b'), 'goodbye');
  world.ether.forgeGoodbye(idOf('b'));
  await world.advance(1_000);
  expect(a.node.peers()).toMatchObject([{ state: 'alive', name: 'b' }]);
  expect(a.node.discoverByType('Admin')).toEqual([]);
  expect(await world.after(a.node.sendTo(sink.address, { type: 'NUMBER', n: 1 }))).toMatchObject({ status: 'handled' });
  // Not even when the line is cut: where it was reached before is dialled too.
  shown.see({ node: idOf('b'), endpoints: [{ host: 'memory', port: 666 }] });
  world.network.cut(idOf('a'), idOf('b'));
  await world.advance(2_000);
  expect(stateOf(a, 'b')).toBe('alive');
});

test('when the network changes, who was away for long is dialled at once', async () => {
  const shown = new Shown();
  const a = await world.start('a', { discovery: new CombinedDiscovery([world.ether.discovery(), shown]) });
  await world.start('b');
  await world.advance(1_000);
  world.network.partition(idOf('a'), idOf('b'));
  await world.advance(1_200_000, 1_000);
  expect(stateOf(a, 'b')).toBe('offline');
  world.network.heal(idOf('a'), idOf('b'));
  shown.reader?.networkChanged();
  await world.advance(500);
  expect(stateOf(a, 'b')).toBe('alive');
});

test('M5: of ten thousand forged sightings a thousand are remembered, and a node that we know is still linked at once', async () => {
  const shown = new Shown();
  const a = await world.start('a', { discovery: new CombinedDiscovery([world.ether.discovery(), shown]) });
  const letters = 'bcdefghijk';
  for (let n = 0; n < 10_000; n++) {
    const name = [...String(n).padStart(4, '0')].map((digit) => letters[Number(digit)]).join('');
    shown.see({ node: idOf(`${name}z`), endpoints: [{ host: 'memory', port: 20_000 + n }] });
  }
  await world.advance(1_000);
  expect(a.node.peers()).toHaveLength(1_000);
  const b = await world.start('a2');
  await world.advance(1_000);
  expect(stateOf(b, 'a')).toBe('alive');
});
