import { existsSync, statSync } from 'node:fs';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { LogReader } from '../../../main/adapters/store/log-reader.ts';
import { Retention } from '../../../main/adapters/store/retention.ts';
import { SqliteConnection } from '../../../main/adapters/store/sqlite-connection.ts';
import { openDatabase } from '../../../main/adapters/store/sqlite-open.ts';
import { SqliteWriter } from '../../../main/adapters/store/sqlite-writer.ts';
import { StoredState } from '../../../main/adapters/store/stored-state.ts';
import type { StoredChange } from '../../../main/core/ports.ts';
import { databaseFile } from '../../support/store/place.ts';
import {
  acknowledged,
  became,
  IN,
  incarnation,
  LOCAL,
  letter,
  mark,
  OUT,
  page,
  position,
  refusalsKnown,
  rows,
} from '../../support/store/rows.ts';

const DAY_MS = 86_400_000;
const NOW = 1_700_000_000_001;
const YEARS = 10 * 365 * DAY_MS;

let file: string;
let write: (...changes: StoredChange[]) => void;
let places: () => readonly number[];
let letters: () => number;
let state: () => ReturnType<StoredState['read']>;
let newRetention: (keepMs: number, keepBytes: number) => Retention;

beforeEach(() => {
  file = databaseFile();
  const { db, close } = openDatabase({ file });
  onTestFinished(close);
  const writer = new SqliteWriter(db);
  write = (...changes) => writer.write(changes);
  places = () => new LogReader(db).messages({ limit: 10_000 }).map(({ place }) => place);
  letters = () => Number(db.prepare('SELECT count(*) FROM dead_letters').pluck().get());
  state = () => new StoredState(db).read();
  newRetention = (keepMs, keepBytes) => new Retention(db, { keepMs, keepBytes });
  write(incarnation(1));
});

test('what is older than its time goes, the oldest first, and the newest row stays', () => {
  write(page(IN, 1, [{}], { loggedAt: NOW - 2 * DAY_MS }), page(IN, 2, [{}, {}], { loggedAt: NOW }));
  write(became(IN, [1, 3], 'handled'));
  newRetention(DAY_MS, 1e9).step(NOW);
  expect(places()).toEqual([3, 2]);
  newRetention(0, 1e9).step(NOW + 1);
  expect(places()).toEqual([3, 2]);
  write(rows(IN, 4));
  expect(places()).toEqual([4, 3, 2]);
});

test('beyond its size the oldest go, however young, and the file becomes smaller', () => {
  const padding = 'x'.repeat(20_000);
  for (let first = 1; first <= 300; first++)
    write(page(IN, first, [{ event: { type: 'PING', padding } }]), became(IN, first, 'handled'));
  const retention = newRetention(YEARS, 2_000_000);
  expect(retention.usedBytes).toBeGreaterThan(6_000_000);
  while (retention.step(NOW));
  expect(retention.usedBytes).toBeLessThan(2_200_000);
  expect(places().length).toBeGreaterThan(50);
  expect(places()[0]).toBe(300);
});

test.each<[string, StoredChange[], number[]]>([
  ['waits for a peer', [rows(OUT, 1, 3), acknowledged(2)], [3, 2, 1]],
  ['a machine is not done with', [rows(IN, 1, 3), became(IN, [2, 3], 'handled')], [3, 2, 1]],
  ['a machine of this node is not done with', [rows(LOCAL, 1, 2), became(LOCAL, 2, 'handled')], [2, 1]],
  [
    'was refused, and the peer may not know',
    [rows(IN, 1, 2), became(IN, 1, 'refused', 'MACHINE_BUSY'), became(IN, 2, 'handled')],
    [2, 1],
  ],
  [
    'is done with',
    [rows(IN, 1, 2), became(IN, 1, 'refused', 'MACHINE_BUSY'), became(IN, 2, 'handled'), refusalsKnown(2)],
    [],
  ],
  ['the peer has', [rows(OUT, 1, 3), acknowledged(3)], []],
  ['expired', [rows(OUT, 1), became(OUT, 1, 'expired', 'ENVELOPE_EXPIRED'), acknowledged(1)], []],
  ['was volatile', [page(IN, 1, [{ id: 'own' }], { volatile: true })], []],
])('what %s', (_, changes, kept) => {
  write(...changes, page({ ...OUT, epoch: 'eeeeeeeeeeeeeeee' }, 1, [{}], { volatile: true }));
  const before = state();
  const retention = newRetention(0, 0);
  while (retention.step(NOW + DAY_MS));
  expect(places().slice(1)).toEqual(kept);
  expect(state()).toEqual(before);
});

test('verdicts go with their rows, and what is left of a stream is still right', () => {
  for (let first = 1; first <= 40; first += 4) write(page(IN, first, [{}, {}, {}, {}], { loggedAt: first }));
  write(became(IN, [1, 2], 'ignored'), became(IN, [4, 30], 'handled'), became(IN, [31, 32], 'dead', 'MACHINE_FAILED'));
  newRetention(0, 1e9).step(40);
  expect(places()).toEqual([...Array.from({ length: 8 }, (_, n) => 40 - n), 4, 3, 2, 1]);
  write(became(IN, [3, 3], 'handled'), became(IN, [33, 40], 'ignored'), rows(LOCAL, 1));
  const retention = newRetention(0, 1e9);
  while (retention.step(NOW + DAY_MS));
  expect(state()).toMatchObject({ open: [{ direction: 'local' }], marks: [position(40)] });
});

test('marks are kept 400 days, streams that are drained a day', () => {
  write(mark(7), rows(OUT, 1), acknowledged(1), rows(IN, 8));
  write(became(IN, 8, 'handled'), rows(LOCAL, 1));
  const retention = newRetention(0, 1e9);
  while (retention.step(Date.now() + 399 * DAY_MS));
  expect(state().marks).toMatchObject([position(8)]);
  while (retention.step(Date.now() + 401 * DAY_MS));
  expect(state().marks).toEqual([]);
});

test('the newest 100,000 dead letters are kept', () => {
  write(...Array.from({ length: 100_003 }, (_, n): StoredChange => ({ type: 'deadLetter', letter: letter(n) })));
  newRetention(0, 1e9).step(NOW);
  expect(letters()).toBe(100_000);
});

test('an open store thins its log by itself and makes its ballast', () => {
  const place = { file: databaseFile(), keepMs: 1, keepBytes: 1e9 };
  const connection = new SqliteConnection(place);
  connection.commit([incarnation(1), rows(IN, 1), became(IN, 1, 'handled'), rows(IN, 2)]);
  expect(connection.maintain()).toBe(false);
  expect(connection.messages({}).map(({ place: at }) => at)).toEqual([2]);
  expect(statSync(`${place.file}-ballast`).size).toBe(16 * 1024 * 1024);
  connection.close();
});

test('at nine tenths of its room a store says that it is tight, and no more when rows went', async () => {
  const place = { file: databaseFile(), maxBytes: 2_000_000, keepBytes: 1_000_000 };
  const connection = new SqliteConnection(place);
  const large = { event: { type: 'PING', padding: 'x'.repeat(50_000) } };
  let sequence = 0;
  const add = () => connection.commit([page(OUT, ++sequence, [large])]);
  while (!add());
  expect(sequence).toBeGreaterThan(20);
  expect(sequence).toBeLessThan(40);
  connection.commit([acknowledged(sequence - 5)]);
  while (connection.maintain());
  expect(existsSync(`${place.file}-ballast`)).toBe(false);
  await expect.poll(() => connection.commit([]), { timeout: 30_000 }).toBe(false);
  connection.close();
});
