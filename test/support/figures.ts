import { expect } from 'vitest';

/** With INTERMACHINE_QUIET=1 nobody else uses this machine, and what is promised is asserted. */
const IS_QUIET = process.env.INTERMACHINE_QUIET === '1';
/** Where others work too, a figure says little; what takes so many times as long is a fault, whoever else works. */
const FAULT_FACTOR = 4;

/**
 * Prints what was measured beside what is promised on a quiet machine, and fails at what only a fault explains: four times as much, or,
 * with INTERMACHINE_QUIET=1, at the promise itself. All in milliseconds.
 */
export function expectWithin(what: string, measured: readonly number[], promisedMs: number): void {
  const sorted = measured.toSorted((one, other) => one - other);
  const [middle = Number.NaN, longest = Number.NaN] = [sorted[sorted.length >> 1], sorted.at(-1)];
  const boundMs = IS_QUIET ? promisedMs : promisedMs * FAULT_FACTOR;
  console.log(
    `figure: ${what}: ${middle.toFixed(1)} ms, at most ${longest.toFixed(1)} ms (of ${sorted.length}; promised ${promisedMs} ms, a fault from ${boundMs} ms on)`,
  );
  expect(longest, `${what}, in milliseconds`).toBeLessThan(boundMs);
}
