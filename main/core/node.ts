import type { Actor, AnyActorLogic, InputFrom } from 'xstate';
import type { Chart } from '../../shared/api.ts';
import type { Emitter, Observable } from '../../shared/emitter.ts';
import type { Outcome, SendableEvent } from '../../shared/envelope.ts';
import { InterMachineError } from '../../shared/errors.ts';
import {
  type Address,
  addressOf,
  type MachineId,
  machineId,
  machineType,
  NODE_MACHINE_ID,
  type NodeId,
} from '../../shared/ids.ts';
import { matchesPattern } from '../../shared/pattern.ts';
import type { Host } from './host.ts';
import type { PeerInfo, Peers } from './peers.ts';
import type { Change, Clock, LogRow, MessageQuery, NewLogRow, Store } from './ports.ts';
import { type MachineNode, MachineSender, RegisteredMachine, type SendOptions } from './registered-machine.ts';
import type { MachineDescription, MachineInfo, Registry } from './registry.ts';
import type { MachineChange, RegistrySync } from './registry-sync.ts';
import type { MachineState, Watcher, Watching } from './watching.ts';

export interface NodeEvents {
  /** Something of a peer changed. */
  readonly peer: PeerInfo;
  readonly machine: MachineChange;
  /** A row of the log, when it is on disk. */
  readonly message: NewLogRow;
  /** How far a row of the log is, when that is on disk. */
  readonly outcome: MessageOutcome;
  /** Something a person should know; the node goes on. */
  readonly problem: string;
}

export type MessageOutcome = Omit<Extract<Change, { readonly type: 'status' }>, 'type'>;

export interface RegisterOptions<Logic extends AnyActorLogic> {
  /** 50 characters at most; `<type>_<n>` unless told. */
  readonly id?: string;
  /** semver; 1.0.0 unless told. */
  readonly version?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly input?: InputFrom<Logic>;
}

/** A machine type, as it is known here. */
export interface TypeInfo {
  readonly name: string;
  readonly versions: readonly string[];
  /** How many machines have it, reachable or not. */
  readonly machines: number;
  /** On how many nodes they are. */
  readonly nodes: number;
}

export interface WaitOptions {
  /** 1 unless told. */
  readonly count?: number;
  /** Milliseconds; 10,000 unless told. */
  readonly timeoutMs?: number;
}

/** What the face of a node stands on. */
export interface NodeInsides {
  readonly self: NodeId;
  readonly name: string;
  readonly port: number;
  readonly events: Emitter<NodeEvents>;
  readonly problem: (message: string) => void;
  readonly registry: Registry;
  readonly sync: RegistrySync;
  readonly peers: Peers;
  readonly watching: Watching;
  /** Envelopes that wait for a peer. */
  readonly waiting: (peer: NodeId) => number;
  readonly host: Host;
  readonly store: Store;
  readonly clock: Clock;
  readonly send: MachineNode['send'];
  readonly random: () => number;
  /** Machines of this node that the store remembers, running or not. */
  readonly remembered: Map<MachineId, MachineDescription>;
  readonly stop: () => Promise<void>;
}

const WAIT_TIMEOUT_MS = 10_000;

/** A running node: it hosts machines and finds those of its peers. */
export class InterMachineNode implements Observable<NodeEvents>, AsyncDisposable {
  readonly #insides: NodeInsides;
  readonly #machineNode: MachineNode;
  readonly #sender: MachineSender;
  readonly #registering = new Set<MachineId>();
  #stopping: Promise<void> | undefined;

  constructor(insides: NodeInsides) {
    this.#insides = insides;
    this.#machineNode = {
      registry: insides.registry,
      send: insides.send,
      unregister: (id) => this.unregister(id),
      problem: insides.problem,
      random: insides.random,
    };
    this.#sender = new MachineSender(NODE_MACHINE_ID, this.#machineNode);
  }

  get id(): NodeId {
    return this.#insides.self;
  }

  get name(): string {
    return this.#insides.name;
  }

  /** The port on which peers connect. */
  get port(): number {
    return this.#insides.port;
  }

  on<Name extends keyof NodeEvents>(name: Name, listener: (payload: NodeEvents[Name]) => void): () => void {
    return this.#insides.events.on(name, listener);
  }

  // ---- Machines

  /**
   * Starts a machine and lets every node of the network find it by its type.
   * Rejects with MACHINE_TYPE_INVALID, MACHINE_ID_INVALID, MACHINE_EXISTS, STORE_FULL, STORE_FAILED, NODE_STOPPED.
   */
  async register<Logic extends AnyActorLogic>(
    type: string,
    logic: Logic,
    options: RegisterOptions<Logic> = {},
  ): Promise<RegisteredMachine<Logic>> {
    this.#assertRunning();
    const { self, store, host, sync, remembered } = this.#insides;
    const id = options.id === undefined ? this.#nextId(machineType(type)) : machineId(options.id);
    if (this.#isTaken(id)) throw new InterMachineError('MACHINE_EXISTS', `A machine "${id}" runs on this node already`);
    const machine = {
      id,
      type: machineType(type),
      version: options.version ?? '1.0.0',
      metadata: options.metadata ?? {},
    };
    this.#registering.add(id);
    try {
      // On disk before anybody learns of it: what is sent to it must never meet a node that does not know it.
      await store.commit([{ type: 'machine', row: { node: self, ...machine } }]);
      this.#assertRunning();
      remembered.set(id, machine);
      sync.added(machine);
      const sender = new MachineSender(id, this.#machineNode);
      const actor = host.start(id, logic, sender.acting, options.input) as Actor<Logic>;
      return new RegisteredMachine({ id, type, address: addressOf(self, id) }, actor, sender, this.#machineNode);
    } finally {
      this.#registering.delete(id);
    }
  }

  /** Stops a machine of this node and retires its id. Rejects with MACHINE_UNKNOWN. */
  async unregister(id: string): Promise<void> {
    const { self, store, host, sync, remembered } = this.#insides;
    const known = machineId(id);
    if (!remembered.delete(known))
      throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" is registered on this node`);
    host.stop(known);
    sync.removed(known);
    await store.commit([{ type: 'machineRemove', node: self, id: known }]);
  }

  /** By address, or by id where that is the only one. */
  machine(idOrAddress: string): MachineInfo | undefined {
    try {
      return this.#insides.registry.resolve(idOrAddress);
    } catch {
      return undefined;
    }
  }

  /** All machines that are known, of this node and of its peers, reachable or not. */
  machines(): readonly MachineInfo[] {
    return this.#insides.registry.all();
  }

  /** Those that an event would reach now. */
  discoverByType(type: string): readonly MachineInfo[] {
    return this.#insides.registry.ofType(type).filter((machine) => machine.reachable);
  }

  /** Those whose type fits: `Service_*`, `*_Alpha_?`; the whole name, upper or lower case. */
  discoverByPattern(pattern: string): readonly MachineInfo[] {
    const { registry } = this.#insides;
    const types = registry.types().filter((type) => matchesPattern(pattern, type));
    return types.flatMap((type) => this.discoverByType(type));
  }

  /** Every type that a known machine has, in alphabetical order. */
  types(): readonly TypeInfo[] {
    const { registry } = this.#insides;
    const typeInfo = (name: string): TypeInfo => {
      const machines = registry.ofType(name);
      const versions = [...new Set(machines.map(({ version }) => version))].sort();
      return { name, versions, machines: machines.length, nodes: new Set(machines.map(({ node }) => node)).size };
    };
    return registry
      .types()
      .map(typeInfo)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Resolves as soon as so many machines of the type are reachable. Rejects with NO_MACHINE_OF_TYPE. */
  async waitForType(
    type: string,
    { count = 1, timeoutMs = WAIT_TIMEOUT_MS }: WaitOptions = {},
  ): Promise<readonly MachineInfo[]> {
    const { clock } = this.#insides;
    const { promise, resolve, reject } = Promise.withResolvers<readonly MachineInfo[]>();
    const check = () => {
      const machines = this.discoverByType(type);
      if (machines.length >= count) resolve(machines);
    };
    const timer = clock.setTimeout(() => {
      const found = this.discoverByType(type).length;
      reject(
        new InterMachineError(
          'NO_MACHINE_OF_TYPE',
          `${found} of ${count} machines of type "${type}" were found within ${timeoutMs} ms`,
        ),
      );
    }, timeoutMs);
    const stops = [this.on('machine', check), this.on('peer', check)];
    check();
    try {
      return await promise;
    } finally {
      clock.clearTimeout(timer);
      for (const stop of stops) stop();
    }
  }

  // ---- Sending, from no machine

  /** Rejects with MACHINE_UNKNOWN, MACHINE_AMBIGUOUS, EVENT_INVALID, ENVELOPE_TOO_LARGE, OUTBOX_FULL, STORE_FULL, STORE_FAILED, NODE_STOPPED. */
  sendTo(idOrAddress: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome> {
    return this.#sender.sendTo(idOrAddress, event, options);
  }

  sendToType(type: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome[]> {
    return this.#sender.sendToType(type, event, options);
  }

  // ---- What is around, and what happened

  peers(): readonly PeerInfo[] {
    return this.#insides.peers.list();
  }

  /** Rows of the stored log, newest first. */
  messages(query: MessageQuery = {}): Promise<readonly LogRow[]> {
    return this.#insides.store.messages(query);
  }

  /** Envelopes that a peer does not have yet. */
  waitingFor(peer: NodeId): number {
    return this.#insides.waiting(peer);
  }

  // ---- Looking at machines, here and on other nodes

  /**
   * Tells what a machine is doing, at most every 50 ms, starting with now. Returns what ends it.
   * Throws MACHINE_UNKNOWN, MACHINE_AMBIGUOUS.
   */
  watch(idOrAddress: string, watcher: Watcher): () => void {
    return this.#insides.watching.watch(this.#insides.registry.resolve(idOrAddress), watcher);
  }

  /** What there is to draw of a machine. Rejects with MACHINE_UNKNOWN, NOT_A_MACHINE, PEER_OFFLINE. */
  async describe(idOrAddress: string): Promise<Chart> {
    return await this.#insides.watching.describe(this.#insides.registry.resolve(idOrAddress));
  }

  /** As long as somebody watches, `stateOf` knows the states of all machines. Returns what ends it. */
  watchStates(told: (changed: readonly Address[]) => void): () => void {
    return this.#insides.watching.watchStates(told);
  }

  stateOf(address: Address): MachineState | undefined {
    return this.#insides.watching.stateOf(address);
  }

  // ---- The end

  /** Says goodbye, stops the machines, and waits until everything accepted is on disk. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#insides.stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #isTaken(id: MachineId): boolean {
    return this.#insides.host.isRunning(id) || this.#registering.has(id);
  }

  /** The first of `<type>_1`, `<type>_2` … that is free, or that a machine of this type had before. */
  #nextId(type: string): MachineId {
    for (let n = 1; ; n++) {
      const id = machineId(`${type}_${n}`);
      const before = this.#insides.remembered.get(id);
      if (!this.#isTaken(id) && (!before || before.type === type)) return id;
    }
  }

  #assertRunning(): void {
    if (this.#stopping !== undefined) throw new InterMachineError('NODE_STOPPED', 'The node is stopped');
  }
}
