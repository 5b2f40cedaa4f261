import type { Clock, Scheduler } from '../../core/ports.ts';

/** The host's own time. */
export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  wallTime(): number {
    return Date.now();
  }

  setTimeout(task: (...args: unknown[]) => void, delayMs: number): NodeJS.Timeout {
    return setTimeout(task, delayMs);
  }

  clearTimeout(timer: unknown): void {
    clearTimeout(timer as NodeJS.Timeout | undefined);
  }
}

/** Turns of Node's event loop. */
export class SystemScheduler implements Scheduler {
  soon(task: () => void): void {
    setImmediate(task);
  }
}
