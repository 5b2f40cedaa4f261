import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesPattern } from '../../shared/pattern.ts';

/** The same by the definition, as slow as it likes. */
function naive(pattern: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return name.length === 0;
  if (first === '*') return naive(rest, name) || (name.length > 0 && naive(pattern, name.slice(1)));
  return name.length > 0 && (first === '?' || first === name[0]) && naive(rest, name.slice(1));
}

test('it says the same as the definition', () => {
  const text = fc.array(fc.constantFrom('a', 'b', '_', '.', '*', '?'), { maxLength: 8 });
  const name = fc.array(fc.constantFrom('a', 'b', '_', '.'), { maxLength: 8 });
  fc.assert(
    fc.property(text, name, (pattern, given) => {
      expect(matchesPattern(pattern.join(''), given.join(''))).toBe(naive(pattern, given));
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ['Service_*', 'Service_Alpha_1', true],
  ['*_Alpha_*', 'Service_Alpha_1', true],
  ['Service', 'Service_Alpha', false],
  ['*Alpha', 'Service_Alpha_1', false],
  ['service_?', 'SERVICE_1', true],
  ['Service_?', 'Service_', false],
  ['Service_?', 'Service_12', false],
  ['a.c', 'abc', false],
  ['[ab]', 'a', false],
  ['a+', 'aa', false],
  ['(a|b)', 'a', false],
  ['*', '', true],
  ['', '', true],
  ['?', '😀', true],
  ['GRÖSSE_*', 'größe_1', false],
  ['Größe_*', 'GRÖßE_1', true],
])('"%s" for "%s": %s', (pattern, name, fits) => {
  expect(matchesPattern(pattern, name)).toBe(fits);
});

test('no pattern is slow', () => {
  const from = performance.now();
  expect(matchesPattern('*a'.repeat(25), 'a'.repeat(49))).toBe(true);
  expect(matchesPattern(`${'*a'.repeat(25)}b`, 'a'.repeat(50))).toBe(false);
  // A pattern that goes back over everything takes seconds for this, and then years for one more letter.
  expect(performance.now() - from).toBeLessThan(1_000);
});
