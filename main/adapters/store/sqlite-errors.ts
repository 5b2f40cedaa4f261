import { InterMachineError, reasonOf } from '../../../shared/errors.ts';

/** The code of an error of SQLite (`SQLITE_FULL`) or of the file system (`ENOSPC`). */
export function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : '';
}

const CORRUPT = /^SQLITE_(CORRUPT|NOTADB|IOERR_SHORT_READ|IOERR_CORRUPTFS)/;
const FULL = /^(SQLITE_FULL|ENOSPC|EDQUOT)/;

/** A second connection needs 32 KiB of shared memory in a file beside the database; on a full disk it gets none. */
export const isNoRoomToShare = (thrown: unknown): boolean => /^SQLITE_(FULL|IOERR_SHM)/.test(codeOf(thrown));

export const isFull = (thrown: unknown): boolean => FULL.test(codeOf(thrown));

export const isBusy = (thrown: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(codeOf(thrown));

/** Whether the disk itself failed, so that nobody knows what is on it. */
export const isDiskError = (thrown: unknown): boolean => /^SQLITE_(IOERR|CORRUPT|NOTADB)/.test(codeOf(thrown));

/** Why the database could not be opened, for a person. */
export function openError(file: string, thrown: unknown): InterMachineError {
  if (thrown instanceof InterMachineError) return thrown;
  const code = codeOf(thrown);
  if (CORRUPT.test(code)) return corrupt(file, detailOf(thrown));
  if (FULL.test(code)) return full(file, thrown);
  return unusable(file, detailOf(thrown));
}

/** Why a commit did not happen, for a person. */
export function commitError(file: string, thrown: unknown): InterMachineError {
  if (thrown instanceof InterMachineError && thrown.code.startsWith('STORE_')) return thrown;
  if (FULL.test(codeOf(thrown))) return full(file, thrown);
  if (isDiskError(thrown)) return broken(file, detailOf(thrown));
  return new InterMachineError(
    'STORE_FAILED',
    `Nothing of this commit was written to ${file}: ${detailOf(thrown)}. This is a defect; please report it`,
    { cause: thrown },
  );
}

export const corrupt = (file: string, detail: string): InterMachineError =>
  new InterMachineError(
    'STORE_CORRUPT',
    `${file} is damaged (${detail}) and was left as it is. Put it back from a backup, or move it and ${file}-id away to begin with an empty store`,
  );

/** What a query finds, or that it met what is no database any more: STORE_CORRUPT. */
export function orCorrupt<Found>(file: string, query: () => Found): Found {
  try {
    return query();
  } catch (thrown) {
    throw thrown instanceof InterMachineError ? thrown : corrupt(file, detailOf(thrown));
  }
}

export const unusable = (file: string, detail: string): InterMachineError =>
  new InterMachineError(
    'DATA_DIR_UNUSABLE',
    `${file} cannot be used (${detail}). Make its directory writable, or choose another data directory`,
  );

export const broken = (file: string, detail: string): InterMachineError =>
  new InterMachineError(
    'STORE_BROKEN',
    `The disk failed under ${file} (${detail}), and whether the last commit is on it is unknown. Check the disk, then restart the node`,
  );

const full = (file: string, thrown: unknown): InterMachineError =>
  new InterMachineError(
    'STORE_FULL',
    `There is no room left for ${file} (${detailOf(thrown)}), and nothing of this commit was written. Free some space on its disk`,
    { cause: thrown },
  );

export function detailOf(thrown: unknown): string {
  const code = codeOf(thrown);
  const reason = reasonOf(thrown);
  return code === '' || reason.startsWith(code) ? reason : `${code}: ${reason}`;
}
