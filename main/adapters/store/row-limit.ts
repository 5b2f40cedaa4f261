import { MESSAGES_DEFAULT, MESSAGES_MAX } from '../../core/defaults.ts';

/** How many rows a query gets: a whole number from 0 to the maximum, whatever was asked for. */
export function rowLimit({ limit = MESSAGES_DEFAULT }: { readonly limit?: number }): number {
  if (Number.isNaN(limit)) return MESSAGES_DEFAULT;
  return Math.min(Math.max(Math.trunc(limit), 0), MESSAGES_MAX);
}
