import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { SqliteConnection } from '../../../main/adapters/store/sqlite-connection.ts';
import { createNode } from '../../../main/index.ts';
import { eventually } from '../../support/discovery.ts';
import { collector } from '../../support/machines.ts';
import { databaseFile, temporaryDirectory } from '../../support/store/place.ts';
import { mark, position } from '../../support/store/rows.ts';
import { freeUdpPort } from '../../support/udp-port.ts';

/** What Windows does not let anybody do. */
const onceRemovable = test.skipIf(process.platform === 'win32');

const MOVES: readonly (readonly [act: (file: string) => void, what: string])[] = [
  [(file) => rmSync(file), '.db was removed'],
  [(file) => rmSync(dirname(file), { recursive: true }), '.db was removed'],
  [(file) => rmSync(`${file}-wal`), '.db-wal was removed'],
  [(file) => renameSync(file, `${file}.old`), '.db was removed'],
  [
    (file) => {
      copyFileSync(file, `${file}.copy`);
      renameSync(`${file}.copy`, file);
    },
    '.db was replaced',
  ],
];

onceRemovable(
  'a database that is moved away under its store is told without a commit, and none is taken any more',
  async () => {
    await Promise.all(
      MOVES.map(async ([act, what]) => {
        const file = databaseFile();
        const store = new SqliteStore({ file });
        await store.open();
        await store.commit([mark(1)]);
        expect(store.broken).toBeUndefined();
        act(file);
        const broken = await eventually(what, () => store.broken);
        expect(broken.code).toBe('STORE_BROKEN');
        expect(broken.message).toContain(what);
        expect(broken.message).toContain('intermachine restore');
        await expect(store.commit([mark(2)])).rejects.toMatchObject({ code: 'STORE_BROKEN', message: broken.message });
        await store.close();
      }),
    );
  },
);

onceRemovable('a node whose database is removed says so by itself, and takes nothing more', async () => {
  const dataDir = temporaryDirectory();
  const problems: string[] = [];
  const node = await createNode({
    dataDir,
    networkKey: 'abcdefghijklmnopqrstuvwxya',
    loopbackPort: await freeUdpPort(),
    report: (problem) => problems.push(problem),
  });
  const broken: string[] = [];
  node.on('broken', ({ code }) => broken.push(code));
  const sink = await node.register('Sink', collector);
  await node.sendTo(sink.address, { type: 'NUMBER', n: 1 });
  rmSync(join(dataDir, 'node.db'));
  await eventually('it says so', () => broken.length > 0);
  expect(broken).toEqual(['STORE_BROKEN']);
  expect(problems.join()).toContain('node.db was removed');
  await expect(node.sendTo(sink.address, { type: 'NUMBER', n: 2 })).rejects.toMatchObject({ code: 'NODE_STOPPED' });
  await node.stop();
});

test('a database that stays at its place goes on, however often it is looked at', () => {
  const file = databaseFile();
  const connection = new SqliteConnection({ file });
  for (let n = 1; n <= 50; n++) {
    connection.commit([mark(n)]);
    connection.look();
  }
  expect(connection.state().marks).toMatchObject([position(50)]);
  connection.close();
});

onceRemovable(
  'a database that was moved away and put back, with what lay beside it, has all that was accepted',
  async () => {
    const file = databaseFile();
    const away = join(dirname(file), 'away.db');
    const store = new SqliteStore({ file });
    await store.open();
    await store.commit([mark(1)]);
    for (const suffix of ['', '-wal']) renameSync(`${file}${suffix}`, `${away}${suffix}`);
    await eventually('the store tells', () => store.broken);
    await store.close();
    for (const suffix of ['', '-wal']) renameSync(`${away}${suffix}`, `${file}${suffix}`);
    expect((await store.open()).marks).toMatchObject([position(1)]);
    await store.close();
  },
);
