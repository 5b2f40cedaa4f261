// Builds the dashboard's page into out/renderer, unless what is there is newer than its sources.
import { fileURLToPath } from 'node:url';
import { isFresh } from './fresh.ts';

if (!isFresh('out/renderer/index.html', ['renderer', 'shared', 'build/renderer.config.ts', 'package-lock.json'])) {
  // Loaded only when there is something to do.
  const { build } = await import('vite');
  await build({ configFile: fileURLToPath(new URL('renderer.config.ts', import.meta.url)), logLevel: 'warn' });
}
