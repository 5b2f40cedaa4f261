/** So many at once, then one more in each span: what strangers may make us do. */
export class Allowance {
  readonly #burst: number;
  readonly #everyMs: number;
  #left: number;
  #countedAt: number;

  /** `now` in milliseconds that only ever grow. */
  constructor(burst: number, everyMs: number, now: number) {
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#left = burst;
    this.#countedAt = now;
  }

  take(now: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + (now - this.#countedAt) / this.#everyMs);
    this.#countedAt = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
