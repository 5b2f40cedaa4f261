import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freeUdpPort } from '../support/udp-port.ts';

const KILLS = 3;

test(`I8: a node that is killed ${KILLS} times just when dead letters are sent again neither loses nor doubles one`, async () => {
  const home = await mkdtemp(join(tmpdir(), 'intermachine-test-'));
  const port = String(await freeUdpPort());
  let child: ChildProcess | undefined;
  const start = (...dies: readonly string[]): ChildProcess => {
    child = fork(new URL('../support/retrying-node.ts', import.meta.url), [join(home, 'node'), port, ...dies], {
      env: { ...process.env, INTERMACHINE_HOME: home },
    });
    return child;
  };
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const [, signal] = await once(start('dies'), 'exit');
      expect(signal).toBe('SIGKILL');
    }
    const [{ numbers }] = (await once(start(), 'message')) as [{ numbers: readonly number[] }];
    expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n));
  } finally {
    child?.kill('SIGKILL');
    await rm(home, { recursive: true, force: true });
  }
}, 60_000);
