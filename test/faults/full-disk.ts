import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';

const MiB = 1024 * 1024;

/** Somebody else's file takes all room that there is, and all that becomes free, for so long. Returns how long there was none. */
export async function fillDisk(directory: string, forMs: number): Promise<number> {
  const file = join(directory, 'of-somebody-else');
  const handle = openSync(file, 'w');
  const from = performance.now();
  try {
    while (performance.now() - from < forMs) {
      for (const bytes of [MiB, 64 * 1024, 4 * 1024]) while (write(handle, bytes));
      await passes(20);
    }
  } finally {
    closeSync(handle);
    rmSync(file);
  }
  return performance.now() - from;
}

function write(handle: number, bytes: number): boolean {
  try {
    return writeSync(handle, Buffer.alloc(bytes, 0x5a)) === bytes;
  } catch {
    return false;
  }
}
