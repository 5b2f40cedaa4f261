import { copyFileSync, mkdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type InlineConfig } from 'vite';

// Bundles the desktop: shell and engine as ESM, the preload as the one CommonJS file that a sandboxed page may have.

const root = fileURLToPath(new URL('..', import.meta.url));
const from = (path: string) => join(root, path);

/** Not bundled: Electron brings itself, the database its native binding; all else is inside, so that the package carries no second copy. */
const EXTERNAL = ['electron', 'better-sqlite3', ...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

/** What window and tray show, as the system wants them named. */
const IMAGES = {
  'icons/linux/512x512.png': 'icon.png',
  'icons/tray.png': 'tray.png',
  'icons/trayTemplate.png': 'trayTemplate.png',
  'icons/trayTemplate@2x.png': 'trayTemplate@2x.png',
};

export async function buildDesktop(outDir = from('out/desktop')): Promise<void> {
  const bundle = (input: Readonly<Record<string, string>>, format: 'es' | 'cjs', isFirst: boolean): InlineConfig => {
    const extension = format === 'es' ? 'js' : 'cjs';
    return {
      configFile: false,
      root,
      logLevel: 'warn',
      ssr: { noExternal: true },
      build: {
        ssr: true,
        outDir,
        emptyOutDir: isFirst,
        target: 'node24',
        sourcemap: false,
        minify: false,
        // The licences of what is inside must travel with it.
        ...(isFirst && { license: { fileName: 'licenses.md' } }),
        rolldownOptions: {
          input: Object.fromEntries(Object.entries(input).map(([name, path]) => [name, from(path)])),
          external: EXTERNAL,
          // One folder: the database's thread is looked for beside the file that starts it.
          output: { format, entryFileNames: `[name].${extension}`, chunkFileNames: `chunk-[hash].${extension}` },
        },
      },
    };
  };
  const shell = {
    main: 'main/electron/main.ts',
    engine: 'main/electron/engine.ts',
    'sqlite-worker': 'main/adapters/store/sqlite-worker.ts',
  };
  await build(bundle(shell, 'es', true));
  await build(bundle({ preload: 'preload/index.ts' }, 'cjs', false));
  mkdirSync(outDir, { recursive: true });
  for (const [image, name] of Object.entries(IMAGES)) copyFileSync(from(`build/${image}`), join(outDir, name));
}

if (import.meta.main) await buildDesktop(process.argv[2]);
