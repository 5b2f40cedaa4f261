/** Every number that machine files go by, with its unit and its reason. */

/** Bytes of one file. The largest hand-made statecharts that were seen take a tenth of it. */
export const MAX_FILE_BYTES = 256 * 1024;
/** States of one machine; what is beyond can neither be laid out nor understood. */
export const MAX_STATES = 2_000;
/** States within states, the root counted as none. */
export const MAX_STATE_DEPTH = 32;
/** Brackets within brackets of a JSON file: 32 states take two each, the rest is for actions and their values. */
export const MAX_JSON_DEPTH = 200;
/** Milliseconds. Node's timers take a signed 32-bit number; anything above fires at once. */
export const MAX_DELAY_MS = 2_147_483_647;
/** Machines of one file. */
export const MAX_INSTANCES = 100;
/** Files of one folder; whatever comes after them is told, not read. */
export const MAX_FILES = 500;
/** Problems of one file that are told; a damaged file has one on every line. */
export const MAX_PROBLEMS = 100;
/** Entries of metadata, and characters of one of them: they travel to every node. */
export const MAX_METADATA_ENTRIES = 50;
export const MAX_METADATA_LENGTH = 200;

/** Operators that one value may take to compute: some milliseconds. */
export const MAX_OPERATIONS = 100_000;
/** Items of a list, and characters of a text, that an operator may make. */
export const MAX_LIST_LENGTH = 10_000;
export const MAX_TEXT_LENGTH = 65_536;
