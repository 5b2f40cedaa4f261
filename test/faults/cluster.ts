import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { NodeOptions } from '../../main/index.ts';
import { eventually } from '../support/discovery.ts';
import { programFile } from '../support/programs.ts';
import type { NodeOrder, NodeReport, NodeState, Sending } from './node-process.ts';

/** One key for nodes that do not share a home. */
const KEY = 'abcdefghijklmnopqrstuvwxya';
/** Between a start that failed and the next one, as a supervisor would have it. */
const START_AGAIN_MS = 300;

/** One node of the cluster, over all its processes. */
export interface Member {
  readonly name: string;
  /** Where it keeps what it has. */
  readonly dataDir: string;
  readonly acceptedFile: string;
  /** Besides name, key and data directory. */
  readonly options: NodeOptions;
  readonly spawn: (program: string) => ChildProcess;
}

/** Where a process of its own ends with SIGKILL and begins anew. */
export const spawnHere = (program: string): ChildProcess =>
  fork(program, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

/** The node of one member: the process that there is now, and what it reported last. */
export class MemberProcess {
  readonly member: Member;
  readonly #sending: Omit<Sending, 'start' | 'acceptedFile'>;
  readonly problems: string[] = [];
  /** Starts that did not come to a node, by their code. */
  readonly failures: Record<string, number> = {};
  /** What senders were told instead of `accepted`, by code, by processes that ended. */
  readonly #refused: Record<string, number> = {};
  starts = 0;
  kills = 0;
  state: NodeState | undefined;
  #wallClock = 0;
  #child: ChildProcess | undefined;
  #hasStarted = false;
  #isStopping = false;

  constructor(member: Member, sending: Omit<Sending, 'start' | 'acceptedFile'>) {
    this.member = member;
    this.#sending = sending;
  }

  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  start(): void {
    const child = this.member.spawn(programFile('fault-node'));
    const { name, dataDir, acceptedFile, options } = this.member;
    this.#child = child;
    this.#hasStarted = false;
    this.state = undefined;
    this.starts++;
    child.on('message', (report) => this.#heard(child, report as NodeReport));
    child.on('exit', () => this.#ended(child));
    this.tell({
      type: 'start',
      options: { name, dataDir, networkKey: KEY, ...options },
      sending: { ...this.#sending, acceptedFile, start: this.starts },
      wallClock: this.#wallClock,
    });
  }

  /** What senders were told instead of `accepted`, by code. */
  get refusedUntilNow(): Readonly<Record<string, number>> {
    const all = { ...this.#refused };
    add(all, this.state?.refused ?? {});
    return all;
  }

  tell(order: NodeOrder): void {
    if (this.#child?.connected) this.#child.send(order, () => {});
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** From now on its wall clock is wrong by so much, in milliseconds. */
  setWallClock(is: number): void {
    this.#wallClock = is;
    this.tell({ type: 'wallClock', is });
  }

  /** The process ends at once. */
  async down(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** The process ends at once, and a new one begins. */
  async kill(): Promise<void> {
    if (!this.#child) return;
    this.kills++;
    await this.down();
    this.start();
  }

  /** The node stops as it should. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.tell({ type: 'stop' });
    await eventually(`${this.member.name} stops`, () => this.#child === undefined, 30_000);
    this.#isStopping = false;
  }

  /** The node stops as it should, and a new one begins. */
  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  /** At once, and for good. */
  async end(): Promise<void> {
    this.#isStopping = true;
    this.#child?.kill('SIGKILL');
    await eventually(`${this.member.name} ends`, () => this.#child === undefined, 30_000);
  }

  #heard(child: ChildProcess, report: NodeReport): void {
    if (child !== this.#child) return;
    if (report.type === 'state') this.state = report;
    else if (report.type === 'started') this.#hasStarted = true;
    else if (report.type === 'problem') this.problems.push(report.message);
    else if (report.type === 'failed') add(this.failures, { [`at its start: ${report.code}`]: 1 });
  }

  #ended(child: ChildProcess): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    add(this.#refused, this.state?.refused ?? {});
    this.state = undefined;
    // A start that failed is tried again; who was killed is started by whoever did it.
    if (child.exitCode !== null && !this.#isStopping)
      setTimeout(() => !this.#isStopping && !this.#child && this.start(), START_AGAIN_MS);
  }
}

function add(to: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [code, count] of Object.entries(counts)) to[code] = (to[code] ?? 0) + count;
}

/** Three nodes, all sending to all. */
export class Cluster {
  readonly nodes: readonly MemberProcess[];

  constructor(members: readonly Member[], sending: Pick<Sending, 'perSecond' | 'ttlMs'>) {
    this.nodes = members.map((member) => {
      const to = members.filter((other) => other !== member).map(({ name }) => name);
      return new MemberProcess(member, { ...sending, to });
    });
  }

  /** All started, and each knows all others. */
  async start(): Promise<void> {
    for (const node of this.nodes) node.start();
    await this.#all('all nodes are linked', isLinked, 60_000);
  }

  /** Nothing more is sent, and everything that waited has arrived. */
  async quieten(withinMs = 120_000): Promise<void> {
    for (const node of this.nodes) {
      await eventually(`${node.member.name} starts`, () => node.hasStarted, withinMs);
      node.tell({ type: 'quiet' });
    }
    let handled = -1;
    let since = 0;
    const isQuiet = () => {
      const states = this.nodes.map(({ state }) => state);
      const sum = states.reduce((total, state) => total + (state?.handled ?? 0), 0);
      const isStill = states.every((state) => state && state.inFlight === 0 && isLinked(state) && isDrained(state));
      if (!isStill || sum !== handled) since = performance.now();
      handled = sum;
      return performance.now() - since > 1_000;
    };
    await eventually('everything has arrived', isQuiet, withinMs).catch((thrown: unknown) => {
      throw new Error(`${thrown}: ${JSON.stringify(this.nodes.map(({ state }) => state))}`);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()));
  }

  async #all(what: string, holds: (state: NodeState) => boolean, withinMs: number): Promise<void> {
    const isSo = () => this.nodes.every(({ state, hasStarted }) => hasStarted && state && holds(state));
    await eventually(what, isSo, withinMs);
  }
}

const isLinked = ({ peers }: NodeState): boolean =>
  Object.keys(peers).length === 2 && Object.values(peers).every((state) => state === 'alive');
const isDrained = ({ waiting }: NodeState): boolean => Object.values(waiting).every((rows) => rows === 0);

/** Members below a directory, a data directory each; accepted lists lie elsewhere, as no fault is to reach them. */
export const membersIn = (
  dataDirectory: string,
  listDirectory: string,
  options: NodeOptions,
  spawn: (index: number) => Member['spawn'] = () => spawnHere,
): readonly Member[] =>
  ['one', 'two', 'three'].map((name, index) => ({
    name,
    dataDir: join(dataDirectory, name),
    acceptedFile: join(listDirectory, `${name}.accepted`),
    options,
    spawn: spawn(index),
  }));
