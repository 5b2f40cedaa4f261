import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, test } from 'vitest';
import { restoreDatabase } from '../../../main/adapters/store/backup.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../../main/adapters/store/schema.ts';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { databaseFile, temporaryDirectory } from '../../support/store/place.ts';
import { IN, incarnation, mark, OUT, position, rows, SELF, waiting } from '../../support/store/rows.ts';

let file: string;
let backup: string;
let store: SqliteStore;
beforeEach(async () => {
  file = databaseFile();
  backup = join(temporaryDirectory(), 'deep', 'backup.db');
  store = new SqliteStore({ file });
  await store.open();
  await store.commit([incarnation(3), rows(IN, 1, 500), rows(OUT, 1, 2)]);
});

test('a backup is the whole store as it is, made while it goes on', async () => {
  const during = Array.from({ length: 50 }, (_, n) => store.commit([rows(IN, 501 + n)]));
  const { bytes } = await store.backupTo(backup);
  await Promise.all(during);
  await store.commit([rows(OUT, 3)]);
  await store.close();
  expect(statSync(backup).size).toBe(bytes);
  expect(statSync(backup).mode & 0o077).toBe(0);

  const { kept } = restoreDatabase(backup, file);
  const state = await store.open();
  expect(state).toMatchObject({ incarnation: 3, outbox: [waiting(1), waiting(2)] });
  expect(state.marks[0]?.sequence).toBeGreaterThanOrEqual(500);
  expect(await store.messages({ text: '"sequence":499' })).toHaveLength(1);
  await store.close();
  const before = new SqliteStore({ file: kept ?? '' });
  expect((await before.open()).outbox).toHaveLength(3);
  await before.close();
});

test('a backup is restored where there is no database yet, with its id beside it', async () => {
  await store.backupTo(backup);
  await store.close();
  const elsewhere = databaseFile();
  expect(restoreDatabase(backup, elsewhere)).toEqual({ kept: undefined, of: SELF });
  expect(readFileSync(`${elsewhere}-id`)).toEqual(readFileSync(`${file}-id`));
  const restored = new SqliteStore({ file: elsewhere });
  expect((await restored.open()).marks).toMatchObject([position(500)]);
  await restored.commit([mark(600)]);
  await restored.close();
});

test('what is left of the store that was there is kept beside it, its journal too', async () => {
  await store.backupTo(backup);
  await store.close();
  restoreDatabase(backup, file);
  const names = readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.before-`));
  expect(names).toHaveLength(1);
});

describe('BACKUP_FAILED tells what is wrong:', () => {
  test('a file that exists is not written over', async () => {
    writeFileSync(join(dirname(file), 'precious'), 'precious');
    await expect(store.backupTo(join(dirname(file), 'precious'))).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
    expect(readFileSync(join(dirname(file), 'precious'), 'utf8')).toBe('precious');
    await store.close();
  });

  test('a place where nothing can be written', async () => {
    await expect(store.backupTo('/proc/no/such.db')).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
    await store.commit([mark(900)]);
    await store.close();
  });

  test.each<[string, (place: string) => void, string]>([
    ['is not there', () => {}, 'there is no such file'],
    ['is a directory', (place) => mkdirSync(place), 'it is not a file'],
    ['has no bytes', (place) => writeFileSync(place, ''), 'it is empty'],
    ['is text', (place) => writeFileSync(place, 'not a database, '.repeat(100)), 'no backup of a node'],
    [
      'is the database of another program',
      (place) => new Database(place).exec('CREATE TABLE t (a)').close(),
      'it is the database of another program',
    ],
    [
      'is a database without tables',
      (place) => new Database(place).exec('CREATE TABLE t (a); DROP TABLE t').close(),
      'no node ever wrote to it',
    ],
    [
      'was cut off',
      (place) => {
        copyFileSync(file, place);
        truncateSync(place, Math.floor(statSync(place).size / 2));
      },
      'it is damaged',
    ],
    [
      'was cut off within a page',
      (place) => {
        copyFileSync(file, place);
        truncateSync(place, statSync(place).size - 100);
      },
      'it was cut off at',
    ],
    [
      'is of a newer version',
      (place) => {
        const db = new Database(place);
        db.exec(MIGRATIONS[0] ?? '');
        db.pragma(`application_id = ${APPLICATION_ID}`);
        db.pragma(`user_version = ${MIGRATIONS.length + 1}`);
        db.close();
      },
      'Update InterMachine',
    ],
  ])('a backup that %s, with what to do about it and not about the database', async (_, make, what) => {
    await store.close();
    const place = databaseFile();
    make(place);
    const restoring = () => restoreDatabase(place, file);
    expect(restoring).toThrow(expect.objectContaining({ code: 'BACKUP_FAILED' }));
    expect(restoring).toThrow(what);
    expect(restoring).toThrow(/^(?!.*(no such table|unable to open|move it and|data directory))/);
    expect((await store.open()).incarnation).toBe(3);
    await store.close();
  });
});

test('nothing is restored under a node that runs', async () => {
  await store.backupTo(backup);
  expect(() => restoreDatabase(backup, file)).toThrow(expect.objectContaining({ code: 'DATA_DIR_LOCKED' }));
  await store.close();
  expect(existsSync(`${file}.restored`)).toBe(false);
});
