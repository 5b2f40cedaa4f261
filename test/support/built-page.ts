import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Before all tests: the dashboard's page is built once, and only where it is older than its sources. */
export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../build/page.js', import.meta.url))], {
    stdio: 'inherit',
  });
}
