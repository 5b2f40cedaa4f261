// Builds the dashboard's page into out/renderer, unless what is there is newer than its sources.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = `${root}/out/renderer/index.html`;

/** When the newest file below changed. */
function changedAt(path) {
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => changedAt(`${path}/${name}`)));
}

const sources = ['renderer', 'shared', 'build/renderer.config.ts', 'package-lock.json'];
const isFresh =
  existsSync(built) && statSync(built).mtimeMs > Math.max(...sources.map((path) => changedAt(`${root}/${path}`)));
if (!isFresh) {
  // Loaded only when there is something to do: looking takes a few milliseconds.
  const { build } = await import('vite');
  await build({ configFile: `${root}/build/renderer.config.ts`, logLevel: 'warn' });
}
