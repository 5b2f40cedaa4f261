import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { rootlessUnavailable } from '../support/rootless.ts';

/** One user, mapped to root: this very run is the proof. */
const isInside =
  existsSync('/proc/self/uid_map') && /^\s*0\s+\d+\s+1\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
const whyNot = isInside ? 'it runs in one' : rootlessUnavailable();
if (whyNot !== undefined && !isInside && process.env.CI_REQUIRE_LAN === '1')
  throw new Error(`CI_REQUIRE_LAN=1, but there can be no LAN without root: ${whyNot}`);

test.skipIf(whyNot)(
  `nobody has to be root for a LAN of namespaces${whyNot ? ` (skipped: ${whyNot})` : ''}`,
  async () => {
    const one = ['test/lan/mdns.test.ts', '-t', 'three nodes see each other'];
    const run = spawn(process.execPath, [fileURLToPath(new URL('run.ts', import.meta.url)), '--rootless', ...one], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      // Where it is skipped in there, it fails.
      env: { ...process.env, CI_REQUIRE_LAN: '1', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise((resolve) => run.once('exit', resolve));
    const [output, errors, code] = await Promise.all([text(run.stdout), text(run.stderr), ended]);
    expect(`${output}${errors}`).toMatch(/^1 passed, 0 failed/m);
    expect(code).toBe(0);
  },
);
