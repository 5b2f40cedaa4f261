import type { Clock } from './ports.ts';

/** Acts at most once in a span: soon after the first touch, and once more after the last. */
export class Throttle {
  readonly #clock: Clock;
  readonly #spanMs: number;
  readonly #act: () => void;
  #timer: unknown;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, spanMs: number, act: () => void) {
    this.#clock = clock;
    this.#spanMs = spanMs;
    this.#act = act;
  }

  touch(): void {
    if (this.#timer !== undefined) return;
    const waitMs = Math.max(0, this.#lastAt + this.#spanMs - this.#clock.now());
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#lastAt = this.#clock.now();
      this.#act();
    }, waitMs);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
