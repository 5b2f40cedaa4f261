import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { holderOf } from '../../../main/adapters/store/companion-files.ts';
import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { startStoreProcess } from '../../support/store/child.ts';
import { databaseFile, temporaryDirectory } from '../../support/store/place.ts';
import { mark, position } from '../../support/store/rows.ts';

test('S: a second process is refused, told who holds the file, and let in when that one is killed', async () => {
  const file = databaseFile();
  const holder = startStoreProcess('hold', file);
  await holder.reported((message) => message === 'open');
  const store = new SqliteStore({ file });
  await expect(store.open()).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    message: expect.stringMatching(new RegExp(`^process ${holder.pid} uses ${file}\\.`)),
  });

  await holder.kill();
  expect(readFileSync(`${file}-pid`, 'utf8')).toBe(`${holder.pid}\n`);
  await store.open();
  expect(readFileSync(`${file}-pid`, 'utf8')).toBe(`${process.pid}\n`);
  await store.close();
});

test('a store that is refused takes nothing from the one that is open', async () => {
  const file = databaseFile();
  const store = new SqliteStore({ file });
  await store.open();
  for (let attempt = 0; attempt < 2; attempt++) {
    const second = new SqliteStore({ file });
    await expect(second.open()).rejects.toMatchObject({
      message: expect.stringMatching(/^this process already uses /),
    });
    await second.close();
  }
  // A lock of the system is lost when its process closes any handle of the file: then another process would get in.
  const child = startStoreProcess('hold', file);
  expect(await child.reported((message) => message !== 'opening')).toBe('DATA_DIR_LOCKED');
  await store.commit([mark(1)]);
  expect((await store.open()).marks).toMatchObject([position(1)]);
  await store.close();
});

test('a file reached by another path is the same file', async () => {
  const directory = temporaryDirectory();
  const alias = join(temporaryDirectory(), 'alias');
  symlinkSync(directory, alias);
  const store = new SqliteStore({ file: databaseFile(directory) });
  await store.open();
  await expect(new SqliteStore({ file: databaseFile(alias) }).open()).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
  });
  await store.close();
});

test.each(['', 'nonsense', '-1', '0', '1e99', '4194304999'])('a pid file of "%s" names nobody', (text) => {
  const file = databaseFile();
  writeFileSync(`${file}-pid`, text);
  expect(holderOf(file)).toBeUndefined();
});

test('where the holder is not known, the lock is told of all the same', async () => {
  const file = databaseFile();
  const store = new SqliteStore({ file });
  await store.open();
  rmSync(`${file}-pid`);
  await expect(new SqliteStore({ file }).open()).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    message: expect.stringMatching(/^another process uses /),
  });
  await store.close();
});
