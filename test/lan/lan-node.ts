import type { ChildProcess } from 'node:child_process';
import type { NodeOptions, PeerInfo, PeerState } from '../../main/index.ts';
import type { LanHost } from '../support/lan.ts';
import { programFile } from '../support/programs.ts';
import type { NodeCommand, NodeReport } from './node-host.ts';

/** One key for hosts that do not share a home. */
const KEY = 'abcdefghijklmnopqrstuvwxya';
type ReportOf<Type extends NodeReport['type']> = NodeReport & { readonly type: Type };

interface Waiter {
  told(report: NodeReport): void;
  ended(error: Error): void;
}

/** Milliseconds of the kernel's monotonic clock, as the nodes report them. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A whole node in a process of its own on one host of the LAN. */
export class LanNode {
  /** Milliseconds. Only a fault takes longer, however busy the machine is. */
  static patienceMs = 80_000;
  readonly name: string;
  readonly reports: NodeReport[] = [];
  readonly #child: ChildProcess;
  readonly #options: NodeOptions;
  readonly #waiting = new Set<Waiter>();
  #id = '';
  #sent = 0;

  constructor(host: LanHost, name: string, options: NodeOptions = {}) {
    this.name = name;
    this.#options = { name, networkKey: KEY, ...(options.dataDir === undefined && { store: 'memory' }), ...options };
    this.#child = host.spawn(process.execPath, [programFile('lan-node')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (report) => {
      this.reports.push(report as NodeReport);
      for (const waiter of this.#waiting) waiter.told(report as NodeReport);
    });
    this.#child.on('exit', (code) => {
      for (const waiter of this.#waiting) waiter.ended(new Error(`the node ${name} ended with ${code}`));
    });
  }

  get id(): string {
    return this.#id;
  }

  tell(command: NodeCommand): void {
    this.#child.send(command);
  }

  /** The first report of its kind from `since` on that fits. Nobody polls: of fifty nodes each is awaited by all others. */
  first<Type extends NodeReport['type']>(
    type: Type,
    fits: (report: ReportOf<Type>) => boolean = () => true,
    since = 0,
  ): Promise<ReportOf<Type>> {
    const isIt = (report: NodeReport): report is ReportOf<Type> =>
      report.type === type && report.at >= since && fits(report as ReportOf<Type>);
    const known = this.reports.find(isIt);
    if (known) return Promise.resolve(known);
    const { promise, resolve, reject } = Promise.withResolvers<ReportOf<Type>>();
    const waiter: Waiter = { told: (report) => isIt(report) && resolve(report), ended: reject };
    const timer = setTimeout(
      () => reject(new Error(`Not within ${LanNode.patienceMs} ms: ${this.name}: ${type}`)),
      LanNode.patienceMs,
    );
    this.#waiting.add(waiter);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(waiter);
    });
  }

  /** Its program is loaded and does nothing yet. */
  async loaded(): Promise<this> {
    await this.first('ready');
    return this;
  }

  async start(): Promise<this> {
    await this.loaded();
    this.tell({ type: 'start', options: this.#options });
    this.#id = (await this.first('started')).id;
    return this;
  }

  async startedAt(): Promise<number> {
    return (await this.first('starting')).at;
  }

  /** When it first said so of that node, from `since` on. */
  async sees(other: LanNode, state: PeerState, since = 0): Promise<number> {
    return (await this.first('peer', ({ peer }) => peer.id === other.id && peer.state === state, since)).at;
  }

  /** What it said last of each peer. */
  get peers(): ReadonlyMap<string, PeerInfo> {
    return new Map(this.reports.flatMap((report) => (report.type === 'peer' ? [[report.peer.id, report.peer]] : [])));
  }

  /** An event to the other node's machine. Resolves with when it was known to be handled. */
  async send(other: LanNode): Promise<number> {
    const n = ++this.#sent;
    this.tell({ type: 'send', to: other.id, n });
    return (await this.first('handled', (report) => report.n === n)).at;
  }

  get problems(): string[] {
    return this.reports.flatMap((report) => (report.type === 'problem' ? [report.message] : []));
  }

  kill(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.kill('SIGKILL');
    });
  }
}

/** All of them on the way at the same moment, each linked to all others. When each link was there, since the last one began, at both ends. */
export async function linkAll(nodes: readonly LanNode[]): Promise<number[]> {
  return (await meetAll(nodes)).linked;
}

/** The same, and when each had found all others, linked or not. */
export async function meetAll(
  nodes: readonly LanNode[],
): Promise<{ readonly found: number[]; readonly linked: number[] }> {
  await Promise.all(nodes.map((node) => node.loaded()));
  for (const node of nodes) node.tell({ type: 'find', peers: nodes.length - 1 });
  await Promise.all(nodes.map((node) => node.start()));
  const lastBegun = Math.max(...(await Promise.all(nodes.map((node) => node.startedAt()))));
  const pairs = nodes.flatMap((node) => nodes.flatMap((other) => (other === node ? [] : [[node, other] as const])));
  const since = async (times: readonly Promise<number>[]) => (await Promise.all(times)).map((at) => at - lastBegun);
  return {
    linked: await since(pairs.map(([node, other]) => node.sees(other, 'alive'))),
    found: await since(nodes.map(async (node) => (await node.first('found')).at)),
  };
}
