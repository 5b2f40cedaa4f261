import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds; far beyond what any of these tests needs on a busy machine. */
const PATIENCE_MS = 8_000;

/** Waits until the condition holds; fails, saying what never came true, if it does not. */
export async function until(what: string, holds: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Never came true: ${what}`);
    await delay(2);
  }
}
