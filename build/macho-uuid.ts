import { createHash } from 'node:crypto';

const FAT_MAGIC = 0xcafebabe;
const MACHO_64_MAGIC = 0xfeedfacf;
const LC_UUID = 0x1b;
/** Bytes before the load commands of a 64-bit program, and what one entry of a universal file takes. */
const HEADER_BYTES = 32;
const FAT_ENTRY_BYTES = 20;

/**
 * Gives each program in a Mach-O file, universal or not, a UUID derived from the name, in place. Answers how many were changed.
 */
export function setMachoUuid(file: Buffer, name: string): number {
  return programsOf(file).reduce((changed, start) => changed + setUuid(file, start, uuidOf(`${name}/${start}`)), 0);
}

function programsOf(file: Buffer): number[] {
  if (file.length < 8 || file.readUInt32BE(0) !== FAT_MAGIC) return [0];
  return Array.from({ length: file.readUInt32BE(4) }, (_, index) => file.readUInt32BE(8 + index * FAT_ENTRY_BYTES + 8));
}

function setUuid(file: Buffer, start: number, uuid: Buffer): number {
  if (file.length < start + HEADER_BYTES || file.readUInt32LE(start) !== MACHO_64_MAGIC) return 0;
  const commands = file.readUInt32LE(start + 16);
  let at = start + HEADER_BYTES;
  for (let n = 0; n < commands; n++) {
    const size = file.readUInt32LE(at + 4);
    if (size < 8) throw new Error(`load command ${n} of the program says it has ${size} bytes`);
    if (file.readUInt32LE(at) === LC_UUID) return uuid.copy(file, at + 8) > 0 ? 1 : 0;
    at += size;
  }
  return 0;
}

/**
 * A UUID of version 5's form (RFC 9562, 5.5), with SHA-256.
 */
function uuidOf(name: string): Buffer {
  const uuid = createHash('sha256').update(name).digest().subarray(0, 16);
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x50;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  return uuid;
}
