// npm run bench:crowd [-- mesh | hub | namespaces]: 2,000 simulated nodes with churn, and what one node costs as its neighbours grow in number. Read how the figures grow: time is simulated, the processor's is not.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Crowd } from '../support/crowd.ts';
import { Star } from '../support/star.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Bytes in use, once what is not needed is gone. */
function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** One node with so many neighbours, which see nobody but it; what it and its ends of their lines cost. */
async function hub(neighbours: number): Promise<void> {
  const star = new Star(neighbours);
  await star.start();
  const [memory, begun] = [heapBytes(), cpuMs()];
  const linkedAfter = await star.link();
  await star.world.advance(4_000, 250);
  const joining = (cpuMs() - begun) / neighbours;
  const [frames, kib] = [star.framesButHeartbeats / neighbours, (heapBytes() - memory) / neighbours / 1024];
  const [idle, quiet] = [cpuMs(), star.heartbeats];
  await star.world.advance(30_000, 250);
  const [idleUs, idleFrames] = [
    ((cpuMs() - idle) / 30 / neighbours) * 1_000,
    (star.heartbeats - quiet) / 30 / neighbours,
  ];
  const churned = cpuMs();
  const relinkedAfter = await star.churn(10);
  const churning = (cpuMs() - churned) / Math.ceil(neighbours / 10);
  console.log(
    [
      `| ${String(neighbours).padStart(10)}`,
      `${(linkedAfter / 1000).toFixed(2)} s`.padStart(10),
      `${joining.toFixed(2)} ms`.padStart(9),
      frames.toFixed(1).padStart(6),
      `${kib.toFixed(1)} KiB`.padStart(9),
      `${idleUs.toFixed(0)} µs`.padStart(8),
      idleFrames.toFixed(2).padStart(8),
      `${(relinkedAfter / 1000).toFixed(2)} s`.padStart(8),
      `${churning.toFixed(2)} ms |`.padStart(11),
    ].join(' | '),
  );
  await star.world.stop();
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
if (wanted === undefined || wanted === 'hub') {
  console.log(
    'One node and its neighbours; processor time, frames and memory are for each neighbour, both ends of its line together.',
  );
  console.log('| neighbours | all linked |   to link | frames |    memory |   a second | frames |  a tenth restarts |');
  for (const neighbours of [250, 500, 1_000, 2_000]) await hub(neighbours);
}
if (wanted === undefined || wanted === 'namespaces') await namespaces();
