import { MAX_ALLOWANCES } from './defaults.ts';

/** So many at once, then one more in each span: what others may make us do. */
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
    return this.takeOrWait(now) === 0;
  }

  /** 0 where it was taken, else milliseconds until there is one. */
  takeOrWait(now: number): number {
    this.#left = Math.min(this.#burst, this.#left + (now - this.#countedAt) / this.#everyMs);
    this.#countedAt = now;
    if (this.#left < 1) return Math.ceil((1 - this.#left) * this.#everyMs);
    this.#left--;
    return 0;
  }
}

/** The same for each of many, so that none uses up what is the others'. The one that asked longest ago is forgotten first. */
export class Allowances {
  readonly #burst: number;
  readonly #everyMs: number;
  readonly #each = new Map<string, Allowance>();

  constructor(burst: number, everyMs: number) {
    this.#burst = burst;
    this.#everyMs = everyMs;
  }

  take(of: string, now: number): boolean {
    const allowance = this.#each.get(of) ?? new Allowance(this.#burst, this.#everyMs, now);
    this.#each.delete(of);
    this.#each.set(of, allowance);
    const oldest = this.#each.keys().next().value;
    if (this.#each.size > MAX_ALLOWANCES && oldest !== undefined) this.#each.delete(oldest);
    return allowance.take(now);
  }
}
