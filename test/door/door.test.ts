import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNode, type InterMachineNode } from '../../main/index.ts';
import { expectWithin } from '../support/figures.ts';
import { until } from '../support/transport/until.ts';
import { freeUdpPort } from '../support/udp-port.ts';

/** `npm run test:door` takes as many as are promised. */
const IS_ALL = process.env.INTERMACHINE_DOOR === 'all';
const CONNECTS = IS_ALL ? 2_000 : 300;
const STRANGERS = IS_ALL ? 10_000 : 200;
const MEMBERS = 3;
const KEY = 'abcdefghijklmnopqrstuvwxya';
/** Bytes. A list of 64 takes some hundred KiB; what Node keeps of closed sockets comes and goes. */
const MAX_GROWTH = 24 * 2 ** 20;

let node: InterMachineNode;
let loopbackPort: number;
let callers: ChildProcess[];

beforeEach(async () => {
  callers = [];
  loopbackPort = await freeUdpPort();
  node = await createNode({ name: 'door', networkKey: KEY, store: 'memory', loopbackPort, report: () => {} });
});
afterEach(async () => {
  for (const caller of callers) caller.kill('SIGKILL');
  await node.stop();
});

/** Resolves once all of them had their turn. */
async function come(kind: string, count: number): Promise<void> {
  const script = fileURLToPath(new URL('./callers.ts', import.meta.url));
  const args = [script, kind, node.port, count, loopbackPort, KEY].map(String);
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  callers.push(child);
  await once(child.stdout, 'data');
}

const linked = () => node.peers().filter(({ state }) => state === 'alive').length;

test(`${CONNECTS} connects at once: members stay linked, members that come meanwhile get in, and the node goes on`, async () => {
  await come('members', MEMBERS);
  await until('the members are linked', () => linked() === MEMBERS, 30_000);
  const lost: string[] = [];
  node.on('peer', ({ name, state }) => {
    if (state !== 'alive' && name.startsWith('member')) lost.push(`${name} ${state}`);
  });

  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const storm = come('storm', CONNECTS);
  const late = come('members', MEMBERS);
  await storm;
  const during = delay.percentile(99) / 1e6;
  await Promise.all([late, until('late members are linked', () => linked() === 2 * MEMBERS, 60_000)]);
  delay.reset();
  const began = performance.now();
  await until('some time passes', () => performance.now() - began > 2_000);
  console.log(`figure: event loop, p99 while ${CONNECTS} connect: ${during.toFixed(1)} ms`);
  expectWithin(`event loop, p99 once ${CONNECTS} connects had their turn`, [delay.percentile(99) / 1e6], 50);
  delay.disable();
  expect(lost).toEqual([]);
}, 180_000);

test(`${STRANGERS} strangers that knock leave 64 at most in the list, and nothing else`, async () => {
  await come('strangers', 20);
  const before = collectedHeap();
  await come('strangers', STRANGERS);
  const grew = collectedHeap() - before;
  console.log(`figure: heap after ${STRANGERS} strangers: ${grew < 0 ? '' : '+'}${(grew / 2 ** 20).toFixed(1)} MiB`);
  expect(node.trust.view().strangers.length).toBeGreaterThan(10);
  expect(node.trust.view().strangers.length).toBeLessThanOrEqual(64);
  expect(grew).toBeLessThan(MAX_GROWTH);
}, 600_000);

function collectedHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
