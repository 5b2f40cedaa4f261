import type { DeliveryLimits } from '../../../main/core/defaults.ts';

/** Milliseconds between two looks at the clock. */
export const TICK_MS = 600_000;

/** So small that histories of a few dozen steps meet them. */
export const LIMITS: DeliveryLimits = {
  outboxRows: 8,
  outboxLength: 1_000_000,
  windowRows: 3,
  windowLength: 1_000_000,
  resumeEpochs: 4,
  refusalsKept: 2,
  // What a sender can leave open: below a window that its disk does not know, and a window that is under way.
  refusalsOpen: 5,
  inHandRows: 5,
  inHandLength: 1_000_000,
  waitingRows: 4,
  waitingLength: 1_000_000,
  ttlMs: 6 * TICK_MS,
};
