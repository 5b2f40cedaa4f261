import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InlineConfig } from 'vite';
import type { ThreadProgram } from '../main/adapters/store/store-thread.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Not bundled: Electron brings itself, the database its native binding; all else is inside, so that the package carries no second copy. */
const EXTERNAL = ['electron', 'better-sqlite3', ...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

/** The threads of the database. They are looked for beside the file that starts them. */
export const DATABASE_THREADS: Readonly<Record<ThreadProgram, string>> = {
  'sqlite-worker': 'main/adapters/store/sqlite-worker.ts',
  'reader-worker': 'main/adapters/store/reader-worker.ts',
};

export interface NodeBundle {
  /** Name of the file that is made, without its extension, to its source below the root. */
  readonly input: Readonly<Record<string, string>>;
  readonly outDir: string;
  readonly format?: 'es' | 'cjs';
  readonly emptyOutDir?: boolean;
  /** The file in `outDir` for the licences of what is inside. */
  readonly license?: string;
}

/** How programs for Node and Electron become a few files in one folder. */
export function nodeBundle({ input, outDir, format = 'es', emptyOutDir = false, license }: NodeBundle): InlineConfig {
  const extension = format === 'es' ? 'js' : 'cjs';
  return {
    configFile: false,
    root,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir,
      emptyOutDir,
      target: 'node24',
      sourcemap: false,
      minify: false,
      ...(license && { license: { fileName: license } }),
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(input).map(([name, path]) => [name, join(root, path)])),
        external: EXTERNAL,
        output: { format, entryFileNames: `[name].${extension}`, chunkFileNames: `chunk-[hash].${extension}` },
      },
    },
  };
}
