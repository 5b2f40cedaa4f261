import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PROGRAMS_PLACE } from './programs.ts';

/**
 * Before all tests: the dashboard's page and the programs that tests start are built, where they are older than their sources. By
 * programs of their own: within a test's environment packages would give their development builds.
 */
export function setup(): void {
  const env = { ...process.env, NODE_ENV: 'production' };
  for (const builder of ['../../build/page.js', './build-programs.ts'])
    execFileSync(process.execPath, [fileURLToPath(new URL(builder, import.meta.url))], { env, stdio: 'inherit' });
  process.env.INTERMACHINE_TEST_PROGRAMS = PROGRAMS_PLACE;
}
