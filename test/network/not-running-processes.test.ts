import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNode, type InterMachineNode } from '../../main/index.ts';
import { eventually } from '../support/discovery.ts';
import type { Looked } from '../support/registrator/driver.ts';
import { commander } from '../support/registrator/places.ts';
import { freeUdpPort } from '../support/udp-port.ts';

// The same with two processes, real sockets and real files.

const KEY = 'abcdefghijklmnopqrstuvwxya';
let home: string;
let loopbackPort: number;
let here: InterMachineNode;
let child: ChildProcess;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'intermachine-test-'));
  loopbackPort = await freeUdpPort();
  here = await createNode({
    name: 'here',
    dataDir: join(home, 'here'),
    loopbackPort,
    networkKey: KEY,
    report: () => {},
  });
});
afterAll(async () => {
  await here.stop();
  await end('disconnect');
  await rm(home, { recursive: true, force: true });
});

async function start() {
  const program = new URL('../support/registrator/host.ts', import.meta.url);
  child = fork(program, [join(home, 'there'), String(loopbackPort), KEY]);
  await once(child, 'message');
  return commander(child);
}

async function end(how: 'disconnect' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  if (how === 'disconnect') child.disconnect();
  else child.kill(how);
  await exit;
}

test('I10: a machine that was disposed of, in a node that is killed and started without it, gets all in order, once', async () => {
  let there = await start();
  const register = { do: 'register', type: 'Sink', machine: 'collector' } as const;
  const { id, address } = (await there(register)) as { id: string; address: string };
  const knownAs = (running: boolean) =>
    eventually(`it runs: ${running}`, () => {
      const machine = here.machine(address);
      return machine?.reachable === true && machine.running === running;
    });
  const send = async (from: number) => {
    const sends = [0, 1, 2, 3, 4].map((n) => here.sendTo(address, { type: 'NUMBER', n: from + n }));
    return (await Promise.all(sends)).map(({ status }) => status);
  };
  await knownAs(true);
  await there({ do: 'release', id });
  await knownAs(false);
  expect(await send(0)).toEqual(Array(5).fill('delivered'));
  await end('SIGKILL');
  expect(await send(5)).toEqual(Array(5).fill('accepted'));
  there = await start();
  await knownAs(false);
  await eventually('all is there', () => here.peers().every((peer) => here.waitingFor(peer.id) === 0));
  expect(await send(10)).toEqual(Array(5).fill('delivered'));
  expect(await there(register)).toMatchObject({ id });
  await knownAs(true);
  const numbersThere = async () => ((await there({ do: 'look', id })) as Looked).context.numbers as number[];
  await expect.poll(numbersThere, { timeout: 8_000 }).toHaveLength(15);
  expect(await send(15)).toEqual(Array(5).fill('handled'));
  expect(await numbersThere()).toEqual(Array.from({ length: 20 }, (_, n) => n));
});
