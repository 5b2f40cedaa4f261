import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './sqlite-errors.ts';

/**
 * The id of the database that belongs here, kept outside of it: SQLite takes a file that was cut to 0 bytes for a new,
 * empty database, and the messages would be gone without a word.
 */
export const databaseIdFile = (file: string): string => `${file}-id`;

/** Who uses the database, for the message to whoever comes second. The lock itself is SQLite's and dies with its process. */
const holderFile = (file: string): string => `${file}-pid`;

export function readDatabaseId(file: string): string | undefined {
  return readText(databaseIdFile(file)) || undefined;
}

/** On disk when it returns, and never half of it. */
export function writeDatabaseId(file: string, id: string): void {
  const target = databaseIdFile(file);
  const draft = `${target}.new`;
  const handle = openSync(draft, 'w', 0o600);
  try {
    writeSync(handle, `${id}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, target);
  syncDirectory(dirname(target));
}

/** The process that uses the database, where it said so and still lives. */
export function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readText(holderFile(file)));
    return Number.isSafeInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined;
  } catch {
    // Not ours to read: that somebody holds the lock is known without it.
    return undefined;
  }
}

export function writeHolder(file: string): void {
  try {
    writeFileSync(holderFile(file), `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // On a full disk the store can still be read; the second to come is then told of a lock without its holder.
  }
}

export function removeHolder(file: string): void {
  try {
    rmSync(holderFile(file), { force: true });
  } catch {
    // As above: nothing depends on it.
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return '';
    throw thrown;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it lives, and belongs to somebody else.
    return codeOf(thrown) === 'EPERM';
  }
}

/** Makes a rename survive a power cut. Windows cannot open a directory, and does not need it. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
