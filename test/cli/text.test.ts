import { expect, test } from 'vitest';
import { fieldsOf, plain, timeOfDay } from '../../main/cli/text.ts';

test.each([
  ['a terminal’s control sequence', '\u001B[2Jgone'],
  ['a bell', 'ding\u0007'],
  ['a new line', 'one\ntwo'],
  ['text that turns its direction', 'bi\u202Edi'],
  ['an isolate', 'a\u2066b'],
  ['a line separator', 'a\u2028b'],
  ['half a character', 'a\ud800b'],
])('M8: %s becomes visible', (_, text) => {
  expect(plain(text)).toContain('\uFFFD');
  expect(plain(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

test('the fields of an event fit in a line', () => {
  expect(fieldsOf({ type: 'A', part: 3, passed: true, note: 'two\nlines' })).toBe(
    'part=3 passed=true note=two\uFFFDlines',
  );
  expect(fieldsOf({ type: 'A', long: 'x'.repeat(1_000) })).toHaveLength(60);
  expect(fieldsOf({ type: 'A' })).toBe('');
});

test('a time of day shows milliseconds', () => {
  expect(timeOfDay(5)).toMatch(/^\d\d:\d\d:\d\d\.005$/);
});
