import { MAX_RESTARTS, RESTART_CEILING_MS, RESTART_FIRST_MS, RESTARTS_WITHIN_MS } from './defaults.ts';

/**
 * What becomes of a machine that fails. `restart`: it begins anew after a while, and gets the event at which it failed again; where it fails too
 * often, it is parked. `park`: it stays as it is and takes nothing more until a person starts it.
 */
export type Supervision =
  | 'restart'
  | 'park'
  | {
      /** So many restarts within a minute; then it is parked. 10 unless told. */
      readonly maxRestarts?: number;
      /** Milliseconds to the first restart; doubles with each further one up to 10 s. 100 unless told. */
      readonly firstDelayMs?: number;
    };

/**
 * Milliseconds until the restart, or `undefined` where the machine is parked. `failuresAt` are the times of its failures so far, this one
 * included, on a clock that only grows.
 */
export function restartDelay(supervision: Supervision, failuresAt: readonly number[]): number | undefined {
  if (supervision === 'park') return undefined;
  const { maxRestarts = MAX_RESTARTS, firstDelayMs = RESTART_FIRST_MS } = supervision === 'restart' ? {} : supervision;
  const now = failuresAt.at(-1) ?? 0;
  const lately = failuresAt.filter((at) => now - at < RESTARTS_WITHIN_MS).length;
  if (lately > maxRestarts) return undefined;
  return Math.min(RESTART_CEILING_MS, firstDelayMs * 2 ** (lately - 1));
}
