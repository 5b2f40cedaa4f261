import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { ownerOnly } from './owner-only.ts';
import { Reading } from './reading.ts';
import { SearchIndex } from './search-index.ts';

/** How long a reader waits for the writer, which never keeps it waiting but while it makes the database. */
const BUSY_TIMEOUT_MS = 5_000;

/** A second connection to the database, on a thread of its own: no query keeps a commit waiting. It reads, and keeps the index. */
export class ReaderConnection {
  readonly reading: Reading;
  readonly #db: Database.Database;
  readonly #search: SearchIndex | undefined;

  constructor(file: string) {
    const { db, search } = open(file);
    this.#db = db;
    this.#search = search;
    this.reading = new Reading(file, db, search);
  }

  /** Indexes some more of the log. Returns how many rows are left; 0 where there is no index. */
  index(): number {
    try {
      return this.#search?.step() ?? 0;
    } catch {
      // No room for it, for one: the rows are read one by one then.
      return 0;
    }
  }

  /** A whole database of its own, as it is at this moment, while the writer goes on. */
  copyTo(target: string): void {
    this.#db.prepare(`VACUUM ${this.#search ? 'log' : 'main'} INTO ?`).run(target);
    ownerOnly(target);
  }

  close(): void {
    this.#db.close();
  }
}

/** With its index, made anew where it is damaged; without one where there is no room for it. */
function open(file: string): { db: Database.Database; search?: SearchIndex } {
  for (const attempt of ['as it is', 'anew']) {
    let db: Database.Database | undefined;
    try {
      if (attempt === 'anew')
        for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}-search${suffix}`, { force: true });
      db = new Database(`${file}-search`, { timeout: BUSY_TIMEOUT_MS });
      ownerOnly(`${file}-search`);
      db.prepare('ATTACH ? AS log').run(`${pathToFileURL(file).href}?mode=ro`);
      return { db, search: new SearchIndex(db) };
    } catch {
      db?.close();
    }
  }
  return { db: new Database(file, { readonly: true, timeout: BUSY_TIMEOUT_MS }) };
}
