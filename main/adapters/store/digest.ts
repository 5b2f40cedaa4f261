import { crc32 } from 'node:zlib';

/** SQLite does not notice when a byte of a text flips on the disk. */
export const digestOf = (text: string): number => crc32(text);

/** Of all that a row says. */
export const digestOfRow = (...cells: readonly (string | number | null)[]): number => digestOf(JSON.stringify(cells));
