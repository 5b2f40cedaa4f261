import type { AttemptLimit } from './limits.ts';

/** Counts wrong credentials. Everybody here comes from one address, so that they are counted together. */
export class Attempts {
  readonly #limit: AttemptLimit;
  readonly #now: () => number;
  #left: number;
  #countedAt: number;

  /** `now` in milliseconds that only ever grow. */
  constructor(limit: AttemptLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
    this.#left = limit.burst;
    this.#countedAt = now();
  }

  /** Whether one more may be looked at. If not, not even the right one is: an answer would tell them apart. */
  get areLeft(): boolean {
    const now = this.#now();
    this.#left = Math.min(this.#limit.burst, this.#left + ((now - this.#countedAt) / 1_000) * this.#limit.perSecond);
    this.#countedAt = now;
    return this.#left >= 1;
  }

  failed(): void {
    this.#left--;
  }
}
