import { createHash } from 'node:crypto';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { base32 } from '../../main/adapters/identity/base32.ts';
import { NetworkIdentity } from '../../main/adapters/identity/network-identity.ts';
import { NetworkKey } from '../../main/adapters/identity/network-key.ts';
import { MemoryStore } from '../../main/adapters/store/memory.ts';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import { MemoryNetwork } from '../../main/adapters/transport/memory.ts';
import type { DeliveryLimits, Limits } from '../../main/core/defaults.ts';
import type { InterMachineNode } from '../../main/core/node.ts';
import type { Announcement, Clock, Discovery, DiscoveryReader, Scheduler } from '../../main/core/ports.ts';
import { startNode } from '../../main/core/start-node.ts';
import { digestOf } from '../../main/in-process.ts';
import { type NodeId, nodeId } from '../../shared/ids.ts';
import { overheard } from './overheard.ts';

/** A node id that begins as told, so that tests can say whose is the smaller one. */
export const idOf = (letters: string): NodeId => nodeId(letters.padEnd(52, letters.at(-1) ?? 'a'));

/** Turns of the event loop, taken by hand. */
class ManualScheduler implements Scheduler {
  #tasks: (() => void)[] = [];

  soon(task: () => void): void {
    this.#tasks.push(task);
  }

  /** Returns whether there was anything to do. */
  turn(): boolean {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
    return tasks.length > 0;
  }
}

/** A link on which everybody hears everybody, until it is unplugged. */
export class Ether {
  readonly #members = new Map<NodeId, { self: Announcement; reader: DiscoveryReader }>();
  readonly unplugged = new Set<NodeId>();
  readonly #name: string;

  constructor(name = 'ether') {
    this.#name = name;
  }

  discovery(): Discovery {
    let node: NodeId | undefined;
    return {
      start: async (self, reader) => {
        node = self.node;
        this.#members.set(node, { self, reader });
        this.tellAll(node);
        for (const other of this.#members.keys()) this.#tell(other, node);
      },
      announce: (self) => {
        const member = this.#members.get(self.node);
        if (member) member.self = self;
        this.tellAll(self.node);
      },
      seek: () => {},
      stop: async () => {
        if (node === undefined) return;
        this.#members.delete(node);
        for (const { reader } of this.#members.values()) reader.gone(node, 'goodbye');
      },
    };
  }

  /** What anybody on the link can send. */
  forgeGoodbye(of: NodeId): void {
    for (const { reader } of this.#members.values()) reader.gone(of, 'goodbye');
  }

  tellAll(about: NodeId): void {
    for (const to of this.#members.keys()) this.#tell(about, to);
  }

  #tell(about: NodeId, to: NodeId): void {
    const member = this.#members.get(about);
    if (!member || about === to || this.unplugged.has(about) || this.unplugged.has(to)) return;
    const { node, name, incarnation, types, port } = member.self;
    const endpoints = [{ host: 'memory', port }];
    this.#members
      .get(to)
      ?.reader.seen({ node, name, incarnation, types, endpoints, links: [this.#name], source: 'mdns' });
  }
}

/** Time that passes by hand. */
export interface SteppedClock extends Clock {
  wallOffsetMs: number;
  increment(ms: number): void;
}

export interface Started {
  readonly node: InterMachineNode;
  readonly store: MemoryStore;
  readonly problems: string[];
}

export interface StartOptions {
  /** What an earlier start of this node left behind. */
  readonly disk?: MemoryDisk;
  /** Nodes with the same key trust each other. */
  readonly key?: string;
  readonly namespace?: string;
  /** In place of being on the world's own ether. */
  readonly discovery?: Discovery;
  readonly exchangesPeers?: boolean;
  readonly limits?: Partial<Limits>;
  readonly deliveryLimits?: Partial<DeliveryLimits>;
  /** To listen on, so that it can be found where it was before. */
  readonly port?: number;
  readonly open?: boolean;
  /** The letters unless told. */
  readonly name?: string;
}

/** Whole nodes in one process, on a network, a clock, disks and turns that move by hand. */
export class World {
  readonly clock: SteppedClock;
  readonly scheduler = new ManualScheduler();
  readonly network: MemoryNetwork;
  readonly ether = new Ether();
  /** Each frame, as it arrives. */
  heard: (from: NodeId, to: NodeId, text: string) => void = () => {};
  readonly #nodes = new Set<InterMachineNode>();
  #ids = 0;
  #seed = 1;

  constructor(clock: SteppedClock = new SimulatedClock()) {
    this.clock = clock;
    this.network = new MemoryNetwork({ clock, scheduler: this.scheduler });
  }

  async start(
    letters: string,
    {
      disk = new MemoryDisk(),
      key = 'shared',
      namespace = 'test',
      discovery = this.ether.discovery(),
      exchangesPeers = true,
      limits = {},
      deliveryLimits = {},
      port,
      open = false,
      name = letters,
    }: StartOptions = {},
  ): Promise<Started> {
    const self = idOf(letters);
    const store = new MemoryStore(disk);
    const problems: string[] = [];
    const starting = startNode({
      name,
      namespace,
      identity: new NetworkIdentity(self),
      open,
      ...(!open && { networkKey: keyOf(key) }),
      keyReplaced: async () => {},
      discovery,
      exchangesPeers,
      limits,
      deliveryLimits,
      transport: overheard(this.network.transport(self, port), (from, text) => this.heard(from, self, text)),
      store,
      stored: await store.open(),
      clock: this.clock,
      scheduler: this.scheduler,
      random: () => this.random(),
      advertiseTypes: true,
      newId: () => `${letters}-${++this.#ids}`,
      digest: digestOf,
      newEpoch: () => (++this.#ids).toString(16).padStart(16, '0'),
      report: (message) => problems.push(message),
    });
    await this.settle();
    const node = await starting;
    node.on('problem', (message) => problems.push(message));
    this.#nodes.add(node);
    return { node, store, problems };
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      const moved = this.scheduler.turn();
      await new Promise(setImmediate);
      idle = moved ? 0 : idle + 1;
    }
  }

  /** Lets so many milliseconds pass, in steps that no deadline is longer asleep for. */
  async advance(milliseconds: number, step = 50): Promise<void> {
    await this.settle();
    for (let passed = 0; passed < milliseconds; passed += step) {
      this.clock.increment(Math.min(step, milliseconds - passed));
      await this.settle();
    }
  }

  /** Resolves with what it resolves to, once everything that needs no time happened. */
  async after<Result>(promise: Promise<Result>): Promise<Result> {
    // Somebody waits for it, if only below: it must not count as unhandled in between.
    promise.catch(() => undefined);
    await this.settle();
    return await promise;
  }

  /** As if its process was killed, where nobody else is there to hear it go on: what is on its way to the disk never gets there. */
  kill({ node, store }: Started): void {
    store.crash();
    this.#nodes.delete(node);
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) await this.after(node.stop());
  }

  /** A fixed sequence (Park and Miller's minimal standard generator), so that every run is the same. */
  random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }
}

/** The network key that goes by a word. */
export const keyOf = (word: string): NetworkKey =>
  NetworkKey.parse(base32(createHash('sha256').update(word).digest().subarray(0, 16)));
