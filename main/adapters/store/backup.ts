import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import { writeDatabaseId } from './companion-files.ts';
import { ownerOnly } from './owner-only.ts';
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

/**
 * Puts a backup in the place of a database. What was there stays beside it. Throws DATA_DIR_LOCKED while a node uses it,
 * BACKUP_FAILED where the backup is none, is damaged, or is of a newer version.
 */
export function restoreDatabase(backup: string, file: string): { readonly kept: string | undefined } {
  const id = checkedId(backup);
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
    return { kept };
  } catch (thrown) {
    throw failed(file, reasonOf(thrown));
  } finally {
    unlock();
  }
}

function checkedId(backup: string): string {
  try {
    const db = new Database(backup, { readonly: true, fileMustExist: true });
    try {
      requireSound(db, backup);
      return String(db.prepare('SELECT database_id FROM meta').pluck().get());
    } finally {
      db.close();
    }
  } catch (thrown) {
    throw failed(backup, reasonOf(thrown));
  }
}

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
