import { expect, test } from 'vitest';
import { MemoryStore } from '../../../main/adapters/store/memory.ts';
import { MemoryDisk } from '../../../main/adapters/store/memory-disk.ts';
import { storeCompliance } from '../../compliance/store.ts';
import { IN, idOf, mark, position, rows } from '../../support/store/rows.ts';

storeCompliance(
  'MemoryStore',
  async () => {
    const disk = new MemoryDisk();
    return { store: () => new MemoryStore(disk), remove: async () => {} };
  },
  { runs: 500 },
);

test('stores without a common disk know nothing of each other', async () => {
  const [one, other] = [new MemoryStore(), new MemoryStore()];
  await one.open();
  await one.commit([mark(1)]);
  expect((await other.open()).marks).toEqual([]);
});

test.each(['STORE_FULL', 'STORE_FAILED'] as const)(
  'a commit told to fail with %s takes along those queued behind it',
  async (code) => {
    const store = new MemoryStore();
    await store.open();
    await store.commit([mark(1)]);
    store.failNext(code);
    const results = await Promise.allSettled([store.commit([mark(2)]), store.commit([mark(3)])]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { code } },
      { status: 'rejected', reason: { code } },
    ]);
    expect((await store.open()).marks).toMatchObject([position(1)]);
    await store.commit([mark(4)]);
    expect((await store.open()).marks).toMatchObject([position(4)]);
  },
);

test('a crash leaves what was committed, nothing of what was queued, and no lock', async () => {
  const disk = new MemoryDisk();
  const store = new MemoryStore(disk);
  await store.open();
  await store.commit([rows(IN, 1)]);
  let answered = false;
  const answer = () => {
    answered = true;
  };
  store.commit([rows(IN, 2)]).then(answer, answer);
  store.crash();

  const later = new MemoryStore(disk);
  await later.open();
  await later.commit([rows(IN, 3)]);
  expect((await later.messages({})).map(({ id }) => id)).toEqual([idOf(3), idOf(1)]);
  await expect(store.commit([rows(IN, 4)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await store.close();
  await later.commit([rows(IN, 5)]);
  expect(answered).toBe(false);
});
