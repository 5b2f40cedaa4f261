import { afterEach, beforeEach, expect, test } from 'vitest';
import { emit, setup } from 'xstate';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import { collector, pinger, ponger } from '../support/machines.ts';
import { idOf, type Started, World } from '../support/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.stop());

const stateOf = ({ node }: Started, of: string) => node.peers().find((peer) => peer.id === idOf(of))?.state;

test('two nodes find each other and list each other’s machines', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  await world.after(a.node.register('Ping', pinger));
  await world.after(b.node.register('Pong', ponger));
  expect(stateOf(a, 'b')).toBe('alive');
  expect(stateOf(b, 'a')).toBe('alive');
  expect(a.node.discoverByType('Pong')).toMatchObject([
    { id: 'Pong_1', node: idOf('b'), local: false, version: '1.0.0' },
  ]);
  expect(b.node.discoverByType('Ping')).toMatchObject([{ id: 'Ping_1', node: idOf('a') }]);
});

test('machines are found by a pattern of their type, and types tell where they are', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  for (const type of ['Service_Alpha', 'Service_Beta', 'Other']) await world.after(b.node.register(type, ponger));
  await world.after(a.node.register('Service_Alpha', ponger, { version: '1.2.0' }));
  expect(a.node.discoverByPattern('service_*').map(({ type, local }) => [type, local])).toEqual([
    ['Service_Alpha', false],
    ['Service_Alpha', true],
    ['Service_Beta', false],
  ]);
  expect(a.node.discoverByPattern('Service')).toEqual([]);
  expect(a.node.types()).toEqual([
    { name: 'Other', versions: ['1.0.0'], machines: 1, nodes: 1 },
    { name: 'Service_Alpha', versions: ['1.0.0', '1.2.0'], machines: 2, nodes: 2 },
    { name: 'Service_Beta', versions: ['1.0.0'], machines: 1, nodes: 1 },
  ]);
});

test('an event crosses, is handled, is answered, and is in both logs', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const ping = await world.after(a.node.register('Ping', pinger));
  const pong = await world.after(b.node.register('Pong', ponger));
  const outcome = await world.after(ping.sendTo('Pong_1', { type: 'PING' }));
  await world.settle();
  expect(outcome.status).toBe('handled');
  expect(pong.actor.getSnapshot().context.pings).toBe(1);
  expect(ping.actor.getSnapshot().context.pongs).toBe(1);
  const [answer, question] = await a.node.messages();
  expect(question).toMatchObject({
    direction: 'out',
    from: ping.address,
    to: pong.address,
    event: { type: 'PING' },
    status: 'handled',
  });
  expect(answer).toMatchObject({
    direction: 'in',
    event: { type: 'PONG' },
    status: 'handled',
    correlationId: outcome.id,
    causationId: outcome.id,
  });
  expect(await b.node.messages()).toMatchObject([
    { direction: 'out', event: { type: 'PONG' } },
    { direction: 'in', event: { type: 'PING' } },
  ]);
});

test('an event for which the machine has no transition is told as ignored', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  await world.after(b.node.register('Pong', ponger));
  expect(await world.after(a.node.sendTo('Pong_1', { type: 'NOBODY_LISTENS' }))).toMatchObject({ status: 'ignored' });
});

test('when both dial at once one connection stays, and what is sent meanwhile arrives once', async () => {
  world.ether.unplugged.add(idOf('b'));
  const a = await world.start('a');
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  world.ether.unplugged.clear();
  // Both hear of each other in the same turn; the one with the larger id is made to dial at once too.
  world.ether.tellAll(idOf('b'));
  world.ether.tellAll(idOf('a'));
  await world.advance(1_000);
  const sends = Array.from({ length: 20 }, (_, n) => a.node.sendTo(sink.address, { type: 'NUMBER', n }));
  await world.advance(1_000);
  expect((await Promise.all(sends)).map(({ status }) => status)).toEqual(Array(20).fill('handled'));
  expect(sink.actor.getSnapshot().context.numbers).toEqual(Array.from({ length: 20 }, (_, n) => n));
});

test('a pulled cable makes the peer suspect after 3 s and offline after 8 s; what is sent meanwhile arrives when it is back', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  world.network.partition(idOf('a'), idOf('b'));
  const early = a.node.sendTo(sink.address, { type: 'NUMBER', n: 1 });
  await world.advance(2_500);
  expect(stateOf(a, 'b')).toBe('alive');
  await world.advance(1_500);
  expect(stateOf(a, 'b')).toBe('suspect');
  // Nobody knows when it will be back: the caller is told what is certain.
  expect(await early).toMatchObject({ status: 'accepted' });
  expect(a.node.discoverByType('Sink')).toEqual([]);
  await world.advance(5_500);
  expect(stateOf(a, 'b')).toBe('offline');
  expect(await world.after(a.node.sendTo(sink.address, { type: 'NUMBER', n: 2 }))).toMatchObject({
    status: 'accepted',
  });
  world.network.heal(idOf('a'), idOf('b'));
  await world.advance(10_000);
  expect(stateOf(a, 'b')).toBe('alive');
  expect(sink.actor.getSnapshot().context.numbers).toEqual([1, 2]);
  expect((await a.node.messages()).map(({ status }) => status)).toEqual(['handled', 'handled']);
});

test('a cut line is dialled again at once and loses nothing', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  for (let n = 0; n < 10; n++) {
    void a.node.sendTo(sink.address, { type: 'NUMBER', n });
    world.scheduler.turn();
    if (n % 3 === 0) world.network.cut(idOf('a'), idOf('b'));
    await world.advance(700);
  }
  await world.advance(5_000);
  expect(sink.actor.getSnapshot().context.numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a node that leaves is offline at once, and its machines are not found', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  await world.after(b.node.register('Pong', ponger));
  await world.after(b.node.stop());
  expect(stateOf(a, 'b')).toBe('offline');
  expect(a.node.discoverByType('Pong')).toEqual([]);
});

test('a restarted node has a new incarnation, the same machines, and what waited for it', async () => {
  const disk = new MemoryDisk();
  const a = await world.start('a');
  const first = await world.start('b', { disk });
  const machine = await world.after(first.node.register('Sink', collector));
  const before = a.node.peers()[0]?.incarnation ?? 0;
  await world.after(first.node.stop());
  await world.after(a.node.sendTo(machine.address, { type: 'NUMBER', n: 7 }));
  const second = await world.start('b', { disk });
  // It is known, but does not run yet: what came for it is held.
  await world.advance(2_000);
  const again = await world.after(second.node.register('Sink', collector));
  await world.advance(1_000);
  expect(a.node.peers()[0]?.incarnation).toBeGreaterThan(before);
  expect(again.address).toBe(machine.address);
  expect(again.actor.getSnapshot().context.numbers).toEqual([7]);
});

test('a sender that is restarted before it could send still delivers, in order', async () => {
  const disk = new MemoryDisk();
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  for (const n of [1, 2, 3]) {
    const sender = await world.start('a', { disk });
    await world.advance(1_000);
    world.network.partition(idOf('a'), idOf('b'));
    await world.after(sender.node.sendTo(sink.address, { type: 'NUMBER', n }, { until: 'accepted' }));
    await world.after(sender.node.stop());
    world.network.heal(idOf('a'), idOf('b'));
    await world.advance(10_000);
  }
  await world.start('a', { disk });
  await world.advance(5_000);
  expect(sink.actor.getSnapshot().context.numbers).toEqual([1, 2, 3]);
});

test('an event for a machine that its node never knew is refused', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const pong = await world.after(b.node.register('Pong', ponger));
  await world.after(pong.unregister());
  await expect(world.after(a.node.sendTo(pong.address, { type: 'PING' }))).rejects.toMatchObject({
    code: 'MACHINE_UNKNOWN',
  });
});

test('nodes with different keys show each other as untrusted and exchange nothing', async () => {
  const a = await world.start('a', { key: 'ours' });
  const b = await world.start('b', { key: 'theirs' });
  await world.after(b.node.register('Pong', ponger));
  await world.advance(2_000);
  expect(stateOf(a, 'b')).toBe('untrusted');
  expect(stateOf(b, 'a')).toBe('untrusted');
  expect(a.node.machines()).toEqual([]);
});

test('a disk that fails rejects the send, and the next one arrives', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  a.store.failNext('STORE_FULL');
  await expect(world.after(a.node.sendTo(sink.address, { type: 'NUMBER', n: 1 }))).rejects.toMatchObject({
    code: 'STORE_FULL',
  });
  await world.advance(3_000);
  expect(await world.after(a.node.sendTo(sink.address, { type: 'NUMBER', n: 2 }))).toMatchObject({ status: 'handled' });
  expect(sink.actor.getSnapshot().context.numbers).toEqual([2]);
  expect(a.problems.join()).not.toBe('');
});

test('a receiver whose disk fails gets the event again, once', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  b.store.failNext('STORE_FULL');
  const sending = a.node.sendTo(sink.address, { type: 'NUMBER', n: 1 });
  await world.advance(5_000);
  expect(['accepted', 'handled']).toContain((await sending).status);
  expect(sink.actor.getSnapshot().context.numbers).toEqual([1]);
});

test('what no send can mean is refused with what is expected, before anything is sent', async () => {
  const { node } = await world.start('a');
  const sink = await world.after(node.register('Sink', collector));
  const event = { type: 'NUMBER', n: 1 };
  // As a program would that is not type-checked.
  const given = (value: unknown) => value as never;
  const refused: readonly [() => Promise<unknown>, string][] = [
    [
      () => node.sendTo(given(null), event),
      'the target: an id, an address, or a machine that was found is expected, not null',
    ],
    [() => node.sendTo(given(undefined), event), 'not undefined'],
    [() => node.sendTo(given({}), event), 'not another object'],
    [() => node.sendTo(given(5), event), 'not 5'],
    [() => sink.sendTo(given(null), given(event)), 'the target'],
    [() => node.ask(given(null), event), 'the target'],
    [() => node.ask(given({}), event), 'the target'],
    [() => node.describe(given(null)), 'the target'],
    [() => node.sendTo('Sink_1', event, given(null)), 'the options: an object, or nothing, is expected, not null'],
    [() => node.sendToType('Sink', event, given(7)), 'the options'],
    [() => node.ask('Sink_1', event, given(null)), 'the options'],
    [() => node.ask('Sink_1', event, { timeoutMs: given('5') }), 'timeoutMs: a number'],
    [() => node.sendTo('Sink_1', event, { until: given('bogus') }), 'until: "accepted" or "delivered" or "handled"'],
    [() => node.sendTo('Sink_1', event, { delivery: given('bogus') }), 'delivery: "reliable" or "volatile"'],
    ...['5', 0, -1, Number.NaN, 1e12, null].map((ttlMs): [() => Promise<unknown>, string] => [
      () => node.sendTo('Sink_1', event, { ttlMs: given(ttlMs) }),
      'ttlMs: a number of milliseconds above 0 and up to 31536000000 is expected, not ',
    ]),
  ];
  for (const [send, sentence] of refused)
    await expect(world.after(send())).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(sentence),
    });
  await expect(world.after(node.sendTo('Sink_1', given(undefined)))).rejects.toMatchObject({
    code: 'EVENT_INVALID',
    message: 'event: undefined cannot be written as JSON',
  });
  expect(sink.actor.getSnapshot().context.numbers).toEqual([]);
  expect(
    await world.after(node.sendTo('Sink_1', event, { ttlMs: 0.5, until: 'handled', delivery: 'reliable' })),
  ).toMatchObject({
    status: 'handled',
  });
});

test('a node whose disk breaks tells so, once, and stops: nobody knows what is on it', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  const broken: string[] = [];
  a.node.on('broken', ({ code }) => broken.push(code));
  a.store.failNext('STORE_BROKEN');
  await expect(world.after(a.node.sendTo(sink.address, { type: 'NUMBER', n: 1 }))).rejects.toMatchObject({
    code: 'STORE_BROKEN',
  });
  await world.advance(3_000);
  expect(broken).toEqual(['STORE_BROKEN']);
  await expect(world.after(a.node.sendTo(sink.address, { type: 'NUMBER', n: 2 }))).rejects.toMatchObject({
    code: 'NODE_STOPPED',
  });
  expect(b.node.peers()[0]?.state).toBe('offline');
});

test('a node that was put back from a backup, and its clock too, is heard again', async () => {
  const disk = new MemoryDisk();
  const b = await world.start('b');
  const sink = await world.after(b.node.register('Sink', collector));
  const first = await world.start('a', { disk });
  await world.advance(1_000);
  await world.after(first.node.sendTo(sink.address, { type: 'NUMBER', n: 1 }));
  await world.after(first.node.stop());
  // Its store is empty, and its wall clock behind.
  world.clock.wallOffsetMs -= 400 * 86_400_000;
  const second = await world.start('a');
  await world.advance(2_000);
  expect(await world.after(second.node.sendTo(sink.address, { type: 'NUMBER', n: 2 }))).toMatchObject({
    status: 'handled',
  });
  expect(sink.actor.getSnapshot().context.numbers).toEqual([1, 2]);
});

test('what is held for a machine that does not run yet survives another restart of its node', async () => {
  const disk = new MemoryDisk();
  const a = await world.start('a');
  const first = await world.start('b', { disk });
  const machine = await world.after(first.node.register('Sink', collector));
  await world.after(first.node.stop());
  await world.after(a.node.sendTo(machine.address, { type: 'NUMBER', n: 7 }));
  const second = await world.start('b', { disk });
  await world.advance(2_000);
  expect(await a.node.messages({ limit: 1 })).toMatchObject([{ status: 'delivered' }]);
  await world.after(second.node.stop());
  const third = await world.start('b', { disk });
  await world.advance(1_000);
  const again = await world.after(third.node.register('Sink', collector));
  await world.advance(1_000);
  expect(again.actor.getSnapshot().context.numbers).toEqual([7]);
  expect(await third.node.messages({ limit: 1 })).toMatchObject([{ status: 'handled' }]);
});

test('twenty nodes that start together are all linked', async () => {
  const letters = 'abcdefghijklmnopqrst'.split('');
  const nodes = await Promise.all(letters.map((letter) => world.start(letter)));
  await world.advance(5_000);
  for (const { node } of nodes) expect(node.peers().filter((peer) => peer.state === 'alive')).toHaveLength(19);
});

test('what a machine emits and cannot travel is left out, and ends neither its machine nor its line', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const siren = setup({
    types: { emitted: {} as { type: 'tone'; at: unknown } },
    actions: {
      date: emit({ type: 'tone', at: new Date() }),
      megabyte: emit({ type: 'tone', at: 'x'.repeat(1_100_000) }),
      number: emit({ type: 'tone', at: 3 }),
    },
  }).createMachine({ on: { WAIL: { actions: ['date', 'megabyte', 'number'] } } });
  await world.after(b.node.register('Siren', siren));
  const followed = a.node.actor({ type: 'Siren' });
  const heard: unknown[] = [];
  followed.on('tone', (event: { type: string; at?: unknown }) => heard.push(event.at));
  await world.advance(500);
  expect(await world.after(a.node.sendTo('Siren_1', { type: 'WAIL' }))).toMatchObject({ status: 'handled' });
  await world.advance(500);
  expect(heard).toEqual([3]);
  expect(stateOf(a, 'b')).toBe('alive');
});

test('an event may be told how long it has to reach its machine, and is a dead letter after that', async () => {
  const a = await world.start('a');
  const b = await world.start('b');
  const ping = await world.after(a.node.register('Ping', pinger));
  const pong = await world.after(b.node.register('Pong', ponger));
  for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 366 * 86_400_000])
    await expect(ping.sendTo(pong.address, { type: 'PING' }, { ttlMs })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  const to = { until: 'accepted' as const };
  world.network.partition(idOf('a'), idOf('b'));
  await world.advance(10_000);
  await world.after(ping.sendTo(pong.address, { type: 'PING' }, { ...to, ttlMs: 60_000 }));
  await world.after(ping.sendTo(pong.address, { type: 'PING' }, { ...to, ttlMs: 3_600_000 }));
  await world.advance(120_000);
  expect((await a.node.messages({ direction: 'out' })).map(({ status }) => status)).toEqual(['accepted', 'expired']);
});
