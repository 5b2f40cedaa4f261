import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chartOf } from '../../main/core/chart.ts';
import { acceptedEvents } from '../../renderer/src/pages/machine/accepted-events.ts';
import { readBody } from '../../renderer/src/pages/machine/event-body.ts';
import { cell } from './machines.ts';

test.each([
  ['', {}],
  [' \n', {}],
  ['{"part": 7, "deep": {"list": [1, null]}}', { part: 7, deep: { list: [1, null] } }],
])('reads %j', (text, fields) => {
  expect(readBody(text)).toEqual({ ok: true, fields });
});

test.each([
  ['{"part": 7', 1, 11, /ends too early: a "}" is missing/],
  ['{"list": [1, 2', 1, 15, /a "]" is missing/],
  ['{"part": "7', 1, 10, /closing quote is missing/],
  ['{"part":', 1, 9, /a value is missing/],
  ['{"part": "a\\x"}', 1, 10, /backslash/],
  ['{"part": 07}', 1, 10, /A value is expected here, not "07"/],
  ['[1, 2,]', 1, 7, /comma too many before "]"/],
  ['{"a": 1 "b": 2}', 1, 9, /A "," or a "}" is expected here, not ""b""/],
  ['{\n  part: 7\n}', 2, 3, /A key stands in double quotes/],
  ["{'part': 7}", 1, 2, /Text stands in double quotes/],
  ['{"part": 7,\n}', 2, 1, /comma too many before "}"/],
  ['{"part": seven}', 1, 10, /A value is expected here, not "seven"/],
  ['{"part" 7}', 1, 9, /A ":" is expected here, not "7"/],
  ['{} {}', 1, 4, /"{" is not expected here/],
])('says what is wrong in %j, and where', (text, line, column, why) => {
  const read = readBody(text);

  expect(read).toMatchObject({ ok: false, fault: { line, column } });
  expect(read.ok ? '' : read.fault.why).toMatch(why);
});

test('says of any damaged JSON where it is wrong', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom('', '"', '}', ']', ',', ':', '\n', 'x', '\\'), (json, at, put) => {
      const place = at % (json.length + 1);
      const text = json.slice(0, place) + put + json.slice(place + 1);
      fc.pre(!isJson(text) && text.trim() !== '');
      const read = readBody(text);

      expect(read.ok).toBe(false);
      if (!read.ok) expect(read.fault.line).toBeGreaterThan(0);
      const { line = 0, column = 0 } = read.ok ? {} : read.fault;
      const lines = text.split('\n');
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    }),
    { numRuns: 2_000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test.each([
  ['[1]', /a list/],
  ['"text"', /a text/],
  ['7', /a number/],
  ['null', /null/],
  ['{"type": "X"}', /leave "type" out/],
  ['{"a": [{"__proto__": {}}]}', /__proto__/],
])('refuses %j as a whole', (text, why) => {
  const read = readBody(text);

  expect(read.ok ? '' : read.fault.why).toMatch(why);
  expect(read).not.toHaveProperty('fault.line');
});

const chart = chartOf(cell);
if (!chart) throw new Error('no chart');

test('events that the present state takes are offered, those of the innermost states first', () => {
  const { now, any } = acceptedEvents(chart, [
    'cell',
    'cell.work',
    'cell.door',
    'cell.work.running',
    'cell.door.open',
    'cell.work.running.unload',
  ]);

  expect(now).toEqual(['OUT', 'CLOSE', 'PAUSE', 'FAULT', 'AGAIN', 'STOP']);
  expect(any).toBe(false);
});

test('neither timers, nor what invoked actors say, nor what is forbidden is offered', () => {
  const offered = acceptedEvents(chart, ['cell', 'cell.work', 'cell.work.homing']);
  const all = [...offered.now, ...offered.else];

  expect(offered.now).toEqual(['SKIP', 'STOP']);
  expect(all.filter((event) => event.startsWith('xstate.') || event === '' || event === '*')).toEqual([]);
});

test('a wildcard takes every event', () => {
  expect(acceptedEvents(chart, ['cell', 'cell.work', 'cell.work.paused']).any).toBe(true);
});
