import { SqliteConnection } from '../../../main/adapters/store/sqlite-connection.ts';
import type {
  AuditQuery,
  DeadLetterQuery,
  JournalQuery,
  MessageQuery,
  Store,
  StoredChange,
  Stream,
} from '../../../main/core/ports.ts';
import type { MachineId } from '../../../shared/ids.ts';

/** The database of a SqliteStore on the test's own thread: starting a thread for each history would take minutes. */
export class InlineStore implements Store {
  readonly #file: string;
  readonly isTight = false;
  readonly searchBehind = 0;
  #connection: SqliteConnection | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async open() {
    this.#connection ??= new SqliteConnection({ file: this.#file });
    return this.#connection.state();
  }

  async commit(changes: readonly StoredChange[]) {
    this.#connection!.commit(changes);
  }

  async messages(query: MessageQuery) {
    return this.#connection!.reading.answer({ type: 'messages', query });
  }

  async audit(query: AuditQuery) {
    return this.#connection!.audit(query);
  }

  async deadLetters(query: DeadLetterQuery) {
    return this.#connection!.reading.answer({ type: 'deadLetters', query });
  }

  async journal(query: JournalQuery) {
    return this.#connection!.reading.answer({ type: 'journal', query });
  }

  async journalSnapshot(machine: MachineId, seq: number) {
    return this.#connection!.reading.answer({ type: 'journalSnapshot', machine, seq });
  }

  async texts(of: Stream, first: number, last: number) {
    return this.#connection!.reading.answer({ type: 'texts', of, first, last });
  }

  async backupTo(): Promise<never> {
    throw new Error('it is read in one process: copy its file');
  }

  async close() {
    this.#connection?.close();
    this.#connection = undefined;
  }
}
