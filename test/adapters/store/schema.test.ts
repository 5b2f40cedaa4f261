import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { MIGRATIONS, migrate, schemaVersion } from '../../../main/adapters/store/schema.ts';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { databaseFile } from '../../support/store/place.ts';
import { IN, mark, position, rows } from '../../support/store/rows.ts';

const versions = Array.from({ length: MIGRATIONS.length + 1 }, (_, version) => version);

test.each(versions)('a database of version %i becomes one of the newest version', async (version) => {
  const file = databaseFile();
  const old = new Database(file);
  migrate(old, MIGRATIONS.slice(0, version));
  expect(schemaVersion(old)).toBe(version);
  old.close();

  const store = new SqliteStore({ file });
  await store.open();
  await store.commit([rows(IN, 1), mark(3)]);
  await store.close();
  const { marks } = await store.open();
  expect(marks).toMatchObject([position(3)]);
  expect(await store.messages({})).toHaveLength(1);
  await store.close();
  const migrated = new Database(file);
  expect(schemaVersion(migrated)).toBe(MIGRATIONS.length);
  migrated.close();
});

const steps = ['CREATE TABLE t (a)', 'INSERT INTO t VALUES (1)', 'ALTER TABLE t ADD COLUMN b DEFAULT 2'];

test.each([0, 1, 2, 3])('only the migrations after version %i are run, and only once', (version) => {
  const db = new Database(':memory:');
  migrate(db, steps.slice(0, version));
  migrate(db, steps);
  migrate(db, steps);
  expect(db.prepare('SELECT * FROM t').all()).toEqual([{ a: 1, b: 2 }]);
  expect(schemaVersion(db)).toBe(3);
  db.close();
});

test('a migration that fails leaves the database at its old version', () => {
  const db = new Database(':memory:');
  migrate(db, steps.slice(0, 1));
  expect(() => migrate(db, [...steps, 'INSERT INTO missing VALUES (1)'])).toThrow('missing');
  expect(schemaVersion(db)).toBe(1);
  expect(db.prepare('SELECT * FROM t').all()).toEqual([]);
  db.close();
});
