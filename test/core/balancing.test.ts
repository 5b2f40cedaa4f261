import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Balance, Balancer } from '../../main/core/balancing.ts';
import type { MachineInfo } from '../../main/core/registry.ts';
import { type Address, addressOf, machineId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const machine = (n: number, { local = false } = {}): MachineInfo => ({
  id: machineId(`M_${n}`),
  address: addressOf(idOf(local ? 'a' : 'b'), machineId(`M_${n}`)),
  node: idOf(local ? 'a' : 'b'),
  type: 'M',
  version: '1.0.0',
  metadata: {},
  healthy: true,
  running: true,
  local,
  reachable: true,
});
const machines = (count: number) => Array.from({ length: count }, (_, n) => machine(n));

/** Park and Miller's minimal standard generator from a fixed seed, so that every run is the same. */
function chance(): () => number {
  let seed = 20_261_124;
  return () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
}

const balancer = (loads: Readonly<Record<string, number>> = {}, trips: Readonly<Record<string, number>> = {}) =>
  new Balancer({
    random: chance(),
    inFlight: (address: Address) => loads[address] ?? 0,
    roundTripMs: ({ address }) => trips[address] ?? Number.POSITIVE_INFINITY,
  });

const counts = (from: readonly MachineInfo[], times: number, balance: (n: number) => Balance, by = balancer()) => {
  const chosen = new Map<string, number>(from.map(({ id }) => [id, 0]));
  for (let n = 0; n < times; n++) {
    const { id } = by.choose(from, balance(n), 'turn') as MachineInfo;
    chosen.set(id, (chosen.get(id) ?? 0) + 1);
  }
  return [...chosen.values()];
};

/** Pearson's statistic for equal parts. For 9 degrees of freedom it is above 33.7 once in 10,000 runs; the seed is fixed. */
const chiSquare = (seen: readonly number[]): number => {
  const expected = seen.reduce((sum, count) => sum + count, 0) / seen.length;
  return seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
};

test('by chance, each gets its part', () => {
  expect(chiSquare(counts(machines(10), 10_000, () => ({ strategy: 'random' })))).toBeLessThan(33.7);
});

test('in turn, each gets exactly its part, also when others come and go in between', () => {
  const all = machines(10);
  expect(counts(all, 1_000, () => ({ strategy: 'roundRobin' }))).toEqual(Array(10).fill(100));
  const by = balancer();
  const next = (from: readonly MachineInfo[]) => by.choose(from, { strategy: 'roundRobin' }, 'turn')?.id;
  expect([next(all), next(all), next(all.slice(3)), next(all), next(all.slice(0, 2))]).toEqual([
    'M_0',
    'M_1',
    'M_3',
    'M_4',
    'M_0',
  ]);
  expect(by.choose(all, { strategy: 'roundRobin' }, 'another turn')?.id).toBe('M_0');
});

describe('by key', () => {
  const keys = Array.from({ length: 10_000 }, (_, n) => `part ${n}`);
  const owner = (from: readonly MachineInfo[], key: string) =>
    balancer().choose(from, { strategy: 'hash', key }, '')?.id;

  test('keys are spread evenly', () => {
    expect(chiSquare(counts(machines(10), keys.length, (n) => ({ strategy: 'hash', key: `part ${n}` })))).toBeLessThan(
      33.7,
    );
  });

  test('without one of ten machines just the keys of that one move', () => {
    const before = machines(10);
    const after = before.filter(({ id }) => id !== 'M_4');
    const moved = keys.filter((key) => owner(before, key) !== owner(after, key));
    expect(moved.every((key) => owner(before, key) === 'M_4')).toBe(true);
    expect(moved.length / keys.length).toBeGreaterThan(0.08);
    expect(moved.length / keys.length).toBeLessThan(0.12);
  });

  test('the order in which machines are known does not matter', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(machines(8), { minLength: 8 }), fc.string({ minLength: 1 }), (shuffled, key) => {
        expect(owner(shuffled, key)).toBe(owner(machines(8), key));
      }),
    );
  });
});

test('the least loaded, the nearest and the local one are preferred, and by chance among equals', () => {
  const [one, two, three] = machines(3) as [MachineInfo, MachineInfo, MachineInfo];
  const loads = { [one.address]: 5, [two.address]: 2, [three.address]: 2 };
  expect(counts([one, two, three], 200, () => ({ strategy: 'leastLoaded' }), balancer(loads))[0]).toBe(0);
  const [, second, third] = counts([one, two, three], 200, () => ({ strategy: 'leastLoaded' }), balancer(loads));
  expect(Math.min(second ?? 0, third ?? 0)).toBeGreaterThan(60);
  const trips = { [two.address]: 0.4, [three.address]: 3 };
  expect(counts([one, two, three], 50, () => ({ strategy: 'latency' }), balancer({}, trips))).toEqual([0, 50, 0]);
  const near = machine(9, { local: true });
  expect(counts([one, two, near], 50, () => ({ strategy: 'preferLocal' }))).toEqual([0, 0, 50]);
  expect(counts([one, two], 100, () => ({ strategy: 'preferLocal' })).every((count) => count > 20)).toBe(true);
});

test('from nobody nobody is chosen', () => {
  for (const strategy of ['random', 'roundRobin', 'leastLoaded', 'latency', 'preferLocal'] as const)
    expect(balancer().choose([], { strategy }, '')).toBeUndefined();
  expect(balancer().choose([], { strategy: 'hash', key: 'k' }, '')).toBeUndefined();
});
