import type { Clock } from '../../core/ports.ts';

/** Milliseconds after the start: whoever is there is found at once, and a lost packet costs a second (RFC 6762, 5.2). */
const FIRST_ASKED_AT_MS: readonly number[] = [0, 1_000, 3_000, 7_000];
/** While a node that we know is missing. */
const SEEKING_MS = 10_000;
/** Otherwise: nodes announce themselves, asking only finds what was lost on the way. */
const RESTING_MS = 60_000;
/** A question that somebody put within this part of the interval stands for ours (RFC 6762, 7.3). */
const HEARD_SHARE = 0.8;

/** When to ask who is there. It does not ask itself, and it does not know whom. */
export class QuerySchedule {
  readonly #clock: Clock;
  readonly #ask: (unlessAskedWithinMs: number) => void;
  #timer: unknown;
  #startedAt = 0;
  #lastAskedAt = 0;
  #asked = 0;
  #seeking = false;
  #running = false;

  constructor(clock: Clock, ask: (unlessAskedWithinMs: number) => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** From the beginning; also where the network changed. */
  restart(): void {
    this.#running = true;
    this.#startedAt = this.#clock.now();
    this.#lastAskedAt = this.#startedAt;
    this.#asked = 0;
    this.#next();
  }

  seek(missing: boolean): void {
    if (this.#seeking === missing) return;
    this.#seeking = missing;
    if (this.#running) this.#next();
  }

  stop(): void {
    this.#running = false;
    this.#clock.clearTimeout(this.#timer);
  }

  #next(): void {
    this.#clock.clearTimeout(this.#timer);
    const first = FIRST_ASKED_AT_MS[this.#asked];
    const dueAt = first === undefined ? this.#lastAskedAt + this.#interval : this.#startedAt + first;
    const waitMs = dueAt - this.#clock.now();
    if (waitMs > 0) this.#timer = this.#clock.setTimeout(() => this.#due(), waitMs);
    else this.#due();
  }

  #due(): void {
    const now = this.#clock.now();
    const sinceLast = this.#asked < FIRST_ASKED_AT_MS.length ? now - this.#lastAskedAt : this.#interval;
    this.#lastAskedAt = now;
    this.#asked++;
    this.#ask(sinceLast * HEARD_SHARE);
    this.#next();
  }

  get #interval(): number {
    return this.#seeking ? SEEKING_MS : RESTING_MS;
  }
}
