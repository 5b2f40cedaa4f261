import { existsSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDatabaseId } from '../../../main/adapters/store/companion-files.ts';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { openDatabase } from '../../../main/adapters/store/sqlite-open.ts';
import { startStoreProcess } from '../../support/store/child.ts';
import { databaseFile, temporaryDirectory } from '../../support/store/place.ts';
import { position } from '../../support/store/rows.ts';

const isNumber = (message: unknown): message is number => typeof message === 'number';

test('a process killed in the middle of commits leaves each one whole or absent, and those it told of are there', async () => {
  const file = databaseFile();
  let told = 0;
  for (let round = 1; round <= 3; round++) {
    const child = startStoreProcess('commitForEver', file);
    const enough = told + 150 + round * 17;
    await child.reported((message) => isNumber(message) && message >= enough);
    await child.kill();
    told = Math.max(told, ...child.messages.filter(isNumber));

    const store = new SqliteStore({ file });
    const { outbox, marks } = await store.open();
    const count = outbox.length;
    expect(count).toBeGreaterThanOrEqual(told);
    const sequences = Array.from({ length: count }, (_, at) => at + 1);
    expect(outbox.map(({ sequence }) => sequence)).toEqual(sequences);
    expect(marks).toMatchObject([position(count)]);
    const logged = await store.messages({ limit: 10_000, direction: 'in' });
    expect(logged.map(({ event }) => event.n).reverse()).toEqual(sequences.slice(-10_000));
    await store.close();
  }
});

test('a process killed while it makes a new database leaves one that opens', async () => {
  for (let round = 1; round <= 6; round++) {
    const directory = temporaryDirectory();
    const child = startStoreProcess('createForEver', directory);
    await appears(directory, `${round * 2}.db`);
    await child.kill();
    const files = readdirSync(directory).filter((name) => name.endsWith('.db'));
    expect(files.length).toBeGreaterThanOrEqual(round * 2);
    for (const name of files) {
      const file = join(directory, name);
      const { db, close } = openDatabase({ file });
      expect(db.prepare('SELECT incarnation FROM meta').pluck().all()).toEqual([0]);
      expect(readDatabaseId(file)).toMatch(/^[0-9a-f]{32}$/);
      close();
    }
  }
});

/** Resolves within a millisecond or so of the moment at which the file is made: sooner or later in the making of it. */
function appears(directory: string, name: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(directory, () => {
      if (!existsSync(join(directory, name))) return;
      watcher.close();
      resolve();
    });
  });
}
