// npm run test:lan [-- --rootless]: all tests on a LAN of network namespaces, also those that take long. Whoever is not root makes them in a namespace of its own, in which it is.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOTLESS = [
  '--user',
  '--map-root-user',
  '--net',
  '--mount',
  '--uts',
  '--ipc',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
];
/** Names of network namespaces are files in /run, which is root's. */
const PREPARE = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$@"';

const given = process.argv.slice(2);
const wantsRootless = given.includes('--rootless');
const isRoot = process.getuid?.() === 0;
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const run = [process.execPath, vitest, 'run', '--config', 'vitest.lan.config.ts'];
const filters = given.filter((each) => each !== '--rootless');
const command = [...run, ...(filters.length > 0 ? filters : ['test/lan'])];

const mayBecomeRoot = () => spawnSync('unshare', [...ROOTLESS, 'sh', '-c', PREPARE, 'sh', 'true']).status === 0;
const isRootless = process.platform === 'linux' && (wantsRootless || !isRoot) && mayBecomeRoot();
// Where it is forbidden the tests are skipped, and each says why.
if (wantsRootless && !isRootless) console.log('User namespaces may not be made here.');
const [program = '', ...args] = isRootless ? ['unshare', ...ROOTLESS, 'sh', '-c', PREPARE, 'sh', ...command] : command;
const child = spawn(program, args, { stdio: 'inherit' });
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
