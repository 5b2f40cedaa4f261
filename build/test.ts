// npm test [-- what vitest takes]: types, lint and tests beside each other, as no one of them keeps all cores busy.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** `npm` is a script of the shell on Windows. Nothing of its line comes from elsewhere. */
const SHELL = { cwd: root, shell: true } as const;
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/** What it says is shown once it failed: it must not stand between the lines of the tests. Resolves with whether it passed. */
async function check(name: string): Promise<boolean> {
  const child = spawn(`npm run --silent ${name}`, { ...SHELL, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, 'exit');
  if (code !== 0) console.error(`\nnpm run ${name} failed:\n${(await said).join('')}`);
  return code === 0;
}

async function tests(): Promise<boolean> {
  const args = ['run', ...process.argv.slice(2)];
  const child = spawn(process.execPath, [vitest, ...args], { cwd: root, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  return code === 0;
}

const parts = { typecheck: check('typecheck'), lint: check('lint'), test: tests() };
for (const [name, passed] of Object.entries(parts))
  if (!(await passed)) {
    console.error(`${name} failed`);
    process.exitCode = 1;
  }
