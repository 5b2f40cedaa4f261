import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const newDirectory = (): string => mkdtempSync(join(tmpdir(), 'intermachine-store-'));

/** A directory of its own, gone when the test is over. */
export function temporaryDirectory(): string {
  const directory = newDirectory();
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const databaseFile = (directory = temporaryDirectory()): string => join(directory, 'intermachine.db');
