import type { InterMachineError } from '../../../shared/errors.ts';
import type { AuditQuery, AuditRow, StoredChange, StoreState } from '../../core/ports.ts';
import { AuditTable } from './audit-table.ts';
import { LOG_KEPT_BYTES, LOG_KEPT_MS, MAX_STORE_BYTES } from './defaults.ts';
import { FilesInPlace } from './files-in-place.ts';
import { Reading } from './reading.ts';
import { Retention } from './retention.ts';
import { Room } from './room.ts';
import { broken, commitError, detailOf, isDiskError, isFull, orCorrupt } from './sqlite-errors.ts';
import { type DatabasePlace, type OpenDatabase, openDatabase } from './sqlite-open.ts';
import { SqliteWriter } from './sqlite-writer.ts';
import { StoredState } from './stored-state.ts';

/** The open database, on the thread that waits for the disk. */
export class SqliteConnection {
  readonly reading: Reading;
  readonly #file: string;
  readonly #opened: OpenDatabase;
  readonly #writer: SqliteWriter;
  readonly #audit: AuditTable;
  readonly #state: StoredState;
  readonly #retention: Retention;
  readonly #room: Room;
  readonly #files: FilesInPlace;
  #broken: InterMachineError | undefined;

  /** Throws what `Store.open` throws. */
  constructor(place: DatabasePlace) {
    const { file, maxBytes = MAX_STORE_BYTES, keepMs = LOG_KEPT_MS, keepBytes = LOG_KEPT_BYTES } = place;
    this.#file = file;
    this.#opened = openDatabase(place);
    const { db } = this.#opened;
    this.#writer = new SqliteWriter(db);
    this.reading = new Reading(file, db);
    this.#audit = new AuditTable(db);
    this.#state = new StoredState(db);
    this.#retention = new Retention(db, { keepMs, keepBytes: Math.min(keepBytes, maxBytes / 2) });
    this.#room = new Room(file, maxBytes, () => this.#retention.usedBytes);
    this.#files = new FilesInPlace(file);
  }

  /** Whether others of this process may read the database. */
  get isShared(): boolean {
    return this.#opened.isShared;
  }

  /** Rows of the log that were ever written. */
  get rows(): number {
    return this.#writer.rows;
  }

  state(): StoreState {
    return orCorrupt(this.#file, () => this.#state.read());
  }

  audit(query: AuditQuery): readonly AuditRow[] {
    return orCorrupt(this.#file, () => this.#audit.rows(query));
  }

  /** Returns whether the room for more is nearly used up. Throws STORE_FULL, STORE_FAILED. */
  commit(changes: readonly StoredChange[]): boolean {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      this.#write(changes);
      return this.#room.isTight();
    } catch (thrown) {
      // The system tells of a failed fsync once; the next one says that all is well, and it is not.
      if (isDiskError(thrown)) this.#broken = broken(this.#file, detailOf(thrown));
      throw commitError(this.#file, thrown);
    }
  }

  /** Throws STORE_BROKEN, from then on for every commit too, where the database is not at its place any more. */
  look(): void {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      this.#files.look();
    } catch (thrown) {
      this.#broken = commitError(this.#file, thrown);
      throw this.#broken;
    }
  }

  /** One step of what is done behind the traffic. Returns whether there is more. */
  maintain(): boolean {
    if (this.#broken !== undefined) return false;
    try {
      this.#room.takeBallast();
      const hasMore = this.#retention.step();
      this.#writer.forget();
      return hasMore;
    } catch {
      // Nothing that anybody waits for: the next commit tells what is wrong.
      return false;
    }
  }

  close(): void {
    this.#opened.close();
  }

  /** What is accepted goes before what is only remembered: on a full disk the log is shortened. */
  #write(changes: readonly StoredChange[]): void {
    try {
      this.#writer.write(changes);
    } catch (thrown) {
      if (!isFull(thrown)) throw thrown;
      this.#room.throwBallast();
      if (!this.#retention.makeRoom()) throw thrown;
      this.#writer.forget();
      this.#writer.write(changes);
    }
  }
}
