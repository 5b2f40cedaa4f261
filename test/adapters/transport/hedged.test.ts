import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hedged, type Road } from '../../../main/adapters/transport/hedged.ts';

const AGAIN_MS = 500;

interface Attempt {
  readonly given: AbortSignal;
  readonly answered: () => void;
  readonly succeed: (result: string) => void;
  readonly fail: (error: Error) => void;
}

let attempts: Attempt[];
beforeEach(() => {
  attempts = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

/** Attempts that end as the test says, or when they are told to give up. */
function start(
  road: Road = { isBad: false, isAnswered: false },
  signal = new AbortController().signal,
): Promise<string> {
  const attempt = (given: AbortSignal, answered: () => void) =>
    new Promise<string>((succeed, fail) => {
      given.addEventListener('abort', () => fail(given.reason));
      attempts.push({ given, answered, succeed, fail });
    });
  return hedged(attempt, AGAIN_MS, road, signal);
}

test('where nothing answers, another attempt begins every half second, and the first to succeed ends the others', async () => {
  const road = { isBad: false, isAnswered: false };
  const result = start(road);
  await pass(AGAIN_MS - 1);
  expect([attempts.length, road.isBad]).toEqual([1, false]);
  await pass(2);
  expect([attempts.length, road.isBad]).toEqual([2, true]);
  await pass(AGAIN_MS + 2);
  expect(attempts).toHaveLength(3);
  attempts[1]?.succeed('second');
  expect(await result).toBe('second');
  expect(attempts.map(({ given }) => given.aborted)).toEqual([true, true, true]);
  await pass(10_000);
  expect(attempts).toHaveLength(3);
});

test('a peer that the network reaches, and that is slow, is not burdened with more', async () => {
  const road = { isBad: false, isAnswered: false };
  const result = start(road);
  attempts[0]?.answered();
  expect(road.isAnswered).toBe(true);
  await pass(10_000);
  expect(attempts).toHaveLength(1);
  // Another address of the same peer found that packets get lost.
  road.isBad = true;
  await pass(AGAIN_MS + 1);
  expect(attempts).toHaveLength(2);
  attempts[0]?.succeed('first');
  expect(await result).toBe('first');
});

test('a refusal ends it at once; where others are under way they have their chance, and no more begin', async () => {
  const refused = start();
  attempts[0]?.fail(new Error('refused'));
  await expect(refused).rejects.toThrow('refused');
  attempts = [];
  const result = start();
  await pass(AGAIN_MS + 1);
  attempts[0]?.fail(new Error('reset'));
  await pass(10_000);
  expect(attempts).toHaveLength(2);
  attempts[1]?.succeed('second');
  expect(await result).toBe('second');
});

test('when the dial is over, all give up with its reason', async () => {
  const over = new AbortController();
  const result = start({ isBad: true, isAnswered: false }, over.signal);
  result.catch(() => {});
  await pass(AGAIN_MS + 1);
  over.abort(new Error('no answer within 3 s'));
  await expect(result).rejects.toThrow('no answer within 3 s');
  expect(attempts.map(({ given }) => given.aborted)).toEqual([true, true]);
});
