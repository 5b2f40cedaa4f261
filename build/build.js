// Builds what the npm package ships, in out/: JavaScript and types, since Node refuses TypeScript under node_modules, and
// the dashboard's page.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

for (const part of ['main', 'shared']) rmSync(`${root}/out/${part}`, { recursive: true, force: true });
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
run('build/page.js');
