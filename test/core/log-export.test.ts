import { beforeEach, expect, test } from 'vitest';
import { MemoryStore } from '../../main/adapters/store/memory.ts';
import { type ExportFormat, type ExportPart, exportLog } from '../../main/core/log-export.ts';
import { machineId } from '../../shared/ids.ts';
import { became, IN, incarnation, LOCAL, page, rows } from '../support/store/rows.ts';

let store: MemoryStore;
beforeEach(async () => {
  store = new MemoryStore();
  await store.open();
  await store.commit([incarnation(1)]);
});

async function exported(format: ExportFormat, query = {}) {
  const parts: ExportPart[] = [];
  for await (const part of exportLog((asked) => store.messages(asked), format, query)) parts.push(part);
  return { parts, text: parts.map(({ text }) => text).join('') };
}

test('an empty log is an empty export', async () => {
  expect((await exported('jsonl')).text).toBe('');
  expect((await exported('csv')).text).toMatch(/^place,logged at,.*\r\n$/);
});

test('all rows come, oldest first, in parts that say how far they are', async () => {
  await store.commit([rows(IN, 1, 2_500), became(IN, [1, 2_499], 'handled')]);
  const { text, parts } = await exported('jsonl');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ place }) => place)).toEqual(Array.from({ length: 2_500 }, (_, n) => n + 1));
  expect(lines[0]).toMatchObject({ event: { type: 'PING', sequence: 1 }, status: 'handled', direction: 'in' });
  expect(parts.map(({ rows: count }) => count)).toEqual([1_000, 2_000, 2_500]);
  expect(parts.map(({ done }) => Math.round(done * 100))).toEqual([40, 80, 100]);
});

test('large events come a few at a time, down to one', async () => {
  const large = { event: { type: 'LARGE', text: 'x'.repeat(600_000) } };
  await store.commit([rows(IN, 1, 10), ...Array.from({ length: 7 }, (_, n) => page(IN, 11 + n, [large]))]);
  const { parts } = await exported('jsonl');
  expect(parts.map(({ rows: count }) => count)).toEqual([12, 14, 16, 17]);
  expect(parts.at(-1)?.done).toBe(1);
});

test('the end is told also where the last rows are not wanted', async () => {
  await store.commit([page(LOCAL, 1, [{ to: 'other' }]), rows(IN, 1, 5)]);
  const { parts } = await exported('jsonl', { machine: machineId('other') });
  expect(parts.at(-1)).toMatchObject({ rows: 1, done: 1 });
});

test('what is logged while it goes on is not in it', async () => {
  await store.commit([rows(IN, 1, 1_500)]);
  let seen = 0;
  for await (const { rows: count } of exportLog((asked) => store.messages(asked), 'jsonl')) {
    if (seen === 0) await store.commit([rows(IN, 1_501, 1_600)]);
    seen = count;
  }
  expect(seen).toBe(1_500);
});

test('a query says which rows', async () => {
  await store.commit([rows(IN, 1, 5), page(LOCAL, 1, [{ to: 'other' }])]);
  const { text } = await exported('jsonl', { machine: machineId('other') });
  expect(text.trimEnd().split('\n')).toHaveLength(1);
});

test('a spreadsheet gets cells that are whole, and no formula', async () => {
  const event = { type: '=HYPERLINK("http://evil")', text: 'a "quoted", and\nbroken' };
  await store.commit([page(LOCAL, 1, [{ event }])]);
  const [, line = ''] = (await exported('csv')).text.split('\r\n');
  expect(line).toContain(`"'=HYPERLINK(""http://evil"")"`);
  expect(line).toContain(`"${JSON.stringify(event).replaceAll('"', '""')}"`);
  expect(line).toContain('2023-11-14T22:13:20.001Z');
});
