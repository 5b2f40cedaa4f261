import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { requireNodeApi } from '../../../main/adapters/store/node-api.ts';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { openDatabase } from '../../../main/adapters/store/sqlite-open.ts';
import { StoreThread } from '../../../main/adapters/store/store-thread.ts';
import type { StoredChange } from '../../../main/core/ports.ts';
import { storeCompliance, testHistories } from '../../compliance/store.ts';
import { InlineStore } from '../../support/store/inline-store.ts';
import { databaseFile, newDirectory, temporaryDirectory } from '../../support/store/place.ts';
import { IN, KITCHEN, mark, OUT, position, rows } from '../../support/store/rows.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

storeCompliance(
  'SqliteStore',
  async () => {
    const directory = newDirectory();
    return {
      store: () => new SqliteStore({ file: databaseFile(directory) }),
      remove: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
  { runs: 2 },
);

describe('SqliteConnection without its thread, so that many histories can be tried', () => {
  testHistories(async () => {
    const directory = newDirectory();
    return {
      store: () => new InlineStore(databaseFile(directory)),
      remove: async () => rmSync(directory, { recursive: true, force: true }),
    };
  }, 60);
});

test('a commit that fails takes along those that were queued while it was under way, and no later ones', async () => {
  const store = new SqliteStore({ file: databaseFile() });
  await store.open();
  await store.commit([rows(OUT, 1)]);
  const failing = store.commit([rows(OUT, 1)]);
  // Now it is with the thread, whose answer cannot have come yet.
  await Promise.resolve();
  await Promise.resolve();
  const queued = [store.commit([mark(2)]), store.commit([mark(3)])];
  const query = store.messages({ direction: 'in' });
  const outcomes = await Promise.allSettled([failing, ...queued]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await query).toEqual([]);
  await store.commit([mark(1)]);
  expect((await store.open()).marks).toMatchObject([position(1)]);
  await store.close();
});

test('a stream that a failed commit was the first to name can be written later', async () => {
  const store = new SqliteStore({ file: databaseFile() });
  await store.open();
  await expect(store.commit([rows(IN, 1), rows(OUT, 1), rows(OUT, 1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await store.commit([rows(IN, 2), rows(OUT, 2)]);
  expect(await store.open()).toMatchObject({ marks: [position(2)], outbox: [position(2)] });
  await store.close();
});

test.each<[string, unknown]>([
  ['a function', { type: 'mark', ...position(1), sequence: () => 1 }],
  ['a change of no known type', { type: 'explode' }],
  ['a page without its columns', { type: 'page', page: {} }],
  ['a number that is none', { type: 'mark', ...position(1), sequence: Number.NaN }],
  ['nothing', undefined],
])('%s in a commit fails it and leaves the store in order', async (_, change) => {
  const store = new SqliteStore({ file: databaseFile() });
  await store.open();
  await expect(store.commit([change as StoredChange])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await store.commit([mark(1)]);
  expect((await store.open()).marks).toMatchObject([position(1)]);
  await store.close();
});

test('a commit is under way before its caller changes the list that it came in', async () => {
  const store = new SqliteStore({ file: databaseFile() });
  await store.open();
  const changes = [mark(1)];
  const committed = store.commit(changes);
  changes.push(mark(9));
  await committed;
  expect((await store.open()).marks).toMatchObject([position(1)]);
  await store.close();
});

test('many commits made in one go are far fewer transactions', async () => {
  const file = databaseFile();
  const store = new SqliteStore({ file });
  await store.open();
  await Promise.all(Array.from({ length: 500 }, (_, at) => store.commit([mark(at + 1)])));
  // Each transaction begins a page of the journal anew: 500 of them would be 2 MB.
  expect(statSync(`${file}-wal`).size).toBeLessThan(200_000);
  await store.close();
});

test('a thread that ends by itself fails what it was asked and what it will be asked', async () => {
  const thread = new StoreThread({ file: databaseFile() });
  await thread.ask({ type: 'open' });
  const asked = [thread.commit([mark(1)]), thread.ask({ type: 'messages', query: {} })];
  const ended = thread.end();
  for (const outcome of await Promise.allSettled(asked))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_BROKEN' } });
  await ended;
  await expect(thread.commit([mark(2)])).rejects.toMatchObject({ code: 'STORE_BROKEN' });
  await thread.close();
});

test('an ended thread leaves no lock in its process', async () => {
  const file = databaseFile();
  const thread = new StoreThread({ file });
  await thread.ask({ type: 'open' });
  await thread.commit([mark(1)]);
  await thread.end();
  const store = new SqliteStore({ file });
  expect((await store.open()).marks).toMatchObject([position(1)]);
  await store.close();
});

test('the directory is made where it is missing, and holds nothing else after closing', async () => {
  const file = join(temporaryDirectory(), 'a', 'b', 'intermachine.db');
  const store = new SqliteStore({ file });
  await store.open();
  await store.commit([mark(1)]);
  await store.close();
  expect(readdirSync(dirname(file)).sort()).toEqual(['intermachine.db', 'intermachine.db-id', 'intermachine.db-lock']);
});

test('the database syncs every commit and belongs to one process', () => {
  const { db, isShared, close } = openDatabase({ file: databaseFile() });
  expect(db.pragma('synchronous', { simple: true })).toBe(2);
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(db.pragma('auto_vacuum', { simple: true })).toBe(2);
  expect(isShared).toBe(true);
  close();
});

test.each(['9', '0', 'nonsense', ''])('a Node with Node-API "%s" is refused before SQLite is loaded', (version) => {
  expect(() => requireNodeApi(version)).toThrow(expect.objectContaining({ code: 'NODE_TOO_OLD' }));
});

test.each(['10', '11'])('a Node with Node-API %s is welcome', (version) => {
  expect(() => requireNodeApi(version)).not.toThrow();
});

test('the compiled store runs its thread from the compiled file beside it', async () => {
  const directory = temporaryDirectory();
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  const project = join(directory, 'tsconfig.json');
  const stores = ['sqlite', 'sqlite-worker', 'reader-worker'].map((name) =>
    join(root, `main/adapters/store/${name}.ts`),
  );
  const compilerOptions = {
    rootDir: root,
    outDir: join(directory, 'out'),
    typeRoots: [join(root, 'node_modules/@types')],
  };
  writeFileSync(
    project,
    JSON.stringify({ extends: join(root, 'tsconfig.build.json'), include: [], files: stores, compilerOptions }),
  );
  const run = promisify(execFile);
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
  mkdirSync(join(directory, 'data'));
  const program = `
    import { SqliteStore } from './out/main/adapters/store/sqlite.js';
    const store = new SqliteStore({ file: 'data/intermachine.db' });
    const { incarnation } = await store.open();
    await store.commit([{ type: 'incarnation', incarnation: 5, node: '' }]);
    await store.messages({});
    await store.close();
    console.log(incarnation, (await store.open()).incarnation);
    await store.close();`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: directory });
  expect(stdout).toBe('0 5\n');
});

test.skipIf(process.platform === 'win32')('the database and its journal can be read by their owner alone', async () => {
  const file = databaseFile();
  const store = new SqliteStore({ file });
  await store.open();
  await store.commit([{ type: 'incarnation', incarnation: 1, node: KITCHEN }]);
  for (const name of readdirSync(dirname(file)))
    expect([name, statSync(join(dirname(file), name)).mode & 0o077]).toEqual([name, 0]);
  await store.close();
});
