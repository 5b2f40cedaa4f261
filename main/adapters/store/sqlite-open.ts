import { accessSync, constants, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { InterMachineError } from '../../../shared/errors.ts';
import { holderOf, readDatabaseId, removeHolder, writeDatabaseId, writeHolder } from './companion-files.ts';
import { MAX_STORE_BYTES } from './defaults.ts';
import { ownerOnly } from './owner-only.ts';
import type { RetentionLimits } from './retention.ts';
import { migrate } from './schema.ts';
import { codeOf, isBusy, isNoRoomToShare, openError } from './sqlite-errors.ts';
import { inspect, requireSound } from './sqlite-inspect.ts';

/** How long a second process waits for the first: enough for one that is just stopping. */
const BUSY_TIMEOUT_MS = 1_000;
/** SQLite's number for it. */
const INCREMENTAL = 2;
/** A journal that one large commit made longer is cut back to this. */
const MAX_IDLE_JOURNAL_BYTES = 64 * 1024 * 1024;

export interface DatabasePlace extends Partial<RetentionLimits> {
  /**
   * The database. Beside it lie `-wal` and `-shm` (SQLite's journal), `-id` and `-pid` (companion-files.ts), `-lock`,
   * `-search` (search-index.ts) and `-ballast` (room.ts).
   */
  readonly file: string;
  /** The database grows no further; then STORE_FULL. Removing still works, which it does not on a disk that is full. */
  readonly maxBytes?: number;
}

export interface OpenDatabase {
  readonly db: Database.Database;
  /** Whether others of this process may read it. Not on a disk that was full when it was opened. */
  readonly isShared: boolean;
  /** Lets it go. */
  close(): void;
}

/** Checked, locked and migrated. Throws DATA_DIR_LOCKED, DATA_DIR_UNUSABLE, STORE_CORRUPT, STORE_NEWER, STORE_FULL. */
export function openDatabase(place: DatabasePlace): OpenDatabase {
  const { file } = place;
  let lock: Database.Database | undefined;
  let db: Database.Database | undefined;
  try {
    requireWritable(file);
    lock = lockOf(file);
    const isSound = inspect(file, BUSY_TIMEOUT_MS);
    db = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    ownerOnly(file);
    const isShared = openJournal(db);
    if (!isSound) requireSound(db, file);
    writeHolder(file);
    configure(db, place);
    migrate(db);
    rememberId(db, file);
    const [opened, locked] = [db, lock];
    const close = () => {
      opened.close();
      // Before the lock is let go: afterwards it would be the next one's.
      removeHolder(file);
      locked.close();
    };
    return { db, isShared, close };
  } catch (thrown) {
    db?.close();
    lock?.close();
    throw isBusy(thrown) ? locked(file) : openError(file, thrown);
  }
}

/** `access` also tells of a read-only file system, where SQLite would quietly open for reading. */
function requireWritable(file: string): void {
  const directory = dirname(file);
  makeDirectory(directory);
  accessSync(directory, constants.R_OK | constants.W_OK);
  if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
}

/** By hand: with `recursive`, Node 24 never returns where a file system refuses with ENOENT, as /proc does. */
export function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (thrown) {
    // Made by somebody else in between.
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
  }
}

/** Keeps others away from a database that is not open. Returns what ends it. Throws DATA_DIR_LOCKED. */
export function lockDatabase(file: string): () => void {
  try {
    const lock = lockOf(file);
    return () => lock.close();
  } catch (thrown) {
    throw isBusy(thrown) ? locked(file) : openError(file, thrown);
  }
}

/**
 * For as long as it is open nobody else may have the database. It is a lock of the operating system, so a killed process
 * leaves none. On a file of its own, since readers of this process are to get at the database beside the writer.
 */
function lockOf(file: string): Database.Database {
  const path = `${realPathOf(file)}-lock`;
  const lock = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    ownerOnly(path);
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (thrown) {
    lock.close();
    throw thrown;
  }
}

/** A database that is reached by another path is the same database. */
const realPathOf = (file: string): string =>
  existsSync(file) ? realpathSync(file) : join(realpathSync(dirname(file)), basename(file));

/** Returns whether readers may share it: they need 32 KiB of memory in a file, which a full disk does not give. */
function openJournal(db: Database.Database): boolean {
  try {
    db.pragma('journal_mode = WAL');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    return true;
  } catch (thrown) {
    if (!isNoRoomToShare(thrown)) throw thrown;
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.exec('BEGIN EXCLUSIVE; COMMIT');
    return false;
  }
}

function configure(db: Database.Database, { maxBytes = MAX_STORE_BYTES }: DatabasePlace): void {
  // Pages that are removed are given back to the disk. It takes a rewrite where it was not so from the start.
  if (db.pragma('auto_vacuum', { simple: true }) !== INCREMENTAL) {
    db.pragma(`auto_vacuum = ${INCREMENTAL}`);
    db.exec('VACUUM');
  }
  // With NORMAL a commit is not synced, and a power cut takes back what was acknowledged.
  db.pragma('synchronous = FULL');
  db.pragma(`journal_size_limit = ${MAX_IDLE_JOURNAL_BYTES}`);
  const pageSize = Number(db.pragma('page_size', { simple: true }));
  db.pragma(`max_page_count = ${Math.max(1, Math.floor(maxBytes / pageSize))}`);
}

function rememberId(db: Database.Database, file: string): void {
  if (readDatabaseId(file) === undefined)
    writeDatabaseId(file, String(db.prepare('SELECT database_id FROM meta').pluck().get()));
}

function locked(file: string): InterMachineError {
  const pid = holderOf(file);
  const holder =
    pid === undefined
      ? 'another process uses'
      : pid === process.pid
        ? 'this process already uses'
        : `process ${pid} uses`;
  return new InterMachineError('DATA_DIR_LOCKED', `${holder} ${file}. Stop it, or choose another data directory`);
}
