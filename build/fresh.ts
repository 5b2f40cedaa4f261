import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** When the newest file below changed. */
function changedAt(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => changedAt(`${path}/${name}`)));
}

const at = (path: string): string => resolve(root, path);

/** Whether that file is younger than all that it is made of: files and folders, from the root on. Looking takes a few milliseconds. */
export const isFresh = (built: string, sources: readonly string[]): boolean =>
  existsSync(at(built)) && statSync(at(built)).mtimeMs > Math.max(...sources.map((path) => changedAt(at(path))));
