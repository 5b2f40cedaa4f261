import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNode, type InterMachineNode } from '../../main/index.ts';
import { eventually } from '../support/discovery.ts';
import { collector } from '../support/machines.ts';
import { commander } from '../support/registrator/places.ts';
import { freeUdpPort } from '../support/udp-port.ts';

// Each sync of a real node's disk is made to take long: whatever is said before the disk has it, is said too early.

const KEY = 'abcdefghijklmnopqrstuvwxya';
const SYNC_MS = 400;
const SLOWLY = ['-f', '-qq', '--seccomp-bpf', '-e', 'trace=fsync,fdatasync', '-e', 'signal=none'];
const INJECTION = `inject=fsync,fdatasync:delay_exit=${SYNC_MS * 1_000}`;
const slowly = (...command: readonly string[]) => [...SLOWLY, '-e', INJECTION, '-o', '/dev/null', ...command];
const canTrace = process.platform === 'linux' && spawnSync('strace', slowly(process.execPath, '-e', '')).status === 0;

describe.skipIf(!canTrace)('a node whose disk needs long for each sync', () => {
  let home: string;
  let here: InterMachineNode;
  let child: ChildProcess;
  let there: ReturnType<typeof commander>;
  let sink: { readonly id: string; readonly address: string };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'intermachine-sync-'));
    const loopbackPort = await freeUdpPort();
    const program = fileURLToPath(new URL('../support/registrator/host.ts', import.meta.url));
    const place = [join(home, 'there'), String(loopbackPort), KEY];
    child = spawn('strace', slowly(process.execPath, program, ...place), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    there = commander(child);
    here = await createNode({
      name: 'here',
      dataDir: join(home, 'here'),
      loopbackPort,
      networkKey: KEY,
      report: () => {},
    });
    sink = (await there({ do: 'register', type: 'Sink', machine: 'collector' })) as typeof sink;
    await eventually('its machine is known', () => here.machine(sink.address)?.running === true, 30_000);
    await passed();
  }, 60_000);
  afterAll(async () => {
    await here.stop();
    child.disconnect();
    if (child.exitCode === null) await once(child, 'exit');
    await rm(home, { recursive: true, force: true });
  }, 60_000);

  /** Nothing is on its way to the disk any more. */
  const passed = async () => void (await here.sendTo(sink.address, { type: 'NUMBER', n: 0 }));
  const took = async (what: () => Promise<unknown>): Promise<number> => {
    const from = performance.now();
    await what();
    return performance.now() - from;
  };

  test('I5: acknowledges what came when it is synced, and no earlier, although its machine could have it at once', async () => {
    for (let n = 1; n <= 4; n++) {
      const event = { type: 'NUMBER', n };
      expect(await took(() => here.sendTo(sink.address, event, { until: 'delivered' }))).toBeGreaterThan(SYNC_MS);
    }
    // What needs no disk there is there in no time: it was the sync that took so long.
    const fast: number[] = [];
    for (let n = 0; n < 5; n++)
      fast.push(await took(() => here.sendTo(sink.address, { type: 'NUMBER', n }, { delivery: 'volatile' })));
    expect(Math.min(...fast)).toBeLessThan(SYNC_MS / 2);
  }, 60_000);

  test('I9: sends what it was given when that is synced, and no earlier', async () => {
    const own = await here.register('Here', collector);
    await passed();
    for (let n = 1; n <= 3; n++) {
      const has = () => own.actor.getSnapshot().context.numbers.includes(n);
      const arrived = took(() => eventually('it is here', has, 30_000));
      const sending = there({ do: 'sendTo', id: sink.id, to: own.address, event: { type: 'NUMBER', n } });
      expect(await arrived).toBeGreaterThan(SYNC_MS);
      await sending;
    }
  }, 60_000);
});
