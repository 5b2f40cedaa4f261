import type { SteppedClock } from './world.ts';

/** Time that passes by hand, for crowds: each millisecond has its own list, where XState's clock sorts all timers for each that fires. */
export class WheelClock implements SteppedClock {
  wallOffsetMs = Date.UTC(2026, 0, 1);
  readonly #due = new Map<number, Map<number, () => void>>();
  readonly #dueAt = new Map<number, number>();
  #now = 0;
  #timers = 0;

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.wallOffsetMs + this.#now;
  }

  setTimeout(task: () => void, ms: number): number {
    const at = this.#now + Math.max(1, Math.ceil(ms));
    const id = ++this.#timers;
    const tasks = this.#due.get(at) ?? new Map<number, () => void>();
    this.#due.set(at, tasks.set(id, task));
    this.#dueAt.set(id, at);
    return id;
  }

  clearTimeout(id: unknown): void {
    const at = this.#dueAt.get(id as number);
    if (at === undefined) return;
    this.#dueAt.delete(id as number);
    this.#due.get(at)?.delete(id as number);
  }

  increment(ms: number): void {
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now++;
      for (const [id, task] of this.#due.get(this.#now) ?? []) {
        this.#dueAt.delete(id);
        task();
      }
      this.#due.delete(this.#now);
    }
  }
}
