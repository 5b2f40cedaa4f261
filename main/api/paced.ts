import type { Source } from '../../shared/rpc.ts';

/** Milliseconds between items: ten a second look alive, and a page has time to draw them. */
const PACE_MS = 100;

/**
 * Gives what gathered since the item before, at most ten times a second, and only when its reader has room: a slow
 * reader gets fewer and larger items. `take` returns `undefined` while there is nothing to tell.
 */
export class PacedSource<Item> implements Source<Item> {
  readonly #take: () => Promise<Item | undefined> | Item | undefined;
  readonly #end: () => void;
  #touched = true;
  #over = false;
  #error: Error | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => {};

  /** `start` is told what to call when there may be something new, and returns what ends it. */
  constructor(
    take: () => Promise<Item | undefined> | Item | undefined,
    start: (touch: () => void, source: PacedSource<Item>) => () => void,
  ) {
    this.#take = take;
    this.#end = start(() => this.touch(), this);
  }

  touch(): void {
    this.#touched = true;
    this.#wake();
  }

  /** What was not taken yet is still given, then the stream ends; with an error it fails. */
  finish(error?: Error): void {
    this.#over = true;
    this.#error = error;
    this.#wake();
  }

  stop(): void {
    this.finish();
    this.#touched = false;
    this.#end();
  }

  async next(): Promise<Item | undefined> {
    for (;;) {
      while (!this.#touched && !this.#over) await new Promise<void>((resolve) => this.#onWake(resolve));
      if (!this.#touched) {
        if (this.#error) throw this.#error;
        return undefined;
      }
      await this.#pace();
      if (!this.#touched) continue;
      this.#touched = false;
      this.#lastAt = performance.now();
      const item = await this.#take();
      if (item !== undefined) return item;
    }
  }

  async #pace(): Promise<void> {
    const waitMs = this.#lastAt + PACE_MS - performance.now();
    if (waitMs > 0 && !this.#over) await new Promise<void>((resolve) => setTimeout(resolve, waitMs));
  }

  #onWake(resolve: () => void): void {
    this.#wake = () => {
      this.#wake = () => {};
      resolve();
    };
  }
}
