import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { explore, type Pinned, replay } from '../support/delivery/explore.ts';
import { History } from '../support/delivery/history.ts';
import { LIMITS } from '../support/delivery/limits.ts';
import { MUTANTS } from '../support/delivery/mutants.ts';

const SEED = 42;
const HISTORIES = 20_000;
const directory = new URL('../support/delivery/', import.meta.url);
const pinned = JSON.parse(readFileSync(new URL('pinned.json', directory), 'utf8')) as Record<string, Pinned>;

test(`I1, I2, I3, I4, I5, I6, I7, I8, I9, I10, I11: whatever happens to lines, clocks, disks and processes, what is accepted arrives, once and in order (${HISTORIES} histories of seed ${SEED})`, () => {
  expect(explore(History, { runs: HISTORIES, seed: SEED })).toEqual({ runs: HISTORIES });
}, 600_000);

test.each(Object.entries(pinned))('the history that showed that %s is missed violates nothing', (_, history) => {
  expect(replay(History, history)).toBe('');
});

test('I12: a sender that is restarted 200 times while its peer is away delivers everything', () => {
  const starts = Array.from({ length: 200 }, () => 'send 24; flush 0; kill 0').join('; ');
  const limits = { ...LIMITS };
  Object.assign(LIMITS, { outboxRows: 300, waitingRows: 1_000, ttlMs: 1e9 });
  try {
    expect(replay(History, { steps: starts, chance: 1 })).toBe('');
  } finally {
    Object.assign(LIMITS, limits);
  }
});

describe('without this rule a history goes wrong:', async () => {
  const hunt = fileURLToPath(new URL('hunt.ts', directory));
  // In a process of its own, as the text of the product is changed while it is loaded.
  const { stdout } = await promisify(execFile)(process.execPath, [hunt]).catch((failed: { stdout: string }) => failed);
  const caught = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; what: string | null })
      .map(({ name, what }) => [name, what]),
  );
  test.each(Object.entries(MUTANTS).map(([name, { rule }]) => [rule, name]))('%s', (_, name) => {
    expect(caught.get(name)).toEqual(expect.any(String));
  });
});
