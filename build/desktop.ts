import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { DATABASE_THREADS, nodeBundle } from './bundle.ts';

// Bundles the desktop: shell and engine as ESM, the preload as the one CommonJS file that a sandboxed page may have.

const from = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What window and tray show, as the system wants them named. */
const IMAGES = {
  'icons/linux/512x512.png': 'icon.png',
  'icons/tray.png': 'tray.png',
  'icons/trayTemplate.png': 'trayTemplate.png',
  'icons/trayTemplate@2x.png': 'trayTemplate@2x.png',
};

const SHELL = {
  main: 'main/electron/main.ts',
  engine: 'main/electron/engine.ts',
  ...DATABASE_THREADS,
};

export async function buildDesktop(outDir = from('out/desktop')): Promise<void> {
  // The licences of what is inside must travel with it.
  await build(nodeBundle({ input: SHELL, outDir, emptyOutDir: true, license: 'licenses.md' }));
  await build(nodeBundle({ input: { preload: 'preload/index.ts' }, outDir, format: 'cjs' }));
  mkdirSync(outDir, { recursive: true });
  for (const [image, name] of Object.entries(IMAGES)) copyFileSync(from(`build/${image}`), join(outDir, name));
}

if (import.meta.main) await buildDesktop(process.argv[2]);
