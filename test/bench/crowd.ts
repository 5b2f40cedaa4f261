// npm run bench:crowd [-- mesh | hub | namespaces]: 2,000 simulated nodes with churn, and what one node costs as its neighbours grow in number. Read how the figures grow: time is simulated, the processor's is not.
import { Crowd } from '../support/crowd.ts';
import { WheelClock } from '../support/wheel-clock.ts';
import { Ether, World } from '../support/world.ts';

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** One node with so many neighbours, which see nobody but it; processor time for it and its ends of their lines. */
async function hub(neighbours: number): Promise<void> {
  const world = new World(new WheelClock());
  const limits = { connections: neighbours + 1 };
  const ethers: Ether[] = [];
  const letters = (n: number) =>
    `${[...String(n).padStart(5, '0')].map((digit) => 'bcdefghijk'[Number(digit)]).join('')}q`;
  for (let n = 0; n < neighbours; n++) {
    const ether = new Ether('link');
    ethers.push(ether);
    await world.start(letters(n), { discovery: ether.discovery(), limits });
  }
  const before = cpuMs();
  const { node } = await world.start('a', { discovery: joined(ethers), limits });
  let passed = 0;
  while (node.peers().filter(({ state }) => state === 'alive').length < neighbours) {
    passed += 250;
    if (passed > 120_000) throw new Error(`${node.peers().length} of ${neighbours} after two minutes`);
    await world.advance(250, 250);
  }
  const joining = cpuMs() - before;
  await world.advance(10_000, 250);
  const settled = cpuMs();
  await world.advance(60_000, 250);
  const idle = (cpuMs() - settled) / 60;
  console.log(
    `one node with ${String(neighbours).padStart(4)} neighbours: linked to all after ${(passed / 1000).toFixed(2)} s (simulated), ` +
      `${(joining / neighbours).toFixed(2)} ms of processor time for each, then ${((idle / neighbours) * 1000).toFixed(0)} µs a second for each`,
  );
  await world.stop();
}

function joined(ethers: readonly Ether[]) {
  const all = ethers.map((ether) => ether.discovery());
  return {
    start: async (...args: Parameters<(typeof all)[number]['start']>) => {
      for (const each of all) await each.start(...args);
    },
    announce: (self: Parameters<(typeof all)[number]['announce']>[0]) => {
      for (const each of all) each.announce(self);
    },
    seek: () => {},
    stop: async () => {
      for (const each of all) await each.stop();
    },
  };
}

/** A mesh of so many nodes, which comes together at once. */
async function mesh(nodes: number): Promise<void> {
  const before = cpuMs();
  const crowd = new Crowd();
  await crowd.add(nodes);
  const took = await crowd.converged();
  const cost = (cpuMs() - before) / nodes;
  console.log(
    `${String(nodes).padStart(4)} nodes, each linked to all: converged after ${took} ms (simulated), ` +
      `${cost.toFixed(0)} ms of processor time a node, ${(cost / (nodes - 1)).toFixed(2)} ms for each of its links`,
  );
  await crowd.world.stop();
}

/** 2,000 nodes, fifty of which may have to do with each other, as namespaces part a network. */
async function namespaces(): Promise<void> {
  const crowd = new Crowd();
  const before = cpuMs();
  for (let group = 0; group < 40; group++) await crowd.add(50);
  console.log(`${crowd.size} nodes in 40 namespaces: converged after ${await crowd.converged()} ms (simulated)`);
  for (let round = 1; round <= 3; round++) {
    await crowd.churn(5);
    console.log(
      `churn ${round}, a fifth replaced and a fifth started again: converged after ${await crowd.converged()} ms (simulated)`,
    );
  }
  if (crowd.problems.length > 0) throw new Error(crowd.problems.join('\n'));
  console.log(
    `${((cpuMs() - before) / crowd.size).toFixed(0)} ms of processor time a node, ${Math.round(process.memoryUsage.rss() / crowd.size / 1024)} KiB of memory a node`,
  );
}

const wanted = process.argv[2];
if (wanted === undefined || wanted === 'mesh') for (const nodes of [50, 100, 200]) await mesh(nodes);
if (wanted === undefined || wanted === 'hub') for (const neighbours of [250, 500, 1_000, 2_000]) await hub(neighbours);
if (wanted === undefined || wanted === 'namespaces') await namespaces();
