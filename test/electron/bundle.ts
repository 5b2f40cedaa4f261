import { execFile } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The desktop's bundles, made by a program of its own: within a test, packages would give their development builds. The
 * database, which is not in them, is found beside them.
 */
export async function bundleDesktop(outDir: string): Promise<void> {
  const env = { ...process.env, NODE_ENV: 'production' };
  await promisify(execFile)(process.execPath, [join(ROOT, 'build/desktop.ts'), outDir], { env });
  const modules = join(dirname(outDir), 'node_modules');
  if (!existsSync(join(outDir, '../../node_modules')) && !existsSync(modules))
    symlinkSync(join(ROOT, 'node_modules'), modules, 'junction');
}
