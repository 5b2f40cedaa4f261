import { resolve } from 'node:path';
import { InterMachineError } from '../../../shared/errors.ts';
import type { MachineId } from '../../../shared/ids.ts';
import type {
  AuditQuery,
  AuditRow,
  DeadLetter,
  DeadLetterQuery,
  JournalQuery,
  JournalRow,
  JournalSnapshot,
  LogRow,
  MessageQuery,
  Store,
  StoredChange,
  StoreState,
  Stream,
} from '../../core/ports.ts';
import { copyDatabase } from './backup.ts';
import { requireNodeApi } from './node-api.ts';
import type { DatabasePlace } from './sqlite-open.ts';
import { StoreThreads } from './store-threads.ts';

/**
 * A store in one SQLite file. What waits for the disk is done on a thread of its own: a commit takes 0.15 ms on a good
 * one, 10 ms on others. Whatever is committed while it is busy becomes its next transaction. Queries have another thread.
 */
export class SqliteStore implements Store {
  readonly #place: DatabasePlace;
  #threads: StoreThreads | undefined;
  /** The last of what was opened and closed, one after the other. */
  #lifeCycle: Promise<unknown> = Promise.resolve();
  #isTight = false;

  constructor({ file, ...limits }: DatabasePlace) {
    this.#place = { ...limits, file: resolve(file) };
  }

  get isTight(): boolean {
    return this.#isTight;
  }

  get searchBehind(): number {
    return this.#threads?.chores.searchBehind ?? 0;
  }

  get broken(): InterMachineError | undefined {
    return this.#threads?.chores.broken;
  }

  /** Of a store that is open already: reads its state anew, after all that was committed before. */
  open(): Promise<StoreState> {
    return this.#inTurn(async () => {
      if (this.#threads) return (await this.#threads.writer.ask({ type: 'open' })).state;
      requireNodeApi();
      const { threads, state } = await StoreThreads.start(this.#place);
      this.#threads = threads;
      return state;
    });
  }

  commit(changes: readonly StoredChange[]): Promise<void> {
    const threads = this.#threads;
    if (!threads) return Promise.reject(this.#notOpen());
    return threads.writer.commit(changes).then((isTight) => {
      this.#isTight = isTight;
      threads.chores.committed(changes, isTight);
    });
  }

  async messages(query: MessageQuery): Promise<readonly LogRow[]> {
    if (!this.#threads) throw this.#notOpen();
    return await (await this.#threads.forReading()).ask({ type: 'messages', query });
  }

  async deadLetters(query: DeadLetterQuery): Promise<readonly DeadLetter[]> {
    if (!this.#threads) throw this.#notOpen();
    return await (await this.#threads.forReading()).ask({ type: 'deadLetters', query });
  }

  async audit(query: AuditQuery): Promise<readonly AuditRow[]> {
    if (!this.#threads) throw this.#notOpen();
    await this.#threads.writer.settled();
    return await this.#threads.writer.ask({ type: 'audit', query });
  }

  async journal(query: JournalQuery): Promise<readonly JournalRow[]> {
    if (!this.#threads) throw this.#notOpen();
    return await (await this.#threads.forReading()).ask({ type: 'journal', query });
  }

  async journalSnapshot(machine: MachineId, seq: number): Promise<JournalSnapshot | undefined> {
    if (!this.#threads) throw this.#notOpen();
    return await (await this.#threads.forReading()).ask({ type: 'journalSnapshot', machine, seq });
  }

  async texts(of: Stream, first: number, last: number): Promise<readonly string[]> {
    if (!this.#threads) throw this.#notOpen();
    return await (await this.#threads.forReading()).ask({ type: 'texts', of, first, last });
  }

  /** A database of its own, as this one is at the moment; the node goes on. Rejects with BACKUP_FAILED. */
  async backupTo(target: string): Promise<{ readonly bytes: number }> {
    if (!this.#threads) throw this.#notOpen();
    await this.#threads.writer.settled();
    return await copyDatabase(this.#place, resolve(target));
  }

  close(): Promise<void> {
    const closing = this.#threads;
    this.#threads = undefined;
    return this.#inTurn(async () => {
      // Without one, an `open` was still under way when we were called.
      const threads = closing ?? this.#threads;
      this.#threads = undefined;
      await threads?.close();
    });
  }

  #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const done = this.#lifeCycle.then(step);
    // Whoever asked for this step is told of its failure; the next step begins all the same.
    this.#lifeCycle = done.catch(() => undefined);
    return done;
  }

  #notOpen(): InterMachineError {
    return new InterMachineError('STORE_FAILED', `The store ${this.#place.file} is not open`);
  }
}
