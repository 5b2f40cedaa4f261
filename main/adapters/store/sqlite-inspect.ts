import { type Stats, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { InterMachineError } from '../../../shared/errors.ts';
import { databaseIdFile, readDatabaseId } from './companion-files.ts';
import { APPLICATION_ID, MIGRATIONS, schemaVersion } from './schema.ts';
import { codeOf, corrupt, isNoRoomToShare, unusable } from './sqlite-errors.ts';

/**
 * Throws DATA_DIR_UNUSABLE, STORE_CORRUPT or STORE_NEWER where `file` must not be opened. It changes no byte of the
 * database, so that what is damaged can still be rescued: a writer would fold the journal into it when it closes.
 * False where only a writer can look: then `requireSound` is for it to ask.
 */
export function inspect(file: string, busyTimeoutMs: number): boolean {
  const found = statOf(file);
  if (found !== undefined && !found.isFile()) throw unusable(file, 'it is not a file');
  if (found === undefined || found.size === 0) {
    requireNew(file, found);
    return true;
  }
  // Cut off while it was created, before anything was stored: only a writer can roll that back.
  if (sizeOf(`${file}-journal`) > 0) return false;
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  try {
    requireSound(db, file);
    return true;
  } catch (thrown) {
    if (isNoRoomToShare(thrown)) return false;
    throw thrown;
  } finally {
    db.close();
  }
}

/** SQLite takes a file of 0 bytes, or none, for a new database: so it has to be one. */
function requireNew(file: string, found: Stats | undefined): void {
  const what = found === undefined ? 'it is gone' : 'it has 0 bytes';
  if (readDatabaseId(file) !== undefined) throw corrupt(file, `${what}, but ${databaseIdFile(file)} tells of messages`);
  if (sizeOf(`${file}-wal`) > 0) throw corrupt(file, `${what}, but its journal ${file}-wal has messages`);
}

/** Throws STORE_CORRUPT, or what `damaged` says, or STORE_NEWER. It reads the whole file. */
export function requireSound(db: Database.Database, file: string, damaged: Damaged = corrupt): void {
  // In one transaction: nobody else writes between the size of the file and its contents.
  db.transaction(() => checkAll(db, file, damaged))();
}

/** What a person is told of a file that is damaged: it is not the same of a database and of a copy. */
type Damaged = (file: string, detail: string) => InterMachineError;

function checkAll(db: Database.Database, file: string, damaged: Damaged): void {
  const version = schemaVersion(db);
  const application = db.pragma('application_id', { simple: true });
  const isEmpty = version === 0 && db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
  if (application !== APPLICATION_ID && !isEmpty) throw damaged(file, 'it is the database of another program');
  if (version > MIGRATIONS.length) throw newer(file, version);
  requireWholePages(db, file, damaged);
  const check = db.pragma('quick_check(1)', { simple: true });
  if (check !== 'ok') throw damaged(file, String(check));
  if (!isEmpty) requireSameDatabase(db, file, damaged);
}

/** SQLite reads a last page that was cut short as if zeros followed. With a journal it is repaired from there. */
function requireWholePages(db: Database.Database, file: string, damaged: Damaged): void {
  const pageSize = Number(db.pragma('page_size', { simple: true }));
  const size = sizeOf(file);
  if (size % pageSize !== 0 && sizeOf(`${file}-wal`) === 0)
    throw damaged(file, `it was cut off at ${size} bytes, in the middle of a page`);
}

function requireSameDatabase(db: Database.Database, file: string, damaged: Damaged): void {
  const expected = readDatabaseId(file);
  const id = db.prepare('SELECT database_id FROM meta').pluck().get();
  if (expected !== undefined && id !== expected)
    throw damaged(file, `it is another database than the one that ${databaseIdFile(file)} names`);
}

const newer = (file: string, version: number) =>
  new InterMachineError(
    'STORE_NEWER',
    `${file} was written by a newer InterMachine (schema ${version}, this one knows up to ${MIGRATIONS.length}). Update InterMachine, or choose another data directory`,
  );

const sizeOf = (file: string): number => statOf(file)?.size ?? 0;

function statOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
