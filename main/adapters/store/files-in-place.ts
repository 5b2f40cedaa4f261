import { statSync } from 'node:fs';
import { InterMachineError } from '../../../shared/errors.ts';
import { codeOf } from './sqlite-errors.ts';

/**
 * A file that is removed while it is open goes on taking all that is written to it, and takes that along when it is closed. So it is to be looked
 * whether the open database and its journal are still what lies at their paths. By path alone: to open and close a file once more
 * would let go of the locks that SQLite has on it.
 */
export class FilesInPlace {
  readonly #opened: ReadonlyMap<string, string | undefined>;

  /** Of a database that was just opened. */
  constructor(file: string) {
    const paths = CAN_BE_REMOVED ? [file, `${file}-wal`] : [];
    this.#opened = new Map(paths.map((path) => [path, identityOf(path)]));
  }

  /** Throws STORE_BROKEN where one is gone, or is another. */
  look(): void {
    for (const [path, id] of this.#opened) {
      const now = identityOf(path);
      if (id && now !== undefined && now !== id)
        throw moved(path, now === GONE ? 'removed' : 'replaced by another file');
    }
  }
}

/** Windows does not let go of a file that is open. */
const CAN_BE_REMOVED = process.platform !== 'win32';

const GONE = '';

/** `undefined` where that cannot be asked for at the moment: nothing follows from it. */
function identityOf(path: string): string | undefined {
  try {
    // As large numbers: some file systems use all the 64 bits.
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch (thrown) {
    return /^(ENOENT|ENOTDIR)$/.test(codeOf(thrown)) ? GONE : undefined;
  }
}

const moved = (path: string, what: string) =>
  new InterMachineError(
    'STORE_BROKEN',
    `${path} was ${what} while the node used it: what is taken in now would be lost, so the node stops. Put the file back with those that lay beside it, or restore a backup (intermachine restore), then start the node again`,
  );
