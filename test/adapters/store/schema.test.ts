import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { MIGRATIONS, migrate, schemaVersion } from '../../../main/adapters/store/schema.ts';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { SqliteConnection } from '../../../main/adapters/store/sqlite-connection.ts';
import { databaseFile } from '../../support/store/place.ts';
import { EPOCH, IN, incarnation, KITCHEN, mark, PING, PONG, position, rows, SELF } from '../../support/store/rows.ts';

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

test('what version 1 had logged, marked and waiting is there in the newest version', async () => {
  const file = databaseFile();
  const old = new Database(file);
  migrate(old, MIGRATIONS.slice(0, 1));
  old.exec(`
    UPDATE meta SET incarnation = 9;
    INSERT INTO node_keys VALUES (1, '${SELF}'), (2, '${KITCHEN}');
    INSERT INTO marks VALUES ('${KITCHEN}', '${EPOCH}', 7);
    INSERT INTO outbox VALUES (1, 2, '${EPOCH}', 2, 'c', 'pong', 'ping', 5.0, NULL, 'cause', '{"type":"C"}');
    INSERT INTO messages VALUES
      (1, 'out', 2, 'b', 1, 'pong', 2, 'ping', 'B', '{"type":"B"}', 5.0, 6.0, 'handled', NULL, NULL, NULL, '${EPOCH}', 1),
      (2, 'out', 2, 'c', 1, 'pong', 2, 'ping', 'C', '{"type":"C"}', 5.0, 6.0, 'accepted', NULL, NULL, 'cause', '${EPOCH}', 2),
      (3, 'in', 2, 'a', 2, 'ping', 1, 'pong', 'A', '{"type":"A"}', 5.0, 6.0, 'refused', 'MACHINE_BUSY', 'x', NULL, '${EPOCH}', 7),
      (4, 'local', 1, 'd', 1, 'ping', 1, 'pong', 'D', '{"type":"D"}', 5.0, 6.0, 'delivered', NULL, NULL, NULL, NULL, NULL);`);
  old.close();

  const store = new SqliteStore({ file });
  const state = await store.open();
  expect(state).toMatchObject({
    incarnation: 9,
    marks: [{ ...position(7), refused: [[7, 'MACHINE_BUSY']] }],
    open: [],
  });
  expect(state.outbox).toMatchObject([{ ...position(2), text: '["pong","ping",5,604800000,0,"cause"]\n{"type":"C"}' }]);
  await store.commit([incarnation(10), mark(8)]);
  expect((await store.messages({})).map(({ id, status, code, event }) => [id, event.type, status, code])).toEqual([
    ['d', 'D', 'delivered', undefined],
    ['a', 'A', 'refused', 'MACHINE_BUSY'],
    [`${EPOCH}-2`, 'C', 'accepted', undefined],
    ['b', 'B', 'handled', undefined],
  ]);
  await store.close();
});

test('what version 5 had of journals is read, replayable and shortened in the newest version', async () => {
  const file = databaseFile();
  const old = new Database(file);
  migrate(old, MIGRATIONS.slice(0, 5));
  const row = old.prepare('INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const snapshot = old.prepare(`INSERT INTO journal_snapshots VALUES (?, ?, 'd', ?)`);
  for (const machine of [PING, PONG])
    for (let seq = 3; seq <= 12; seq++) {
      row.run(
        machine,
        seq,
        5.5 * seq,
        seq === 3 ? 'start' : 'timer',
        seq === 4 ? 'e' : null,
        seq === 4 ? 1 : 0,
        '{"type":"ö"}',
        'null',
      );
      if (seq % 3 === 0) snapshot.run(machine, seq, '{"ö":1}');
    }
  old.close();

  const store = new SqliteStore({ file, keepMs: 1 });
  await store.open();
  const rows = await store.journal({ machine: PING, oldestFirst: true });
  expect(rows.map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(rows[1]).toEqual({
    ...{ machine: PING, seq: 4, at: 22, from: 'timer', envelopeId: 'e', isAsk: true },
    ...{ event: { type: 'ö' }, state: null },
  });
  expect(await store.journalSnapshot(PING, 8)).toEqual({ seq: 6, snapshot: '{"ö":1}', definition: 'd' });
  await store.close();

  const connection = new SqliteConnection({ file, keepMs: 1 });
  while (connection.maintain());
  for (const machine of [PING, PONG]) {
    const left = connection.reading.answer({ type: 'journal', query: { machine } });
    expect(left.map(({ seq }) => seq)).toEqual([12]);
  }
  // Of a row: `{"type":"ö"}` and `null`; of a snapshot: `{"ö":1}`.
  const sizes = new Database(file, { readonly: true });
  expect(sizes.prepare('SELECT bytes FROM journal').pluck().all()).toEqual([10 * 17 + 4 * 8, 10 * 17 + 4 * 8]);
  expect(sizes.prepare('SELECT bytes_before FROM journal_snapshots').pluck().all()).toEqual([
    9 * 17 + 3 * 8,
    9 * 17 + 3 * 8,
  ]);
  sizes.close();
  connection.close();
});

test('states of persisted machines, which had no digest in version 6, are taken as they are', async () => {
  const file = databaseFile();
  const old = new Database(file);
  migrate(old, MIGRATIONS.slice(0, 6));
  for (const machine of [PING, PONG]) old.prepare('INSERT INTO snapshots VALUES (?, ?)').run(machine, '{"ö":1}');
  old.close();
  const store = new SqliteStore({ file });
  const { snapshots, problems } = await store.open();
  expect(snapshots).toEqual([PING, PONG].map((machine) => ({ machine, snapshot: '{"ö":1}' })));
  expect(problems).toEqual([]);
  await store.close();
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
