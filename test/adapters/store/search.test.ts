import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ReaderConnection } from '../../../main/adapters/store/reader-connection.ts';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { SqliteConnection } from '../../../main/adapters/store/sqlite-connection.ts';
import { machineId } from '../../../shared/ids.ts';
import { databaseFile } from '../../support/store/place.ts';
import { became, IN, incarnation, LOCAL, page, type Row, rows } from '../../support/store/rows.ts';

let file: string;
let writer: SqliteConnection;
beforeEach(() => {
  file = databaseFile();
  writer = new SqliteConnection({ file });
  writer.commit([incarnation(1)]);
  onTestFinished(() => writer.close());
});

function openReader(): ReaderConnection {
  const reader = new ReaderConnection(file);
  onTestFinished(() => reader.close());
  return reader;
}

/** Pages of 50 rows; every 100th says something of its own. */
function fill(first: number, last: number): void {
  for (let from = first; from <= last; from += 50) {
    const content = Array.from({ length: 50 }, (_, n): Row => {
      const value = from + n;
      const event = {
        type: value % 7 === 0 ? 'SEVENTH' : 'PING',
        note: value % 100 === 0 ? `Bolt M8×${value}` : 'Größe',
      };
      return { event, to: value % 250 === 0 ? 'Press_9' : 'Press_1' };
    });
    writer.commit([page(LOCAL, from, content)]);
  }
}

const places = (reader: ReaderConnection, query = {}) =>
  reader.reading.answer({ type: 'messages', query }).map(({ place }) => place);
const indexAll = (reader: ReaderConnection) => {
  while (reader.index() > 0);
};

test('the index says how far behind it is, and a search is complete all the same', () => {
  fill(1, 400);
  const reader = openReader();
  const found = [400, 300, 200, 100];
  expect(places(reader, { text: 'bolt m8' })).toEqual(found);
  indexAll(reader);
  expect(reader.index()).toBe(0);
  expect(places(reader, { text: 'bolt m8' })).toEqual(found);
  fill(401, 800);
  expect(places(reader, { text: 'bolt m8' })).toEqual([800, 700, 600, 500, ...found]);
  expect(places(reader, { text: 'bolt m8', oldestFirst: true, limit: 5 })).toEqual([100, 200, 300, 400, 500]);
});

test('any part of a text is found, whatever its characters, and short ones too', () => {
  fill(1, 300);
  const reader = openReader();
  indexAll(reader);
  expect(places(reader, { text: 'M8×2' })).toEqual([200]);
  expect(places(reader, { text: '×1' })).toEqual([100]);
  expect(places(reader, { text: 'GRößE', limit: 2 })).toEqual([299, 298]);
  expect(places(reader, { text: '"note":"bolt', before: 300 })).toEqual([200, 100]);
  expect(places(reader, { text: 'no such text' })).toEqual([]);
});

test('machines and types are looked up in the index', () => {
  fill(1, 1_000);
  const reader = openReader();
  indexAll(reader);
  expect(places(reader, { machine: machineId('Press_9') })).toEqual([1000, 750, 500, 250]);
  expect(places(reader, { machine: machineId('Press_9'), after: 250, before: 1000 })).toEqual([750, 500]);
  expect(places(reader, { eventType: 'SEVENTH', limit: 2 })).toEqual([994, 987]);
  expect(places(reader, { machine: machineId('Press') })).toEqual([]);
});

test('an index that is damaged, or of another database, is made anew', () => {
  fill(1, 200);
  openReader().index();
  writeFileSync(`${file}-search`, 'these are my notes');
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}-search${suffix}`, { force: true });
  const reader = openReader();
  indexAll(reader);
  expect(places(reader, { text: 'bolt' })).toEqual([200, 100]);
});

test('without room for an index rows are read one by one', () => {
  fill(1, 200);
  // A directory in its place, which is not empty.
  mkdirSync(`${file}-search`);
  writeFileSync(join(`${file}-search`, 'taken'), '');
  const reader = openReader();
  expect(reader.index()).toBe(0);
  expect(places(reader, { text: 'bolt' })).toEqual([200, 100]);
});

test('rows that retention took are found no more, and their places are let go', () => {
  fill(1, 400);
  const reader = openReader();
  indexAll(reader);
  writer.commit([became(LOCAL, [1, 400], 'handled')]);
  writer.close();
  writer = new SqliteConnection({ file, keepMs: 1 });
  while (writer.maintain());
  expect(places(reader, { text: 'bolt' })).toEqual([400]);
  expect(reader.index()).toBe(0);
});

test('a store searches on a thread of its own, and indexes when nothing else is to be done', async () => {
  writer.close();
  const store = new SqliteStore({ file });
  await store.open();
  await store.commit([rows(IN, 1, 3_000)]);
  expect(store.searchBehind).toBe(3_000);
  expect(await store.messages({ text: '2999' })).toHaveLength(1);
  await expect.poll(() => store.searchBehind, { timeout: 30_000 }).toBe(0);
  expect(existsSync(`${file}-search`)).toBe(true);
  expect(await store.messages({ text: '2999' })).toHaveLength(1);
  await store.close();
  writer = new SqliteConnection({ file });
});
