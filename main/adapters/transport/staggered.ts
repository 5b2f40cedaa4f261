import type { Clock } from '../../core/ports.ts';

/**
 * Runs `attempt` for each item in order, the next one `staggerMs` later or as soon as one fails, until one succeeds.
 * Resolves with what went wrong if none did. What still runs after a success is the caller's to end.
 */
export function staggered<Item>(
  items: readonly Item[],
  staggerMs: number,
  attempt: (item: Item) => Promise<void>,
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
): Promise<ReadonlyMap<Item, unknown> | undefined> {
  const queue = [...items];
  const failures = new Map<Item, unknown>();
  let running = 0;
  let timer: unknown;
  return new Promise((resolve) => {
    const startNext = () => {
      clock.clearTimeout(timer);
      const item = queue.shift();
      if (item === undefined) {
        if (running === 0) resolve(failures);
        return;
      }
      running++;
      timer = clock.setTimeout(startNext, staggerMs);
      attempt(item).then(
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
