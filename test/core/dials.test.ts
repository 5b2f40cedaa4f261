import { expect, test } from 'vitest';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { Dials, type Lane } from '../../main/core/dials.ts';

function start(limit = 6) {
  const clock = new SimulatedClock();
  const dials = new Dials(clock, { dials: limit });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  return {
    clock,
    dials,
    begun,
    /** A dial that lasts until `end`. */
    add: (key: string, lane: Lane) =>
      dials.add(key, lane, () => {
        begun.push(key);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    /** Ends the one that began first, or all. */
    end: async (count = 1) => {
      for (const resolve of ends.splice(0, count)) resolve();
      await new Promise(setImmediate);
    },
  };
}

const names = (count: number, prefix = 'n') => Array.from({ length: count }, (_, at) => `${prefix}${at}`);

test('no more than six are dialled at once, in the order in which they came', async () => {
  const { add, begun, end } = start();
  for (const name of names(8)) add(name, 'known');
  expect(begun).toEqual(names(6));
  await end();
  expect(begun).toEqual(names(7));
  await end(9);
  expect(begun).toEqual(names(8));
});

test('a thousand strangers do not keep out one that we know, nor do peers that are away', async () => {
  const { add, begun } = start();
  for (const name of names(1_000, 'stranger')) add(name, 'stranger');
  for (const name of names(10, 'away')) add(name, 'away');
  expect(begun).toHaveLength(5);
  add('friend', 'known');
  expect(begun.at(-1)).toBe('friend');
});

test('of strangers a burst is dialled, then eight in a second', async () => {
  const { clock, add, begun, end } = start();
  for (const name of names(100)) add(name, 'stranger');
  const run = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 25) {
      await end(9);
      clock.increment(25);
    }
  };
  await run(225);
  expect(begun.length).toBeGreaterThanOrEqual(32);
  expect(begun.length).toBeLessThanOrEqual(34);
  const before = begun.length;
  await run(2_000);
  expect(begun.length - before).toBeGreaterThanOrEqual(15);
  expect(begun.length - before).toBeLessThanOrEqual(17);
});

test('who is sighted leaves the slow lane', () => {
  const { dials, add, begun } = start();
  for (const name of names(9, 'away')) add(name, 'away');
  expect(begun).toEqual(names(3, 'away'));
  dials.move('away8', 'known');
  dials.move('nobody', 'known');
  expect(begun.slice(3)).toEqual(['away8']);
});

test('nobody is dialled twice at once, and whoever asks again gets another turn', async () => {
  const { add, begun, end } = start();
  for (const lane of ['known', 'away', 'stranger', 'known'] as const) add('one', lane);
  expect(begun).toEqual(['one']);
  await end();
  expect(begun).toEqual(['one', 'one']);
  await end();
  expect(begun).toHaveLength(2);
});

test('a dial that fails makes room for the next one', async () => {
  const { dials } = start(1);
  let reached = false;
  dials.add('one', 'known', async () => {});
  dials.add('two', 'known', async () => {
    reached = true;
  });
  await new Promise(setImmediate);
  expect(reached).toBe(true);
});

test('after a stop nobody is dialled', async () => {
  const { clock, dials, add, begun, end } = start();
  for (const name of names(50)) add(name, 'stranger');
  const before = begun.length;
  dials.stop();
  await end(9);
  clock.increment(60_000);
  expect(begun).toHaveLength(before);
});
