// npm run test:door: a storm of 2,000 connects, and 10,000 strangers that knock, on loopback.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/door'], {
  stdio: 'inherit',
  env: { ...process.env, INTERMACHINE_DOOR: 'all' },
});
process.exitCode = status ?? 1;
