import { existsSync, statSync } from 'node:fs';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { JournalReader } from '../../../main/adapters/store/journal-table.ts';
import { LogReader } from '../../../main/adapters/store/log-reader.ts';
import { Retention } from '../../../main/adapters/store/retention.ts';
import { SqliteConnection } from '../../../main/adapters/store/sqlite-connection.ts';
import { openDatabase } from '../../../main/adapters/store/sqlite-open.ts';
import { SqliteWriter } from '../../../main/adapters/store/sqlite-writer.ts';
import { StoredState } from '../../../main/adapters/store/stored-state.ts';
import type { StoredChange } from '../../../main/core/ports.ts';
import { machineId } from '../../../shared/ids.ts';
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
const tenRows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

let file: string;
let write: (...changes: StoredChange[]) => void;
let places: () => readonly number[];
let letters: () => number;
let seqs: (machine: string) => readonly number[];
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
  seqs = (machine) =>
    new JournalReader(db).rows({ machine: machineId(machine), limit: 10_000, oldestFirst: true }).map(({ seq }) => seq);
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

/** An event of a machine's journal, as large as told. */
const journal = (machine: string, at: number, length = 1, hasSnapshot = false): StoredChange => ({
  ...{ type: 'journal', machine: machineId(machine), at, from: 'timer', stateJson: 'null' },
  eventJson: JSON.stringify({ type: 'E', text: 'x'.repeat(length) }),
  ...(hasSnapshot && { snapshot: { snapshot: '{}', definition: `d${at}`, chartJson: 'null' } }),
});

test('what machines did goes with its time, up to the newest snapshot, which replays begin from', () => {
  for (let at = 0; at < 10; at++)
    write(journal('old', at, 1, at % 3 === 0), journal('young', at + 100, 1, at % 3 === 0));
  write(...Array.from({ length: 5 }, (_, at) => journal('single', at, 1, at === 0)));
  const retention = newRetention(50, 1e9);
  while (retention.step(55));
  expect([seqs('old'), seqs('young'), seqs('single')]).toEqual([[4, 5, 6, 7, 8, 9, 10], tenRows, [1, 2, 3, 4, 5]]);
  while (retention.step(1_000));
  expect([seqs('old'), seqs('young'), seqs('single')]).toEqual([[10], [10], [1, 2, 3, 4, 5]]);
});

test('beyond its size log and journals become shorter together, the oldest of both first', () => {
  const padding = 'x'.repeat(20_000);
  for (let n = 1; n <= 200; n++) {
    write(page(IN, n, [{ event: { type: 'PING', padding } }], { loggedAt: NOW + n }), became(IN, n, 'handled'));
    write(journal('Press_1', NOW + n, 20_000, n % 5 === 1));
  }
  const retention = newRetention(YEARS, 4_000_000);
  expect(retention.usedBytes).toBeGreaterThan(8_000_000);
  while (retention.step(NOW + 200));
  expect(retention.usedBytes).toBeLessThan(4_300_000);
  const [firstLogged = 0, firstJournaled = 0] = [places().at(-1), seqs('Press_1')[0]];
  expect(firstLogged).toBeGreaterThan(80);
  expect(Math.abs(firstLogged - firstJournaled)).toBeLessThan(10);
  while (retention.makeRoom());
  expect([places(), seqs('Press_1')]).toEqual([[200], [196, 197, 198, 199, 200]]);
});

test('a store that is tight because of journals is so no more when they were shortened', () => {
  const connection = new SqliteConnection({ file: databaseFile(), maxBytes: 2_000_000, keepBytes: 1_000_000 });
  const add = (n: number) => connection.commit([journal('Press_1', Date.now(), 20_000, n % 4 === 0)]);
  let added = 0;
  while (!add(added++)) expect(added).toBeLessThan(100);
  for (let n = 0; n < 200; n++) add(added++);
  while (connection.maintain());
  expect(connection.commit([])).toBe(false);
  const machine = machineId('Press_1');
  const rows = connection.reading.answer({ type: 'journal', query: { machine, limit: 10_000 } });
  expect(rows[0]?.seq).toBe(added);
  expect(rows.length).toBeGreaterThan(20);
  expect(connection.reading.answer({ type: 'journalSnapshot', machine, seq: added })?.seq).toBeGreaterThan(added - 5);
  connection.close();
});

test('an open store thins its log by itself and makes its ballast', () => {
  const place = { file: databaseFile(), keepMs: 1, keepBytes: 1e9 };
  const connection = new SqliteConnection(place);
  connection.commit([incarnation(1), rows(IN, 1), became(IN, 1, 'handled'), rows(IN, 2)]);
  expect(connection.maintain()).toBe(false);
  expect(connection.reading.answer({ type: 'messages', query: {} }).map(({ place: at }) => at)).toEqual([2]);
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
