import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** When the newest file below changed. */
function changedAt(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => changedAt(`${path}/${name}`)));
}

/** Whether that file is younger than all that it is made of: files and folders below the root. Looking takes a few milliseconds. */
export const isFresh = (built: string, sources: readonly string[]): boolean =>
  existsSync(`${root}/${built}`) &&
  statSync(`${root}/${built}`).mtimeMs > Math.max(...sources.map((path) => changedAt(`${root}/${path}`)));
