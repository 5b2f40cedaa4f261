import { beforeEach, expect, test } from 'vitest';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { MAX_PENDING, PENDING_BURST, PENDING_EVERY_MS, PENDING_FOR_MS } from '../../main/core/defaults.ts';
import { Pending } from '../../main/core/pending.ts';
import type { NodeId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz';
const stranger = (n: number): NodeId => idOf(`${[...String(n)].map((digit) => letters[Number(digit)]).join('')}z`);

let clock: SimulatedClock;
let pending: Pending;
beforeEach(() => {
  clock = new SimulatedClock();
  pending = new Pending(clock);
});

test('a stranger is remembered with its name, where it listens and when it knocked last', () => {
  const endpoints = [{ host: '10.0.0.7', port: 4000 }];
  expect(pending.knocked(stranger(1), 'press', endpoints)).toBe(true);
  clock.increment(5_000);
  pending.knocked(stranger(1), 'press', endpoints);
  expect(pending.list()).toMatchObject([{ id: stranger(1), name: 'press', endpoints, knockedAt: clock.wallTime() }]);
});

test('one that has not knocked for long is forgotten', () => {
  pending.knocked(stranger(1), '', []);
  clock.increment(PENDING_FOR_MS);
  expect(pending.list()).toHaveLength(1);
  clock.increment(1);
  expect(pending.list()).toEqual([]);
});

test('a flood is cut: so many at once, then one in each span', () => {
  for (let n = 0; n < 10_000; n++) pending.knocked(stranger(n), '', []);
  expect(pending.list()).toHaveLength(PENDING_BURST);
  clock.increment(3 * PENDING_EVERY_MS);
  for (let n = 10_000; n < 20_000; n++) pending.knocked(stranger(n), '', []);
  expect(pending.list()).toHaveLength(PENDING_BURST + 3);
});

test('never more than 64 are remembered, and whoever knocks again is not washed out', () => {
  pending.knocked(stranger(0), 'honest', []);
  for (let n = 1; n < 1_000; n++) {
    clock.increment(PENDING_EVERY_MS);
    pending.knocked(stranger(n), '', []);
    if (n % 50 === 0) pending.knocked(stranger(0), 'honest', []);
  }
  expect(pending.list()).toHaveLength(MAX_PENDING);
  expect(pending.get(stranger(0))?.name).toBe('honest');
});
