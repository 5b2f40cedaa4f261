const DAY_MS = 86_400_000;
const MiB = 1024 * 1024;

/** The database grows no further. Removing still works then, which it does not on a disk that is full. */
export const MAX_STORE_BYTES = 4 * 1024 * MiB;
/** Of the log, what is handled and older goes. */
export const LOG_KEPT_MS = 30 * DAY_MS;
/** Beyond it the oldest handled rows go, however young: a quarter of the most that the database may have. */
export const LOG_KEPT_BYTES = 1024 * MiB;
/** A peer that was away for longer is taken for a new one. Longer than an envelope may live (core/defaults.ts). */
export const MARKS_KEPT_MS = 400 * DAY_MS;
/** The newest so many. */
export const DEAD_LETTERS_KEPT = 100_000;

/** Above this share of its room a store is tight: nothing new is accepted, so that what is can be brought to an end. */
export const TIGHT_FROM = 0.9;
/** A file that is given up when the disk is full: with it the rest can be brought to an end, and the log be shortened. */
export const BALLAST_BYTES = 16 * MiB;
/** So much has to be free beside the ballast; below it the store is tight. */
export const MIN_FREE_BYTES = 32 * MiB;

/** Whether the database is still at its place is looked for this often: what came since the last look may be lost. */
export const LOOK_EVERY_MS = 1_000;

/** What is past its time is looked for this often, and as long as there is more. */
export const RETENTION_EVERY_MS = 60_000;
export const RETENTION_AGAIN_MS = 20;
/** Sooner when so much of the room was logged since then, or the room is nearly used up: so much later. */
export const RETENTION_AFTER_SHARE = 1 / 16;
export const RETENTION_SOON_MS = 200;

/** The search is brought up to date when nothing was committed for so long, */
export const INDEX_AFTER_IDLE_MS = 200;
/** or after so long all the same, a little. */
export const INDEX_AT_LEAST_EVERY_MS = 2_000;
export const INDEX_AGAIN_MS = 5;
/** Before anybody searched, only a log that grows is indexed. */
export const INDEX_AFTER_ROWS = 5_000;
