import { RUN_SLICE_MS } from './defaults.ts';
import { Fifo } from './fifo.ts';
import type { Clock, Scheduler } from './ports.ts';

/** What one machine has to do; it is not kept while there is nothing. */
type Lane = { readonly name: string; readonly tasks: Fifo<() => void> };

/**
 * One queue for all machines of a node, who take turns: whoever has much to do keeps nobody waiting. It is emptied in slices of a few milliseconds,
 * each in a turn of its own: a chain of machines that send to each other neither overflows the stack nor keeps timers and sockets waiting.
 */
export class RunQueue {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #lanes = new Map<string, Lane>();
  readonly #turns = new Fifo<Lane>();
  #planned = false;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
  }

  /** Tasks of one lane run in the order in which they came, and must not throw. */
  push(name: string, task: () => void): void {
    const known = this.#lanes.get(name);
    if (known) return known.tasks.push(task);
    const lane: Lane = { name, tasks: new Fifo() };
    lane.tasks.push(task);
    this.#lanes.set(name, lane);
    this.#turns.push(lane);
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
    for (let lane = this.#turns.shift(); lane; lane = this.#turns.shift()) {
      lane.tasks.shift()?.();
      if (lane.tasks.isEmpty) this.#lanes.delete(lane.name);
      else this.#turns.push(lane);
      if (this.#clock.now() >= end) break;
    }
    if (!this.#turns.isEmpty) this.#plan();
  }
}
