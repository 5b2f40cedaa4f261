import type { Clock } from '../../core/ports.ts';

export interface Stagger {
  /** Milliseconds until the next one begins. */
  readonly afterMs: number;
  /** The same from when the one before it said that somebody answers. */
  readonly answeredMs: number;
}

/**
 * Runs `attempt` for each item in order, the next one after a while or as soon as one fails, until one succeeds.
 * Resolves with what went wrong if none did. What still runs after a success is the caller's to end.
 */
export function staggered<Item>(
  items: readonly Item[],
  { afterMs, answeredMs }: Stagger,
  attempt: (item: Item, answered: () => void) => Promise<void>,
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
): Promise<ReadonlyMap<Item, unknown> | undefined> {
  const queue = [...items];
  const failures = new Map<Item, unknown>();
  let running = 0;
  let timer: unknown;
  let begun = 0;
  return new Promise((resolve) => {
    const startNext = () => {
      clock.clearTimeout(timer);
      const item = queue.shift();
      if (item === undefined) {
        if (running === 0) resolve(failures);
        return;
      }
      running++;
      timer = clock.setTimeout(startNext, afterMs);
      const number = ++begun;
      const answered = () => {
        if (number !== begun || queue.length === 0) return;
        clock.clearTimeout(timer);
        timer = clock.setTimeout(startNext, answeredMs);
      };
      attempt(item, answered).then(
        () => {
          queue.length = 0;
          clock.clearTimeout(timer);
          resolve(undefined);
        },
        (thrown) => {
          running--;
          failures.set(item, thrown);
          startNext();
        },
      );
    };
    startNext();
  });
}
