import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { databaseFile, temporaryDirectory } from '../../support/store/place.ts';
import { acknowledged, LOCAL, mark, OUT, page, position } from '../../support/store/rows.ts';

const program = fileURLToPath(new URL('../../support/store/store-process.ts', import.meta.url));
const UNSHARE = ['--user', '--map-root-user', '--mount'];
const large = { event: { type: 'PING', padding: 'x'.repeat(20_000) } };

test('a store at its limit refuses commits, loses nothing, still removes, and then takes commits again', async () => {
  const file = databaseFile();
  const store = new SqliteStore({ file, maxBytes: 1_000_000 });
  await store.open();
  const committed: number[] = [];
  const fill = async () => {
    for (let sequence = committed.length + 1; ; sequence++) {
      await store.commit([mark(sequence), page(OUT, sequence, [large])]);
      committed.push(sequence);
    }
  };
  await expect(fill()).rejects.toMatchObject({ code: 'STORE_FULL', message: expect.stringContaining(file) });
  expect(committed.length).toBeGreaterThan(20);

  const kept = await store.open();
  expect(kept.outbox.map(({ sequence }) => sequence)).toEqual(committed);
  expect(kept.marks).toMatchObject([position(committed.length)]);
  await store.commit([acknowledged(committed.length)]);
  await store.commit([page(LOCAL, 1, [large])]);
  expect(await store.messages({ direction: 'local' })).toHaveLength(1);
  await store.close();
});

test('what is queued behind a commit that met the limit is refused with it', async () => {
  const store = new SqliteStore({ file: databaseFile(), maxBytes: 500_000 });
  await store.open();
  const tooLarge = store.commit(Array.from({ length: 50 }, (_, at) => page(LOCAL, at + 1, [large])));
  await Promise.resolve();
  await Promise.resolve();
  const behind = store.commit([mark(1)]);
  for (const outcome of await Promise.allSettled([tooLarge, behind]))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FULL' } });
  await store.commit([mark(2)]);
  expect((await store.open()).marks).toMatchObject([position(2)]);
  await store.close();
});

test('what is done with goes as soon as it takes room: nothing new is refused for its sake', async () => {
  const store = new SqliteStore({ file: databaseFile(), maxBytes: 2_000_000, keepBytes: 200_000 });
  await store.open();
  for (let sequence = 1; sequence <= 90; sequence++)
    await store.commit([page(OUT, sequence, [large]), acknowledged(sequence)]);
  await expect.poll(async () => (await store.messages({})).length, { timeout: 8_000 }).toBeLessThan(30);
  await store.commit([]);
  expect(store.isTight).toBe(false);
  await store.close();
});

describe('S: on a disk of 4 MB', () => {
  const why = mayMount() ? '' : ' (skipped: mounting a small disk needs Linux and the right to unshare)';
  test.skipIf(why !== '')(`a full disk loses nothing, and commits go on once there is room${why}`, async () => {
    const directory = temporaryDirectory();
    // In a mount namespace of its own: the disk is gone with the process, whatever happens to it.
    const script = 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" "$3" fillDisk "$1/intermachine.db"';
    const args = [...UNSHARE, 'sh', '-c', script, 'sh', directory, process.execPath, program];
    const { stdout } = await promisify(execFile)('unshare', args);
    const seen = JSON.parse(stdout);
    expect(seen).toMatchObject({ code: 'STORE_FULL', message: expect.stringContaining('no room left') });
    expect(seen.committed).toBeGreaterThan(50);
    expect(seen).toMatchObject({ whileFull: seen.committed, restarted: seen.committed, mark: seen.committed + 1 });
    expect(seen).toMatchObject({ afterwards: seen.committed + 1, outbox: seen.committed + 1 });
  });
});

function mayMount(): boolean {
  try {
    execFileSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
