import { SqliteStore } from '../../../main/adapters/store/sqlite.ts';
import { InterMachineError } from '../../../shared/errors.ts';
import { IN, OUT, page, rows } from './rows.ts';

// A process that a test starts, to be killed, locked out or left without room. It reports by `process.send`.
const [task, file = '', tables = ''] = process.argv.slice(2);
const tell = (message: unknown) => process.send?.(message);

const store = new SqliteStore({ file });

/** Opens, and stays; or tells why it cannot. */
async function hold(): Promise<void> {
  tell('opening');
  try {
    await store.open();
    tell('open');
  } catch (thrown) {
    tell(thrown instanceof InterMachineError ? thrown.code : 'none');
  }
}

/** Makes one new database after the other in the directory `file`. */
async function createForEver(): Promise<void> {
  const { openDatabase } = await import('../../../main/adapters/store/sqlite-open.ts');
  for (let number = 1; ; number++) openDatabase({ file: `${file}/${number}.db` });
}

/** Leaves a transaction half written, as SQLite does while it makes a new database; in one that has a table, or none. */
async function writeHalf(): Promise<void> {
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(file);
  db.exec(tables);
  // No room in memory: the pages go to the file before their transaction ends.
  db.pragma('cache_size = 1');
  db.exec('BEGIN; CREATE TABLE half (a); INSERT INTO half VALUES (randomblob(100000)); CREATE TABLE more (a)');
  tell('written');
  // Keeps the database from being collected, and so closed.
  setInterval(() => db.open, 1_000);
}

/** Commits one numbered envelope after the other, 20 of them at a time, and tells each number once it is committed. */
async function commitForEver(): Promise<void> {
  let next = (await store.open()).outbox.length + 1;
  tell('open');
  const commitNext = async () => {
    for (;;) {
      const sequence = next++;
      await store.commit(envelope(sequence));
      tell(sequence);
    }
  };
  await Promise.all(Array.from({ length: 20 }, commitNext));
}

/** Commits until the disk is full, makes room, and goes on; then tells what it saw. Without IPC, to stdout. */
async function fillDisk(): Promise<void> {
  const { rmSync, writeFileSync } = await import('node:fs');
  const ballast = `${file}.ballast`;
  writeFileSync(ballast, Buffer.alloc(512 * 1024, 1));
  await store.open();
  let committed = 0;
  let failure: unknown;
  const padding = 'x'.repeat(10_000);
  while (failure === undefined) {
    try {
      await store.commit(envelope(committed + 1, padding));
      committed++;
    } catch (thrown) {
      failure = thrown;
    }
  }
  const whileFull = await store.messages({ limit: 10_000, direction: 'in' });
  // A node that is restarted now must still come up with what it has.
  await store.close();
  const restarted = await store.open();
  rmSync(ballast);
  await store.commit(envelope(committed + 1));
  await store.close();
  const { outbox, marks } = await store.open();
  const afterwards = await store.messages({ limit: 10_000, direction: 'in' });
  await store.close();
  process.stdout.write(
    JSON.stringify({
      committed,
      code: failure instanceof InterMachineError ? failure.code : 'none',
      message: String(failure),
      whileFull: whileFull.length,
      restarted: restarted.outbox.length,
      afterwards: afterwards.length,
      outbox: outbox.length,
      mark: marks[0]?.sequence,
    }),
  );
}

/** Tells how much it was. */
async function exportAll(): Promise<void> {
  const { exportLog } = await import('../../../main/core/log-export.ts');
  await store.open();
  let total = 0;
  let largest = 0;
  let last = { rows: 0, done: 0 };
  for await (const { text, rows: count, done } of exportLog((query) => store.messages(query), 'jsonl')) {
    total += text.length;
    largest = Math.max(largest, text.length);
    last = { rows: count, done };
  }
  await store.close();
  tell({ total, largest, ...last });
}

function envelope(sequence: number, padding = '') {
  return [page(IN, sequence, [{ event: { type: 'PING', n: sequence, padding } }]), rows(OUT, sequence)];
}

const tasks: Record<string, () => Promise<void>> = {
  hold,
  createForEver,
  writeHalf,
  commitForEver,
  fillDisk,
  exportAll,
};
await tasks[task ?? '']?.();
