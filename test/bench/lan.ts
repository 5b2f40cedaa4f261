// npm run bench:lan: 50 nodes on a LAN of network namespaces (needs root and Linux): when all are linked, and what one costs in packets, processor time and memory.

import { LanNode, linkAll, monotonicMs } from '../lan/lan-node.ts';
import { eventually } from '../support/discovery.ts';
import { createLan, lanUnavailable } from '../support/lan.ts';

const NODES = Number(process.argv[2] ?? 50);
/** Milliseconds in which nothing happens but heartbeats. */
const REST_MS = 30_000;

// Fifty programs are loaded first.
LanNode.patienceMs = 240_000;
const noLan = lanUnavailable();
if (noLan !== undefined) throw new Error(noLan);

const lan = createLan(NODES);
try {
  lan.acquaint();
  const nodes = lan.hosts.map((host, at) => new LanNode(host, `n${at + 1}`));
  const links = (await linkAll(nodes)).toSorted((one, other) => one - other);
  console.log(
    `${NODES} nodes at once: half of the ${(NODES * (NODES - 1)) / 2} lines after ${seconds(links[links.length >> 1])}, all after ${seconds(links.at(-1))}`,
  );
  const packets = () =>
    sum(lan.hosts.map((host) => Number(host.run('cat', ['/sys/class/net/eth0/statistics/tx_packets']))));
  const costs = async () => {
    const since = monotonicMs();
    for (const node of nodes) node.tell({ type: 'cost' });
    return Promise.all(nodes.map((node) => node.first('cost', () => true, since)));
  };
  const joined = await costs();
  const packetsToJoin = packets();
  console.log(
    `to get there, a node: ${Math.round(packetsToJoin / NODES)} packets sent, ${seconds(sum(joined.map(({ cpuMs }) => cpuMs)) / NODES)} of processor time (with loading its program)`,
  );
  const from = monotonicMs();
  await eventually('a rest', () => monotonicMs() - from > REST_MS, REST_MS * 2);
  const rested = await costs();
  const overMs = monotonicMs() - from;
  const busyMs = sum(rested.map(({ cpuMs }, at) => cpuMs - (joined[at]?.cpuMs ?? 0))) / NODES;
  const perSecond = ((packets() - packetsToJoin) / NODES / overMs) * 1000;
  console.log(
    `at rest, a node: ${perSecond.toFixed(1)} packets a second sent, ${((busyMs / overMs) * 100).toFixed(2)} % of one processor, ` +
      `${Math.round(sum(rested.map(({ memory }) => memory)) / NODES / 2 ** 20)} MiB of memory`,
  );
} finally {
  await lan.down();
}

function seconds(ms = Number.NaN): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => one + other, 0);
}
