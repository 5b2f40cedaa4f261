import { type ErrorCode, InterMachineError, reasonOf } from '../../shared/errors.ts';

/** Exit codes that scripts may rely on; README lists them. Everything else that fails exits with 1. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  CONFIG_INVALID: 2,
  NODE_TOO_OLD: 3,
  PORT_IN_USE: 4,
  PORT_UNUSABLE: 5,
  DATA_DIR_LOCKED: 6,
  DATA_DIR_UNUSABLE: 7,
  STORE_CORRUPT: 8,
  STORE_NEWER: 9,
  NETWORK_KEY_INVALID: 10,
  IDENTITY_INVALID: 11,
  STORE_FULL: 12,
  NODE_NOT_RUNNING: 13,
  NODE_AMBIGUOUS: 14,
  NODE_SILENT: 15,
  NODE_UNKNOWN: 17,
  PAIRING_FAILED: 18,
  PAIRING_BUSY: 19,
  MEMBERS_UNDECIDED: 22,
  STORE_BROKEN: 23,
};

/** Of `intermachine check`, where a file has errors. */
export const CHECK_FAILED_EXIT_CODE = 16;

/** One sentence on standard error, and the exit code that goes with it. */
export function fail(thrown: unknown): never {
  const code = thrown instanceof InterMachineError ? thrown.code : 'INTERNAL';
  process.stderr.write(`intermachine: ${reasonOf(thrown)} (${code})\n`);
  process.exit(EXIT_CODES[code] ?? 1);
}
