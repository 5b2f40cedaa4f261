import { accessSync, chmodSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { InterMachineError } from '../../../shared/errors.ts';
import { holderOf, readDatabaseId, removeHolder, writeDatabaseId, writeHolder } from './companion-files.ts';
import { migrate } from './schema.ts';
import { codeOf, isBusy, openError } from './sqlite-errors.ts';
import { inspect, requireSound } from './sqlite-inspect.ts';

/** How long a second process waits for the first: enough for one that is just stopping. */
const BUSY_TIMEOUT_MS = 1_000;
const OWNER_ONLY = 0o600;
/** A journal that one large commit made longer is cut back to this. */
const MAX_IDLE_JOURNAL_BYTES = 64 * 1024 * 1024;

export interface DatabasePlace {
  /** The database. Beside it lie `-wal` (SQLite's journal), `-id` and `-pid` (companion-files.ts). */
  readonly file: string;
  /** The database grows no further; then STORE_FULL. Removing still works, which it does not on a disk that is full. */
  readonly maxBytes?: number;
}

/** Checked, locked and migrated. Throws DATA_DIR_LOCKED, DATA_DIR_UNUSABLE, STORE_CORRUPT, STORE_NEWER, STORE_FULL. */
export function openDatabase(place: DatabasePlace): Database.Database {
  const { file } = place;
  let db: Database.Database | undefined;
  try {
    requireWritable(file);
    const isSound = inspect(file, BUSY_TIMEOUT_MS);
    db = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    // It holds messages and network keys. SQLite gives its journal the same mode.
    chmodSync(file, OWNER_ONLY);
    lock(db);
    if (!isSound) requireSound(db, file);
    writeHolder(file);
    configure(db, place);
    migrate(db);
    rememberId(db, file);
    return db;
  } catch (thrown) {
    db?.close();
    throw isBusy(thrown) ? locked(file) : openError(file, thrown);
  }
}

export function closeDatabase(db: Database.Database, file: string): void {
  // Before the lock is let go: afterwards it would be the next one's.
  removeHolder(file);
  db.close();
}

/** `access` also tells of a read-only file system, where SQLite would quietly open for reading. */
function requireWritable(file: string): void {
  const directory = dirname(file);
  makeDirectory(directory);
  accessSync(directory, constants.R_OK | constants.W_OK);
  if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
}

/** By hand: with `recursive`, Node 24 never returns where a file system refuses with ENOENT, as /proc does. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (thrown) {
    // Made by somebody else in between.
    if (codeOf(thrown) !== 'EEXIST') throw thrown;
  }
}

/** For as long as the database is open. It is a lock of the operating system, so a killed process leaves none. */
function lock(db: Database.Database): void {
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma('journal_mode = WAL');
  db.exec('BEGIN EXCLUSIVE; COMMIT');
}

function configure(db: Database.Database, { maxBytes }: DatabasePlace): void {
  // With NORMAL a commit is not synced, and a power cut takes back what was acknowledged.
  db.pragma('synchronous = FULL');
  db.pragma(`journal_size_limit = ${MAX_IDLE_JOURNAL_BYTES}`);
  if (maxBytes === undefined) return;
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
