/** Lets a burst through, then only so many in a second. */
export class Bucket {
  readonly #size: number;
  readonly #perMs: number;
  #tokens: number;
  #at: number;

  constructor(size: number, perSecond: number, now: number) {
    this.#size = size;
    this.#perMs = perSecond / 1_000;
    this.#tokens = size;
    this.#at = now;
  }

  /** 0 where one was taken, else milliseconds until there is one. */
  take(now: number): number {
    this.#tokens = Math.min(this.#size, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#perMs);
    this.#tokens--;
    return 0;
  }
}
