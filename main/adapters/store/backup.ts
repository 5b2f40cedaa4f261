import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import { writeDatabaseId } from './companion-files.ts';
import { ownerOnly } from './owner-only.ts';
import { schemaVersion } from './schema.ts';
import { detailOf } from './sqlite-errors.ts';
import { requireSound } from './sqlite-inspect.ts';
import { type DatabasePlace, lockDatabase, makeDirectory } from './sqlite-open.ts';
import { StoreThread } from './store-thread.ts';

/** Copies an open database to a file that is not there yet, while its node goes on. Rejects with BACKUP_FAILED. */
export async function copyDatabase(place: DatabasePlace, target: string): Promise<{ readonly bytes: number }> {
  if (existsSync(target)) throw failed(target, 'it exists already; choose another name');
  const draft = `${target}.part`;
  // A thread of its own: a large copy keeps no query waiting.
  const copying = new StoreThread(place, 'reader-worker');
  try {
    makeDirectory(dirname(target));
    rmSync(draft, { force: true });
    await copying.ask({ type: 'copy', target: draft });
    sync(draft);
    renameSync(draft, target);
    return { bytes: statSync(target).size };
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw failed(target, reasonOf(thrown));
  } finally {
    await copying.close();
  }
}

export interface Restored {
  /** Where what was there is now. */
  readonly kept: string | undefined;
  /** The node that the backup is of; '' where none ever ran with it. */
  readonly of: string;
}

/**
 * Puts a backup in the place of a database. What was there stays beside it. Throws DATA_DIR_LOCKED while a node uses it,
 * BACKUP_FAILED where the backup is none, is damaged, or is of a newer version.
 */
export function restoreDatabase(backup: string, file: string): Restored {
  const { id, node } = checked(backup);
  const unlock = lockDatabase(file);
  try {
    const draft = `${file}.restored`;
    copyFileSync(backup, draft);
    ownerOnly(draft);
    sync(draft);
    const kept = existsSync(file) ? nameFor(file) : undefined;
    if (kept !== undefined) for (const suffix of ['', '-wal', '-shm']) move(`${file}${suffix}`, `${kept}${suffix}`);
    for (const suffix of ['-search', '-search-wal', '-search-shm']) rmSync(`${file}${suffix}`, { force: true });
    renameSync(draft, file);
    writeDatabaseId(file, id);
    return { kept, of: node };
  } catch (thrown) {
    throw failed(file, reasonOf(thrown));
  } finally {
    unlock();
  }
}

/** Which database a backup is, and of which node. Throws BACKUP_FAILED. */
function checked(backup: string): { readonly id: string; readonly node: string } {
  requireFile(backup);
  let db: Database.Database | undefined;
  try {
    db = new Database(backup, { readonly: true, fileMustExist: true });
    requireSound(db, backup, damaged);
    if (schemaVersion(db) === 0) throw failed(backup, `no node ever wrote to it. ${TAKE_ANOTHER}`);
    // An older one does not name its node yet.
    const { database_id: id, node = '' } = db.prepare<[], MetaRow>('SELECT * FROM meta').get() ?? {};
    if (id === undefined) throw damaged(backup, 'it does not say which database it is');
    return { id, node };
  } catch (thrown) {
    if (thrown instanceof InterMachineError && thrown.code === 'STORE_NEWER')
      throw failed(backup, 'a newer InterMachine wrote it. Update InterMachine, then restore it');
    throw thrown instanceof InterMachineError ? thrown : damaged(backup, detailOf(thrown));
  } finally {
    db?.close();
  }
}

interface MetaRow {
  readonly database_id?: string;
  readonly node?: string;
}

function requireFile(backup: string): void {
  const found = statSync(backup, { throwIfNoEntry: false });
  if (!found) throw failed(backup, `there is no such file. Look for how the backup is called. ${UNCHANGED}`);
  if (!found.isFile()) throw failed(backup, `it is not a file. ${TAKE_ANOTHER}`);
  if (found.size === 0) throw failed(backup, `it is empty. ${TAKE_ANOTHER}`);
  try {
    accessSync(backup, constants.R_OK);
  } catch {
    throw failed(backup, `you may not read it. Copy it to where you may, or ask its owner. ${UNCHANGED}`);
  }
}

const UNCHANGED = 'Nothing was changed';
const TAKE_ANOTHER = `Take another backup. ${UNCHANGED}`;

const damaged = (backup: string, detail: string) =>
  failed(backup, `it is damaged, or no backup of a node (${detail}). ${TAKE_ANOTHER}`);

function move(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to);
}

/** Beside the database: nobody loses anything by restoring the wrong file. */
function nameFor(file: string): string {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  return `${file}.before-${stamp}`;
}

function sync(file: string): void {
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const failed = (file: string, reason: string) => new InterMachineError('BACKUP_FAILED', `${file}: ${reason}`);
