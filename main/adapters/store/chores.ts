import { InterMachineError } from '../../../shared/errors.ts';
import type { StoredChange } from '../../core/ports.ts';
import {
  INDEX_AFTER_IDLE_MS,
  INDEX_AFTER_ROWS,
  INDEX_AGAIN_MS,
  INDEX_AT_LEAST_EVERY_MS,
  LOOK_EVERY_MS,
  RETENTION_AFTER_SHARE,
  RETENTION_AGAIN_MS,
  RETENTION_EVERY_MS,
  RETENTION_SOON_MS,
} from './defaults.ts';
import type { StoreThread } from './store-thread.ts';

/** What an open store does by itself, behind the traffic: it removes what is past its time, indexes what came, and looks after its files. */
export class Chores {
  readonly #writer: StoreThread;
  readonly #reader: () => StoreThread | undefined;
  readonly #maxBytes: number;
  #retention: NodeJS.Timeout | undefined;
  /** It was brought forward, or goes on until there is no more. */
  #isRetentionNear = false;
  /** Characters that were logged since it was last looked for what may go. */
  #newLength = 0;
  #indexing: NodeJS.Timeout | undefined;
  #indexedAt = 0;
  #newRows = 0;
  #searchBehind: number;
  #looking: NodeJS.Timeout | undefined;
  #broken: InterMachineError | undefined;
  #isStopped = false;

  /** Of the rows that were there before nobody knows yet how many are indexed. */
  constructor(writer: StoreThread, reader: () => StoreThread | undefined, rows: number, maxBytes: number) {
    this.#searchBehind = rows;
    this.#writer = writer;
    this.#reader = reader;
    this.#maxBytes = maxBytes;
    this.#planRetention(RETENTION_EVERY_MS);
    this.#planLook();
  }

  get searchBehind(): number {
    return this.#searchBehind + this.#newRows;
  }

  /** Why nothing more is taken. */
  get broken(): InterMachineError | undefined {
    return this.#broken;
  }

  /** `isTight`: the room is nearly used up. */
  committed(changes: readonly StoredChange[], isTight: boolean): void {
    for (const change of changes) {
      if (change.type !== 'page') continue;
      this.#newRows += change.page.count;
      this.#newLength += change.page.text.length;
    }
    if (this.#newRows >= INDEX_AFTER_ROWS) this.indexSoon();
    // Nothing new is to be refused for the sake of what is done with and over its measure.
    if (isTight || this.#newLength >= this.#maxBytes * RETENTION_AFTER_SHARE) this.#retainSoon();
  }

  /** Starts the reader, if it does not run yet. */
  indexSoon(): void {
    if (this.#indexing === undefined) this.#planIndexing(INDEX_AFTER_IDLE_MS);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retention);
    clearTimeout(this.#indexing);
    clearTimeout(this.#looking);
  }

  #retainSoon(): void {
    if (this.#isRetentionNear) return;
    this.#isRetentionNear = true;
    clearTimeout(this.#retention);
    this.#planRetention(RETENTION_SOON_MS);
  }

  #planRetention(inMs: number): void {
    if (this.#isStopped) return;
    this.#retention = setTimeout(() => void this.#retain(), inMs).unref();
  }

  async #retain(): Promise<void> {
    this.#newLength = 0;
    const hasMore = await this.#writer.ask({ type: 'maintain' }).catch(() => false);
    this.#isRetentionNear = hasMore;
    this.#planRetention(hasMore ? RETENTION_AGAIN_MS : RETENTION_EVERY_MS);
  }

  #planLook(): void {
    if (this.#isStopped) return;
    this.#looking = setTimeout(() => void this.#look(), LOOK_EVERY_MS).unref();
  }

  async #look(): Promise<void> {
    try {
      await this.#writer.ask({ type: 'look' });
      this.#planLook();
    } catch (thrown) {
      this.#broken = thrown instanceof InterMachineError ? thrown : undefined;
    }
  }

  #planIndexing(inMs: number): void {
    if (this.#isStopped) return;
    this.#indexing = setTimeout(() => void this.#index(), inMs).unref();
  }

  async #index(): Promise<void> {
    const isDue = Date.now() - this.#indexedAt >= INDEX_AT_LEAST_EVERY_MS;
    if (!this.#writer.isIdle && !isDue) return this.#planIndexing(INDEX_AFTER_IDLE_MS);
    this.#indexedAt = Date.now();
    this.#newRows = 0;
    this.#searchBehind =
      (await this.#reader()
        ?.ask({ type: 'index' })
        .catch(() => 0)) ?? 0;
    this.#indexing = undefined;
    if (this.#searchBehind > 0) this.#planIndexing(INDEX_AGAIN_MS);
  }
}
