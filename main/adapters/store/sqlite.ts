import { resolve } from 'node:path';
import { InterMachineError } from '../../../shared/errors.ts';
import type { AuditQuery, AuditRow, Change, LogRow, MessageQuery, Store, StoreState } from '../../core/ports.ts';
import { requireNodeApi } from './node-api.ts';
import type { DatabasePlace } from './sqlite-open.ts';
import { StoreThread } from './store-thread.ts';

/**
 * A store in one SQLite file. All work is done on a thread of its own, since a commit waits for the disk: 0.15 ms on a
 * good one, 10 ms on others. Whatever is committed while the thread is busy becomes its next transaction.
 */
export class SqliteStore implements Store {
  readonly #place: DatabasePlace;
  #thread: StoreThread | undefined;
  /** The last of what was opened and closed, one after the other. */
  #lifeCycle: Promise<unknown> = Promise.resolve();

  constructor({ file, ...limits }: DatabasePlace) {
    this.#place = { ...limits, file: resolve(file) };
  }

  /** Of a store that is open already: reads its state anew, after all that was committed before. */
  open(): Promise<StoreState> {
    return this.#inTurn(() => this.#thread?.ask({ type: 'open' }) ?? this.#start());
  }

  commit(changes: readonly Change[]): Promise<void> {
    return this.#thread?.commit(changes) ?? Promise.reject(this.#notOpen());
  }

  messages(query: MessageQuery): Promise<readonly LogRow[]> {
    return this.#thread?.ask({ type: 'messages', query }) ?? Promise.reject(this.#notOpen());
  }

  audit(query: AuditQuery): Promise<readonly AuditRow[]> {
    return this.#thread?.ask({ type: 'audit', query }) ?? Promise.reject(this.#notOpen());
  }

  close(): Promise<void> {
    const closing = this.#thread;
    this.#thread = undefined;
    return this.#inTurn(async () => {
      // Without one, an `open` was still under way when we were called.
      const thread = closing ?? this.#thread;
      this.#thread = undefined;
      await thread?.close();
    });
  }

  async #start(): Promise<StoreState> {
    requireNodeApi();
    const thread = new StoreThread(this.#place);
    try {
      const state = await thread.ask({ type: 'open' });
      this.#thread = thread;
      return state;
    } catch (thrown) {
      await thread.end();
      throw thrown;
    }
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
