import type { StoreState } from '../../core/ports.ts';
import { Chores } from './chores.ts';
import { MAX_STORE_BYTES } from './defaults.ts';
import type { DatabasePlace } from './sqlite-open.ts';
import { StoreThread } from './store-thread.ts';

/** The threads of an open store: one that writes, and one for queries that is started with the first of them. */
export class StoreThreads {
  readonly writer: StoreThread;
  readonly chores: Chores;
  readonly #place: DatabasePlace;
  readonly #isShared: boolean;
  #reader: StoreThread | undefined;

  private constructor(place: DatabasePlace, writer: StoreThread, isShared: boolean, rows: number) {
    this.#place = place;
    this.writer = writer;
    this.#isShared = isShared;
    this.chores = new Chores(writer, () => this.#startReader(), rows, place.maxBytes ?? MAX_STORE_BYTES);
  }

  /** Rejects with what `Store.open` rejects with. */
  static async start(place: DatabasePlace): Promise<{ readonly threads: StoreThreads; readonly state: StoreState }> {
    const writer = new StoreThread(place);
    try {
      const { state, isShared, rows } = await writer.ask({ type: 'open' });
      return { state, threads: new StoreThreads(place, writer, isShared, rows) };
    } catch (thrown) {
      await writer.end();
      throw thrown;
    }
  }

  /** For a query that is to see everything that was committed before. */
  async forReading(): Promise<StoreThread> {
    await this.writer.settled();
    const reader = this.#startReader();
    this.chores.indexSoon();
    return reader ?? this.writer;
  }

  async close(): Promise<void> {
    this.chores.stop();
    await this.writer.settled();
    // The last one to close brings the journal into the database: that is to be the writer, which may write.
    await this.#reader?.close();
    await this.writer.close();
  }

  /** `undefined` where nobody beside the writer can get at the database. */
  #startReader(): StoreThread | undefined {
    if (this.#isShared) this.#reader ??= new StoreThread(this.#place, 'reader-worker');
    return this.#reader;
  }
}
