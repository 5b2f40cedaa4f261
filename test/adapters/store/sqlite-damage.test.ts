import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assign, createActor, setup } from 'xstate';
import { MIGRATIONS } from '../../../main/adapters/store/schema.ts';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { SqliteConnection } from '../../../main/adapters/store/sqlite-connection.ts';
import { replay } from '../../../main/core/journal-replay.ts';
import type { StoreState } from '../../../main/core/ports.ts';
import { InterMachineError } from '../../../shared/errors.ts';
import { machineId } from '../../../shared/ids.ts';
import { startStoreProcess } from '../../support/store/child.ts';
import { databaseFile, newDirectory, temporaryDirectory } from '../../support/store/place.ts';
import { IN, idOf, incarnation, mark, OUT, page, position, rows } from '../../support/store/rows.ts';

let template: string;
beforeAll(async () => {
  template = databaseFile(newDirectory());
  const store = new SqliteStore({ file: template });
  await store.open();
  await store.commit([incarnation(0), ...Array.from({ length: 300 }, (_, at) => rows(IN, at + 1))]);
  await store.close();
});
afterAll(() => rmSync(dirname(template), { recursive: true, force: true }));

/** A store with 300 messages, closed as it should be. */
function filledStore(): string {
  const file = databaseFile();
  for (const suffix of ['', '-id']) copyFileSync(`${template}${suffix}`, `${file}${suffix}`);
  return file;
}

const contents = (file: string) => (existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined);

/** As a disk does it: one bit of a text, wherever in the file that is, as often as it is there. */
function flipABit(file: string, text: string): void {
  const bytes = readFileSync(file);
  let at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  for (; at >= 0; at = bytes.indexOf(text, at + 1)) {
    const last = at + text.length - 2;
    bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
  }
  writeFileSync(file, bytes);
}

function sqlite(file: string, work: (db: Database.Database) => void): void {
  const db = new Database(file);
  work(db);
  db.close();
}

/** A process was killed while it wrote: pages of its transaction are in the file, and what was there in the journal. */
async function halfWritten(tables: string): Promise<string> {
  const file = databaseFile();
  const child = startStoreProcess('writeHalf', file, tables);
  await child.reported((message) => message === 'written');
  await child.kill();
  expect(statSync(file).size).toBeGreaterThan(0);
  expect(statSync(`${file}-journal`).size).toBeGreaterThan(0);
  return file;
}

/** By another process: this one would lose its store's lock when it closes the file. */
function overwrite(file: string, source: string): void {
  const program = 'const [file, source] = process.argv.slice(1); fs.writeFileSync(file, fs.readFileSync(source))';
  execFileSync(process.execPath, ['-e', program, file, source]);
}

/** Overwrites `length` bytes from `at` on. */
function scribble(file: string, at: number, length: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, at, Math.min(at + length, bytes.length));
  writeFileSync(file, bytes);
}

test.each<[string, string, (file: string) => void]>([
  ['text', 'STORE_CORRUPT', (file) => writeFileSync(file, 'these are my notes, not messages. '.repeat(200))],
  ['a bad magic', 'STORE_CORRUPT', (file) => scribble(file, 0, 16)],
  ['a header of nonsense', 'STORE_CORRUPT', (file) => scribble(file, 16, 80)],
  ['an overwritten page in the middle', 'STORE_CORRUPT', (file) => scribble(file, 8 * 4096, 4096)],
  ['an overwritten table of contents', 'STORE_CORRUPT', (file) => scribble(file, 100, 1000)],
  ['0 bytes', 'STORE_CORRUPT', (file) => truncateSync(file, 0)],
  ['1 byte', 'STORE_CORRUPT', (file) => truncateSync(file, 1)],
  ['its header alone', 'STORE_CORRUPT', (file) => truncateSync(file, 100)],
  ['its first page alone', 'STORE_CORRUPT', (file) => truncateSync(file, 4096)],
  ['half of its bytes', 'STORE_CORRUPT', (file) => truncateSync(file, Math.floor(statSync(file).size / 2))],
  ['its last page missing', 'STORE_CORRUPT', (file) => truncateSync(file, statSync(file).size - 4096)],
  ['its last byte missing', 'STORE_CORRUPT', (file) => truncateSync(file, statSync(file).size - 1)],
  ['nothing where it was', 'STORE_CORRUPT', (file) => rmSync(file)],
  ['the id of another database beside it', 'STORE_CORRUPT', (file) => writeFileSync(`${file}-id`, 'another\n')],
  [
    'a newer schema',
    'STORE_NEWER',
    (file) => sqlite(file, (db) => db.pragma(`user_version = ${MIGRATIONS.length + 1}`)),
  ],
  ['the mark of another program', 'STORE_CORRUPT', (file) => sqlite(file, (db) => db.pragma('application_id = 7'))],
  [
    'a directory in its place',
    'DATA_DIR_UNUSABLE',
    (file) => {
      rmSync(file);
      mkdirSync(file);
    },
  ],
])('S: a database with %s is refused with %s and left as it is', async (_, code, damage) => {
  const file = filledStore();
  damage(file);
  const before = contents(file);
  const store = new SqliteStore({ file });
  await expect(store.open()).rejects.toMatchObject({ code, message: expect.stringContaining(file) });
  expect(contents(file)).toEqual(before);
  await expect(store.commit([mark(1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await store.close();
});

test('S: a damaged database with an unfinished journal is left as it is, both of them', async () => {
  const file = filledStore();
  const child = startStoreProcess('commitForEver', file);
  await child.reported((message) => message === 100);
  await child.kill();
  // The first pages are in the journal too, and would be repaired from there.
  scribble(file, 2 * 4096, statSync(file).size);
  const before = [contents(file), contents(`${file}-wal`)];
  expect(before[1]?.length).toBeGreaterThan(0);
  await expect(new SqliteStore({ file }).open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect([contents(file), contents(`${file}-wal`)]).toEqual(before);
});

test('a database emptied before its id was ever written is told by its journal', async () => {
  const file = databaseFile();
  const child = startStoreProcess('commitForEver', file);
  await child.reported((message) => message === 20);
  await child.kill();
  rmSync(`${file}-id`);
  truncateSync(file, 0);
  await expect(new SqliteStore({ file }).open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
});

test('the journal of a killed process that lost its end loses that end alone', async () => {
  const file = databaseFile();
  const child = startStoreProcess('commitForEver', file);
  await child.reported((message) => message === 50);
  await child.kill();
  truncateSync(`${file}-wal`, statSync(`${file}-wal`).size - 1000);
  const store = new SqliteStore({ file });
  const { outbox, marks } = await store.open();
  expect(marks).toMatchObject(outbox.length === 0 ? [] : [position(outbox.length)]);
  expect(await store.messages({ limit: 10_000, direction: 'in' })).toHaveLength(outbox.length);
  await store.close();
});

test('a new database that was cut off half written begins anew', async () => {
  const file = await halfWritten('');
  const store = new SqliteStore({ file });
  expect(await store.open()).toMatchObject({ incarnation: 0, outbox: [] });
  await store.close();
});

test('a database of another program, cut off half written, stays one', async () => {
  const file = await halfWritten('CREATE TABLE customers (name)');
  await expect(new SqliteStore({ file }).open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  sqlite(file, (db) => expect(db.prepare('SELECT name FROM sqlite_schema').pluck().all()).toEqual(['customers']));
});

test('once the disk has failed under a commit none is taken, until the store was checked and opened anew', async () => {
  const file = filledStore();
  const sound = join(temporaryDirectory(), 'sound');
  copyFileSync(file, sound);
  const damaged = join(temporaryDirectory(), 'damaged');
  copyFileSync(file, damaged);
  scribble(damaged, 4096, statSync(file).size);
  const store = new SqliteStore({ file });
  await store.open();
  overwrite(file, damaged);
  const failed = { code: 'STORE_BROKEN', message: expect.stringContaining('unknown') };
  await expect(store.commit([rows(IN, 301)])).rejects.toMatchObject(failed);
  overwrite(file, sound);
  await expect(store.commit([incarnation(1)])).rejects.toMatchObject(failed);
  await store.close();

  await store.open();
  await store.commit([rows(IN, 301)]);
  expect(await store.messages({ limit: 1 })).toMatchObject([{ id: idOf(301) }]);
  await store.close();
});

test('once the database and its id are moved away, as the message says, a new one begins', async () => {
  const file = filledStore();
  truncateSync(file, 0);
  await expect(new SqliteStore({ file }).open()).rejects.toMatchObject({
    message: expect.stringContaining(`${file}-id`),
  });
  rmSync(file);
  rmSync(`${file}-id`);
  const store = new SqliteStore({ file });
  expect(await store.open()).toMatchObject({ incarnation: 0 });
  await store.close();
});

test('a lost id file is written anew', async () => {
  const file = filledStore();
  const id = readFileSync(`${file}-id`, 'utf8');
  rmSync(`${file}-id`);
  const store = new SqliteStore({ file });
  await store.open();
  expect(readFileSync(`${file}-id`, 'utf8')).toBe(id);
  await store.close();
});

test('a restored older copy of the same database opens', async () => {
  const file = filledStore();
  const backup = readFileSync(file);
  const store = new SqliteStore({ file });
  await store.open();
  await store.commit([mark(305)]);
  await store.close();
  writeFileSync(file, backup);
  expect((await store.open()).marks).toMatchObject([position(300)]);
  await store.close();
});

test('rows whose text was damaged on disk are told as such, and the others can be read', async () => {
  const file = filledStore();
  sqlite(file, (db) => db.exec(`UPDATE pages SET text = replace(text, '"sequence":300', '"sequence":301')`));
  const store = new SqliteStore({ file });
  await store.open();
  expect((await store.messages({ limit: 2 })).map(({ event }) => event)).toEqual([
    { type: '', damaged: true },
    { type: 'PING', sequence: 299 },
  ]);
  expect(await store.messages({ text: '301' })).toEqual([]);
  await store.commit([page(IN, 301, [{ event: { type: 'NEXT' } }])]);
  expect(await store.messages({ eventType: 'NEXT' })).toHaveLength(1);
  await store.close();
});

test.each([
  // Rows that are damaged, and the first that cannot be replayed: up to the next snapshot, at row 7.
  ['an event', 'lot-4', [5], 5],
  ['a sender', 'child sensor-4', [5], 5],
  ['a state', '"state-4"', [5], 5],
  ['a snapshot', 'snapshot-1', [], 1],
  ['the definition of a snapshot', 'definition-1', [], 1],
])(
  '%s in a journal of which one bit flipped is told, and no replay that needs it tells anything',
  async (_, text, damagedRows, lost) => {
    const file = databaseFile();
    const store = new SqliteStore({ file });
    const machine = machineId('Tally_1');
    const logic = setup({ types: { context: {} as { parts: number; lot: string } } }).createMachine({
      context: { parts: 0, lot: '' },
      initial: 'state-0',
      states: Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`state-${n}`, {}])),
      on: {
        PART: Array.from({ length: 12 }, (_, n) => ({
          guard: ({ event }) => event.n === n,
          target: `.state-${n}`,
          actions: assign({ parts: n, lot: ({ event }) => event.lot }),
        })),
      },
    });
    await store.open();
    const actor = createActor(logic).start();
    for (let n = 0; n < 12; n++) {
      const event = n === 0 ? { type: 'xstate.init' } : { type: 'PART', n, lot: `lot-${n}` };
      if (n > 0) actor.send(event);
      const taken = JSON.stringify({ ...actor.getPersistedSnapshot(), note: `snapshot-${n / 6 + 1}` });
      await store.commit([
        {
          ...{ type: 'journal', machine, at: n, from: `child sensor-${n}`, eventJson: JSON.stringify(event) },
          stateJson: JSON.stringify(actor.getSnapshot().value),
          ...(n % 6 === 0 && {
            snapshot: { snapshot: taken, definition: `definition-${n / 6 + 1}`, chartJson: 'null' },
          }),
        },
      ]);
    }
    await store.close();
    flipABit(file, text);

    await store.open();
    const rows = await store.journal({ machine });
    expect(
      rows.filter(({ damaged }) => damaged).map(({ seq, event, state, from }) => [seq, event, state, from]),
    ).toEqual(damagedRows.map((seq) => [seq, { type: '' }, null, '']));
    for (let seq = 1; seq <= 12; seq++) {
      const definition = seq > 6 ? 'definition-2' : 'definition-1';
      const isLost = seq >= lost && seq < 7;
      const replayed = replay(store, { machine, logic, definition }, seq);
      if (isLost) await expect(replayed, `row ${seq}`).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
      else expect(await replayed).toMatchObject({ value: `state-${seq - 1}`, context: { parts: seq - 1 } });
    }
    await store.close();
  },
);

test('of what a persisted machine goes on from no byte changes unnoticed', async () => {
  const file = databaseFile();
  const store = new SqliteStore({ file });
  await store.open();
  const [press, other] = [machineId('Press_1'), machineId('Press_2')];
  const snapshot = JSON.stringify({
    format: 1,
    version: '1.0.0',
    snapshot: { value: 'busy', context: { parts: 1234 } },
  });
  await store.commit([press, other].map((machine) => ({ type: 'snapshot', machine, snapshot })));
  await store.close();
  const bytes = readFileSync(file);
  const at = bytes.indexOf(press);
  const end = bytes.indexOf(snapshot, at) + snapshot.length;
  const came = new Map<string, number>();
  // From the lengths of its cells on.
  for (let place = at - 6; place < end; place++)
    for (const bit of [1, 4, 16, 128]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(place) ^ bit, place);
      writeFileSync(file, changed);
      const what = stateIn(file);
      if (typeof what === 'object') {
        const ours = what.snapshots.find(({ machine }) => machine === press);
        if (ours?.snapshot !== snapshot) expect(what.problems.join(), `${place - at} ${bit}`).toContain('damaged');
        expect([snapshot, null, undefined], `${place - at} ${bit}`).toContain(ours?.snapshot);
        expect(what.snapshots).toContainEqual({ machine: other, snapshot });
      }
      const kind = typeof what === 'object' ? 'told of the machine' : what;
      came.set(kind, (came.get(kind) ?? 0) + 1);
    }
  expect([...came.keys()].toSorted()).toEqual(['STORE_CORRUPT', 'told of the machine']);
  expect(came.get('told of the machine')).toBeGreaterThan(4 * snapshot.length);
});

/** What a node would read there, or the code of what keeps it from that. */
function stateIn(file: string): StoreState | string {
  let connection: SqliteConnection | undefined;
  try {
    connection = new SqliteConnection({ file });
    return connection.state();
  } catch (thrown) {
    return thrown instanceof InterMachineError ? thrown.code : String(thrown);
  } finally {
    connection?.close();
  }
}

test('envelopes that waited and were damaged on disk are told to the node, and their places are kept', async () => {
  const file = filledStore();
  const store = new SqliteStore({ file });
  await store.open();
  await store.commit([rows(OUT, 1), rows(OUT, 2), rows(IN, 301)]);
  await store.close();
  sqlite(file, (db) =>
    db.exec(
      `UPDATE pages SET text = 'x' || text WHERE first = 1 AND stream = (SELECT key FROM streams WHERE direction = 'out') OR first = 301`,
    ),
  );
  const state = await store.open();
  expect(state.outbox).toMatchObject([{ sequence: 1, gone: 'ENVELOPE_DAMAGED' }, { sequence: 2 }]);
  expect(state.open.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 300 }, (_, n) => n + 1));
  expect(state.problems).toHaveLength(2);
  await store.close();
});

// Permissions do not bind root, so these are places where nobody can write.
test.each<[string, (directory: string) => string]>([
  ['below a file', (directory) => join(directory, 'file', 'intermachine.db')],
  ['in a file system without files', () => '/proc/intermachine/intermachine.db'],
  ['a device', () => '/dev/null'],
  ['at the end of links in a circle', (directory) => join(directory, 'circle', 'intermachine.db')],
  ['of a name that is too long', (directory) => join(directory, 'x'.repeat(300))],
])('a place %s is unusable', async (_, place) => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'file'), 'a file');
  symlinkSync(join(directory, 'circle'), join(directory, 'circle'));
  const file = place(directory);
  await expect(new SqliteStore({ file }).open()).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringContaining(file),
  });
});
