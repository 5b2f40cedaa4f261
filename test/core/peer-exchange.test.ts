import { beforeEach, expect, test } from 'vitest';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { MAX_EXCHANGED, MAX_EXCHANGED_AT_ONCE, TIMINGS } from '../../main/core/defaults.ts';
import { type Acquaintance, PeerExchange } from '../../main/core/peer-exchange.ts';
import type { Endpoint } from '../../main/core/ports.ts';
import type { PeersFrame } from '../../main/core/wire.ts';
import { idOf } from '../support/world.ts';

let clock: SimulatedClock;
let people: Map<string, Acquaintance>;
let sent: { readonly to: string; readonly frame: PeersFrame }[];
let said: (readonly [string, readonly Endpoint[]])[];
let told: (readonly [string, readonly Endpoint[]])[];
let exchange: PeerExchange;

beforeEach(() => {
  exchange = create(true);
});

function create(isOn: boolean): PeerExchange {
  clock = new SimulatedClock();
  people = new Map();
  sent = [];
  said = [];
  told = [];
  const made = new PeerExchange({
    clock,
    timings: TIMINGS,
    isOn,
    send: (to, frame) => sent.push({ to, frame }),
    acquaintance: (id) => people.get(id),
    mayDial: (host) => host.startsWith('10.'),
    said: (peer, endpoints) => said.push([peer, endpoints]),
    told: (about, endpoints) => told.push([about, endpoints]),
  });
  made.start({ port: 4_000, hosts: ['10.9.9.9'] });
  return made;
}

function connect(letters: string, links: string[] = [], hosts = ['10.0.0.1']): void {
  const id = idOf(letters);
  people.set(id, { links, endpoints: hosts.map((host) => ({ host, port: 1 })) });
  exchange.connected(id);
}

/** Who was told about whom since the last time. */
function news(): Record<string, string[]> {
  const about: Record<string, string[]> = {};
  for (const { to, frame } of sent.splice(0)) {
    const names = frame.peers.map(([id]) => id.replace(/(.)\1*$/, '$1'));
    if (names.length > 0) about[to[0] ?? ''] = [...(about[to[0] ?? ''] ?? []), ...names];
  }
  return about;
}

test('whoever connects is told at once where we listen', () => {
  connect('a');
  expect(sent).toEqual([{ to: idOf('a'), frame: { type: 'peers', port: 4_000, hosts: ['10.9.9.9'], peers: [] } }]);
});

test('after two seconds everybody is told about everybody else, once', () => {
  connect('a');
  connect('b');
  connect('c');
  expect(news()).toEqual({});
  clock.increment(TIMINGS.exchangeMs);
  expect(news()).toEqual({ a: ['b', 'c'], b: ['a', 'c'], c: ['a', 'b'] });
  clock.increment(600_000);
  expect(news()).toEqual({});
  connect('d');
  clock.increment(TIMINGS.exchangeMs);
  expect(news()).toEqual({ a: ['d'], b: ['d'], c: ['d'], d: ['a', 'b', 'c'] });
});

test('two who are heard on one network are not told about each other', () => {
  connect('a', ['eth0']);
  connect('b', ['eth0', 'eth1']);
  connect('c', ['eth1']);
  connect('d');
  clock.increment(TIMINGS.exchangeMs);
  expect(news()).toEqual({ a: ['c', 'd'], b: ['d'], c: ['a', 'd'], d: ['a', 'b', 'c'] });
});

test('who is gone is not told about, and who is back is told everything again, as everybody is told of it', () => {
  for (const letters of ['a', 'b', 'c']) connect(letters);
  exchange.disconnected(idOf('c'));
  clock.increment(TIMINGS.exchangeMs);
  expect(news()).toEqual({ a: ['b'], b: ['a'] });
  connect('a');
  clock.increment(TIMINGS.exchangeMs);
  expect(news()).toEqual({ a: ['b'], b: ['a'] });
});

test('of a hundred, fifty are told every two seconds', () => {
  connect('z');
  for (let n = 0; n < 100; n++) connect(`${'abcdefghij'[Math.floor(n / 10)]}${'klmnopqrst'[n % 10]}`, ['eth0']);
  const counts = [0, 1, 2].map(() => {
    clock.increment(TIMINGS.exchangeMs);
    return news().z?.length ?? 0;
  });
  // It has a place in the sequence itself.
  expect(counts).toEqual([49, 50, 1]);
});

const nameOf = (n: number) =>
  `${[...String(n).padStart(3, '0')].map((digit) => 'bcdefghijk'[Number(digit)]).join('')}q`;

test.each([100, 1_000])('on one network %i peers cost one frame each, and no more', (count) => {
  for (let n = 0; n < count; n++) connect(nameOf(n), ['eth0']);
  clock.increment(600_000);
  expect(sent).toHaveLength(count);
  for (const { frame } of sent) expect(frame.peers).toEqual([]);
});

test('two hundred that do not see each other are all told of all, each once, nobody far behind another, and never more than 5,000 in a round', () => {
  for (let n = 0; n < 200; n++) connect(nameOf(n));
  sent.length = 0;
  const told = new Map<string, Set<string>>();
  let rounds = 0;
  for (let before = -1; sent.length !== before; rounds++) {
    before = sent.length;
    clock.increment(TIMINGS.exchangeMs);
    const round = sent.slice(before);
    expect(round.reduce((sum, { frame }) => sum + frame.peers.length, 0)).toBeLessThanOrEqual(MAX_EXCHANGED_AT_ONCE);
    for (const { to, frame } of round) {
      const known = told.get(to) ?? new Set();
      for (const [id] of frame.peers) {
        expect(known.has(id)).toBe(false);
        known.add(id);
      }
      told.set(to, known);
    }
    const counts = [...told.values()].map(({ size }) => size);
    if (told.size === 200) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(MAX_EXCHANGED);
  }
  for (const [id, known] of told) expect([known.size, known.has(id)]).toEqual([199, false]);
  expect(told.size).toBe(200);
  // 200 in pages of 50, for 200 peers, 100 of which are served in one round; and one in which nothing was left.
  expect(rounds).toBe(9);
  expect(sent).toHaveLength(800);
});

test('M4: only addresses that may be dialled are told and taken, and few of each', () => {
  connect('a', [], ['10.0.0.1', 'kitchen.local', '127.0.0.1', ...[2, 3, 4, 5, 6].map((n) => `10.0.0.${n}`)]);
  connect('b', [], ['fe80::1%eth0']);
  clock.increment(TIMINGS.exchangeMs);
  expect(news()).toEqual({ b: ['a'] });
  sent.length = 0;
  exchange.heard(idOf('a'), 'fe80::1%eth0', {
    type: 'peers',
    port: 7,
    hosts: ['127.0.0.1', '10.0.0.7'],
    peers: [
      [idOf('c'), [['224.0.0.1', 1]]],
      [idOf('d'), [['127.0.0.1', 1], ...[1, 2, 3, 4, 5, 6].map((n) => [`10.0.0.${n}`, n] as const)]],
    ],
  });
  expect(said).toEqual([
    [
      idOf('a'),
      [
        { host: 'fe80::1%eth0', port: 7 },
        { host: '10.0.0.7', port: 7 },
      ],
    ],
  ]);
  expect(told).toEqual([[idOf('d'), [1, 2, 3, 4].map((n) => ({ host: `10.0.0.${n}`, port: n }))]]);
});

test('where it is switched off nothing is told about others, and nothing that is told of others is taken', () => {
  exchange = create(false);
  connect('a');
  connect('b');
  clock.increment(60_000);
  expect(news()).toEqual({});
  exchange.heard(idOf('a'), '10.0.0.1', { type: 'peers', port: 1, hosts: [], peers: [[idOf('c'), [['10.0.0.2', 1]]]] });
  expect(said).toHaveLength(1);
  expect(told).toEqual([]);
});
