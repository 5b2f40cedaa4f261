import type { Database } from 'better-sqlite3';
import { InterMachineError } from '../../../shared/errors.ts';
import type { AuditQuery, AuditRow, Change, LogRow, MessageQuery, StoreState } from '../../core/ports.ts';
import { NodeKeys } from './node-keys.ts';
import { broken, commitError, corrupt, detailOf, isDiskError } from './sqlite-errors.ts';
import { closeDatabase, type DatabasePlace, openDatabase } from './sqlite-open.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { SqliteWriter } from './sqlite-writer.ts';

/** The open database, on the thread that waits for the disk. */
export class SqliteConnection {
  readonly #file: string;
  readonly #db: Database;
  readonly #writer: SqliteWriter;
  readonly #reader: SqliteReader;
  #broken: InterMachineError | undefined;

  /** Throws what `Store.open` throws. */
  constructor(place: DatabasePlace) {
    this.#file = place.file;
    this.#db = openDatabase(place);
    const keys = new NodeKeys(this.#db);
    this.#writer = new SqliteWriter(this.#db, keys);
    this.#reader = new SqliteReader(this.#db, keys);
  }

  state(): StoreState {
    return this.#read(() => this.#reader.state());
  }

  messages(query: MessageQuery): readonly LogRow[] {
    return this.#read(() => this.#reader.messages(query));
  }

  audit(query: AuditQuery): readonly AuditRow[] {
    return this.#read(() => this.#reader.audit(query));
  }

  /** Throws STORE_FULL, STORE_FAILED. */
  commit(changes: readonly Change[]): void {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      this.#writer.write(changes);
    } catch (thrown) {
      // The system tells of a failed fsync once; the next one says that all is well, and it is not.
      if (isDiskError(thrown)) this.#broken = broken(this.#file, detailOf(thrown));
      throw commitError(this.#file, thrown);
    }
  }

  close(): void {
    closeDatabase(this.#db, this.#file);
  }

  #read<Rows>(read: () => Rows): Rows {
    try {
      return read();
    } catch (thrown) {
      throw thrown instanceof InterMachineError ? thrown : corrupt(this.#file, detailOf(thrown));
    }
  }
}
