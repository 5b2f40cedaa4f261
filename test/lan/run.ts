// npm run test:lan [-- --rootless]: all tests on a LAN of network namespaces, also those that take long. Whoever is not root makes them in a namespace of its own, in which it is.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { rootless, rootlessUnavailable } from '../support/rootless.ts';

const given = process.argv.slice(2);
const wantsRootless = given.includes('--rootless');
const isRoot = process.getuid?.() === 0;
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const filters = given.filter((each) => each !== '--rootless');
const tests = filters.length > 0 ? filters : ['test/lan'];
const command = [process.execPath, vitest, 'run', '--config', 'vitest.lan.config.ts', ...tests] as const;

const whyNot = wantsRootless || !isRoot ? rootlessUnavailable() : undefined;
// Where it is forbidden the tests are skipped, and each says why.
if (whyNot !== undefined) console.log(`No namespace of its own: ${whyNot}.`);
const isRootless = (wantsRootless || !isRoot) && whyNot === undefined;
const [program, ...args] = isRootless ? rootless(...command) : command;
const child = spawn(program, args, { stdio: 'inherit' });
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
