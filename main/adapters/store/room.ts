import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { BALLAST_BYTES, MIN_FREE_BYTES, TIGHT_FROM } from './defaults.ts';

/** Asking the file system for each commit would cost more than the commit. */
const LOOK_EVERY_MS = 1_000;

/** How much room the disk has for a database, and the ballast that is thrown off when it has none. */
export class Room {
  readonly #file: string;
  readonly #maxBytes: number;
  readonly #usedBytes: () => number;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isDiskTight = false;
  #isThrown = false;

  constructor(file: string, maxBytes: number, usedBytes: () => number) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    this.#usedBytes = usedBytes;
  }

  /** Whether nothing new should be accepted. */
  isTight(now = Date.now()): boolean {
    if (this.#usedBytes() >= this.#maxBytes * TIGHT_FROM) return true;
    if (now - this.#lookedAt >= LOOK_EVERY_MS) {
      this.#lookedAt = now;
      this.#isDiskTight = this.#isThrown || (this.#isLarge && this.#freeBytes() < MIN_FREE_BYTES);
    }
    return this.#isDiskTight;
  }

  /** Makes the ballast where it is missing and there is room for it. */
  takeBallast(): void {
    if (!this.#isLarge || existsSync(this.#ballast)) return;
    if (this.#freeBytes() < BALLAST_BYTES + 2 * MIN_FREE_BYTES) return;
    try {
      writeBallast(this.#ballast);
      this.#isThrown = false;
    } catch {
      // The disk filled up meanwhile: next time.
      rmSync(this.#ballast, { force: true });
    }
  }

  /** The disk is full. */
  throwBallast(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#isThrown = this.#isLarge;
    rmSync(this.#ballast, { force: true });
  }

  get #ballast(): string {
    return `${this.#file}-ballast`;
  }

  /** A database that is kept small has no ballast that is larger than itself. */
  get #isLarge(): boolean {
    return this.#maxBytes >= 4 * BALLAST_BYTES;
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(dirname(this.#file));
    return bavail * bsize;
  }
}

/** Written, not only reserved: on some file systems a hole takes no room. */
function writeBallast(file: string): void {
  const handle = openSync(file, 'w', 0o600);
  try {
    const block = Buffer.alloc(1024 * 1024, 0x5a);
    for (let written = 0; written < BALLAST_BYTES; written += block.length) writeSync(handle, block);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
