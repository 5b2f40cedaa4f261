import { RUN_SLICE_MS } from './defaults.ts';
import type { Clock, Scheduler } from './ports.ts';

/**
 * One queue for all machines of a node. It is emptied in slices of a few milliseconds, each in a turn of its own: a chain
 * of machines that send to each other neither overflows the stack nor keeps timers and sockets waiting.
 */
export class RunQueue {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #tasks: (() => void)[] = [];
  #next = 0;
  #planned = false;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  /** Tasks run in the order in which they came, and must not throw. */
  push(task: () => void): void {
    this.#tasks.push(task);
    this.#plan();
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    this.#scheduler.soon(() => this.#runSlice());
  }

  #runSlice(): void {
    this.#planned = false;
    const end = this.#clock.now() + RUN_SLICE_MS;
    do {
      this.#tasks[this.#next++]?.();
    } while (this.#next < this.#tasks.length && this.#clock.now() < end);
    if (this.#next < this.#tasks.length) return this.#plan();
    this.#tasks = [];
    this.#next = 0;
  }
}
