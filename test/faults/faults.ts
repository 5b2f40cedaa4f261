import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';
import { eventually } from '../support/discovery.ts';
import { createLan } from '../support/lan.ts';
import { freeUdpPort } from '../support/udp-port.ts';
import { type Audit, audit } from './audit.ts';
import { Cluster, type Member, type MemberProcess, membersIn } from './cluster.ts';
import { fillDisk } from './full-disk.ts';
import type { Sending } from './node-process.ts';
import { randomOf } from './random.ts';

export interface FaultOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Where the data directories are to be, instead of a temporary directory. */
  readonly disk?: string;
  /** Of a node that is killed while one that it sends to is away. */
  readonly restarts?: number;
}

export interface Told extends Audit {
  /** Processes that were killed. */
  readonly kills: number;
  /** What senders were told instead of `accepted`, and starts that came to no node, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** What else is to be said. */
  readonly notes: readonly string[];
}

/** One is killed this often. */
const KILL_EVERY_MS = 600;
const PER_SECOND = 1_000;
const HOUR_MS = 3_600_000;

type Rate = Pick<Sending, 'perSecond' | 'ttlMs'>;
type Act = (cluster: Cluster, notes: string[]) => Promise<void>;
/** Members whose lists, and data unless it lies elsewhere, are in a directory. What ends it afterwards. */
type Place = (
  directory: string,
) => Promise<{ readonly members: readonly Member[]; readonly end?: () => Promise<void> }>;

/** Three nodes that send to each other while `act` goes on; then everything heals, and what is left is looked at. */
async function inCluster(act: Act, place: Place, sending: Partial<Rate> = {}): Promise<Told> {
  const directory = await mkdtemp(join(tmpdir(), 'intermachine-faults-'));
  const notes: string[] = [];
  const { members, end } = await place(directory);
  const cluster = new Cluster(members, { perSecond: PER_SECOND, ttlMs: 24 * HOUR_MS, ...sending });
  try {
    await cluster.start();
    await act(cluster, notes);
    await cluster.quieten();
    await cluster.stop();
    return { ...(await audit(members)), ...sumOf(cluster.nodes), notes };
  } finally {
    await cluster.end();
    await end?.();
    await rm(directory, { recursive: true, force: true });
  }
}

const onLoopback =
  (disk?: string): Place =>
  async (directory) => ({
    members: membersIn(disk ?? directory, await listsIn(directory), { loopbackPort: await freeUdpPort() }),
  });

async function listsIn(directory: string): Promise<string> {
  const lists = join(directory, 'lists');
  await mkdir(lists);
  return lists;
}

// ---- The faults

/** SIGKILL for one of the three at random, again and again. */
export const kill = (options: FaultOptions): Promise<Told> =>
  inCluster(async (cluster) => await killing(cluster, options), onLoopback());

/** The same, while in the middle the disk of all three is full. */
export function disk(options: FaultOptions): Promise<Told> {
  const { disk, seconds } = options;
  if (disk === undefined) throw new Error('a small disk of its own is needed');
  return inCluster(async (cluster, notes) => {
    const full = passes((seconds * 1_000) / 3).then(() => fillDisk(disk, (seconds * 1_000) / 3));
    await killing(cluster, options);
    notes.push(`the disk was full for ${((await full) / 1_000).toFixed(1)} s`);
    const told = cluster.nodes.some((node) => (node.refusedUntilNow.STORE_FULL ?? 0) > 0);
    if (!told) throw new Error('the disk was full, and no sender was told');
  }, onLoopback(disk));
}

/** The same, while in the middle the cable of one is cut, on a LAN. */
export const cable = (options: FaultOptions): Promise<Told> => {
  const lan = createLan(3);
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const spawnOn = (index: number) => (program: string) => {
    const host = lan.hosts[index];
    if (!host) throw new Error('there are three hosts');
    return host.spawn(process.execPath, [program], { stdio: [...stdio] });
  };
  return inCluster(
    async (cluster, notes) => {
      const { seconds, seed } = options;
      const [cut] = lan.hosts.slice(seed % 3);
      const cutting = passes((seconds * 1_000) / 3)
        .then(() => cut?.cable('down'))
        .then(() => passes((seconds * 1_000) / 3))
        .finally(() => cut?.cable('up'));
      await killing(cluster, options);
      await cutting;
      notes.push(`the cable of ${cluster.nodes[seed % 3]?.member.name} was cut for ${(seconds / 3).toFixed(1)} s`);
    },
    async (directory) => ({
      members: membersIn(directory, await listsIn(directory), {}, spawnOn),
      end: () => lan.down(),
    }),
  );
};

/** One of them stands still as a whole: its lines stay open and say nothing. */
export const stop = ({ seconds, seed }: FaultOptions): Promise<Told> =>
  inCluster(async (cluster, notes) => {
    const still = cluster.nodes[seed % 3] as MemberProcess;
    const others = cluster.nodes.filter((node) => node !== still);
    await passes(2_000);
    const stoppedAt = performance.now();
    still.signal('SIGSTOP');
    try {
      const isSeen = () => others.every(({ state }) => state?.peers[still.member.name] === 'offline');
      await eventually('the others see that it is gone', isSeen, 30_000);
      notes.push(`seen as offline after ${((performance.now() - stoppedAt) / 1_000).toFixed(1)} s`);
      await passes(Math.max(0, seconds * 1_000 - (performance.now() - stoppedAt)));
    } finally {
      still.signal('SIGCONT');
    }
    const goesOnAt = performance.now();
    await eventually(
      'it is linked again',
      () => others.every(({ state }) => state?.peers[still.member.name] === 'alive'),
      60_000,
    );
    notes.push(`linked again after ${((performance.now() - goesOnAt) / 1_000).toFixed(1)} s`);
    await passes(2_000);
  }, onLoopback());

/**
 * Wall clocks are set by eight hours, forward and back, while one node is away and envelopes that have an hour wait for it;
 * their senders are killed and stopped in between. Nothing may expire.
 */
export const clock = ({ seconds, seed }: FaultOptions): Promise<Told> =>
  inCluster(
    async (cluster, notes) => {
      const away = cluster.nodes[seed % 3] as MemberProcess;
      const others = cluster.nodes.filter((node) => node !== away);
      const pause = Math.max(2_500, (seconds * 1_000) / 8);
      const jump = async (nodes: readonly MemberProcess[], hours: number) => {
        for (const node of nodes) await eventually('it has started', () => node.hasStarted, 30_000);
        for (const node of nodes) node.setWallClock(hours * HOUR_MS);
        // Within a second a node notes that its clock was set. What kills it before that hides it from the next start.
        await passes(pause);
      };
      await passes(2_000);
      await away.down();
      for (const hours of [8, 0, -8, 8, 0]) {
        await jump(others, hours);
        await Promise.all([others[0]?.kill(), others[1]?.restart()]);
      }
      await eventually('they know what waits', () => others.every(({ state }) => state), 30_000);
      const waiting = others.map(({ state }) => state?.waiting[away.member.name] ?? 0);
      notes.push(`wall clocks were set five times; ${waiting.join(' and ')} envelopes waited`);
      away.start();
      for (const hours of [8, -8, 0]) await jump(cluster.nodes, hours);
    },
    onLoopback(),
    { ttlMs: HOUR_MS },
  );

/** A sender is killed again and again, each time when it has taken up more for a node that is away all the while. */
export const away = ({ restarts = 200, seed }: FaultOptions): Promise<Told> =>
  inCluster(
    async ({ nodes }, notes) => {
      const [gone, sender] = [nodes[seed % 3], nodes[(seed + 1) % 3]] as [MemberProcess, MemberProcess];
      await gone.down();
      for (let start = 0; start < restarts; start++) {
        await sender.kill();
        await eventually('it has taken up more', () => (sender.state?.accepted ?? 0) > 0, 30_000);
      }
      await eventually('it is there again', () => sender.hasStarted, 30_000);
      const waiting = sender.state?.waiting[gone.member.name] ?? 0;
      notes.push(`of ${restarts + 1} starts of ${sender.member.name} ${waiting} envelopes waited`);
      if (waiting < restarts) throw new Error(`${waiting} envelopes wait, after ${restarts} starts that took up more`);
      gone.start();
    },
    onLoopback(),
    { perSecond: 60 },
  );

async function killing({ nodes }: Cluster, { seconds, seed }: FaultOptions): Promise<void> {
  const random = randomOf(seed);
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until) {
    await passes(KILL_EVERY_MS);
    await nodes[Math.floor(random() * nodes.length)]?.kill();
  }
}

function sumOf(nodes: readonly MemberProcess[]): Pick<Told, 'kills' | 'refused'> {
  const refused: Record<string, number> = {};
  for (const node of nodes)
    for (const [code, count] of [...Object.entries(node.refusedUntilNow), ...Object.entries(node.failures)])
      refused[code] = (refused[code] ?? 0) + count;
  return { kills: nodes.reduce((sum, node) => sum + node.kills, 0), refused };
}
