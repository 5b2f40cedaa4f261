import { z } from 'zod';
import { DELIVERY_LIMITS, MAX_TTL_MS } from './core/defaults.ts';

// What a program may set about what is kept, and how it is checked.

/** How long what was accepted may wait, and how much is kept. */
export interface Storage {
  /** Milliseconds that an envelope has to reach its machine, where the send says nothing else. */
  readonly ttlMs: number;
  /** Envelopes that may wait for one peer; then OUTBOX_FULL. */
  readonly outboxRows: number;
  /** Milliseconds that the log keeps what is done with; a month unless told. */
  readonly logMs?: number;
  /** Bytes of the database beyond which the oldest of it goes; a quarter of `maxBytes` unless told. */
  readonly logBytes?: number;
  /** Bytes that the database may take; then STORE_FULL. 4 GiB unless told. */
  readonly maxBytes?: number;
}

/** Below it a database has no room for the log of an hour. */
const MIN_STORE_BYTES = 16 * 1024 * 1024;
/** A larger one is a mistake in the unit. */
const MAX_STORE_BYTES = 2 ** 44;
/** With less the log is gone before anybody looks at it. */
const MIN_LOG_MS = 60_000;
/** A hundred years. */
const MAX_LOG_MS = 36_525 * 86_400_000;

const whole = z.int('a whole number is expected');

export const storage = z
  .strictObject({
    ttlMs: whole.min(1, 'from 1').max(MAX_TTL_MS, `${MAX_TTL_MS} at most, which is a year`).optional(),
    outboxRows: whole.min(1, 'from 1').max(1_000_000, '1,000,000 at most').optional(),
    logMs: whole
      .min(MIN_LOG_MS, `from ${MIN_LOG_MS}, which is a minute`)
      .max(MAX_LOG_MS, 'a century at most')
      .optional(),
    logBytes: whole.min(1, 'from 1').max(MAX_STORE_BYTES, `${MAX_STORE_BYTES} at most`).optional(),
    maxBytes: whole
      .min(MIN_STORE_BYTES, `from ${MIN_STORE_BYTES}, which is 16 MiB`)
      .max(MAX_STORE_BYTES, `${MAX_STORE_BYTES} at most`)
      .optional(),
  })
  .default({})
  .transform(({ ttlMs, outboxRows, logMs, logBytes, maxBytes }): Storage => {
    const bytes = logBytes ?? (maxBytes === undefined ? undefined : Math.floor(maxBytes / 4));
    return {
      ttlMs: ttlMs ?? DELIVERY_LIMITS.ttlMs,
      outboxRows: outboxRows ?? DELIVERY_LIMITS.outboxRows,
      ...(logMs !== undefined && { logMs }),
      ...(bytes !== undefined && { logBytes: bytes }),
      ...(maxBytes !== undefined && { maxBytes }),
    };
  })
  .refine(
    ({ logBytes = 0, maxBytes = Number.POSITIVE_INFINITY }) => logBytes <= maxBytes / 2,
    'logBytes must be half of maxBytes at most: the rest is for what was accepted and waits',
  );
