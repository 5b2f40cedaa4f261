import { CLOCK_JUMP_MS } from './defaults.ts';
import type { Clock, ClockRow } from './ports.ts';

/**
 * The node's own time, by which envelopes expire: milliseconds that only grow. It goes on over restarts by what the wall
 * clock says has passed, and takes no notice of a wall clock that is set while the node runs.
 */
export class DeliveryTime {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #base: number;
  #known: ClockRow;

  constructor(clock: Clock, stored: ClockRow | undefined) {
    const wallTime = clock.wallTime();
    this.#clock = clock;
    this.#startedAt = clock.now();
    // A wall clock that went back while we were away tells nothing of how long that was.
    this.#base = stored ? stored.time + Math.max(0, wallTime - stored.wallTime) : 1;
    this.#known = { time: this.#base, wallTime };
  }

  now(): number {
    return this.#base + Math.round(this.#clock.now() - this.#startedAt);
  }

  /** Both clocks as they are together, to be stored. */
  row(): ClockRow {
    this.#known = { time: this.now(), wallTime: this.#clock.wallTime() };
    return this.#known;
  }

  /** Whether the wall clock was set since the last `row`, so that what is stored would mislead the next start. */
  get hasJumped(): boolean {
    const passed = this.now() - this.#known.time;
    return Math.abs(this.#clock.wallTime() - this.#known.wallTime - passed) > CLOCK_JUMP_MS;
  }
}
