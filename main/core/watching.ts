import type { MachineDefinition, MachineLive } from '../../shared/api.ts';
import type { MachineEvent } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { decodeEvent } from '../../shared/event.ts';
import { type Address, addressOf, type MachineId, type NodeId, parseAddress } from '../../shared/ids.ts';
import { DESCRIBE_TIMEOUT_MS, MAX_INTEREST_TYPES, STATES_TIMEOUT_MS } from './defaults.ts';
import type { MachineState } from './finding.ts';
import type { Interest, MachineStateEntry, ObservationFrame } from './observation-frames.ts';
import type { Clock } from './ports.ts';
import type { MachineInfo } from './registry.ts';
import type { Showing } from './showing.ts';

/** What a watcher is told. */
export interface Watcher {
  live(live: MachineLive): void;
  /** Left out where what it emits is not wanted. */
  emitted?(event: MachineEvent): void;
  /** Its node cannot be reached; it is watched again when it can. */
  lost(): void;
  /** Nothing more will come. */
  ended(code: ErrorCode): void;
}

export interface WatchingParts {
  readonly self: NodeId;
  readonly showing: Showing;
  readonly clock: Clock;
  readonly send: (peer: NodeId, frame: ObservationFrame) => void;
  readonly connectedPeers: () => readonly NodeId[];
  /** What these machines do is known anew. */
  readonly statesChanged: (addresses: readonly Address[]) => void;
}

interface RemoteWatch {
  readonly machine: MachineInfo;
  readonly watcher: Watcher;
}

interface Question {
  readonly peer: NodeId;
  resolve(definition: MachineDefinition): void;
  reject(error: InterMachineError): void;
}

/** Looks at machines, of this node and of its peers alike. */
export class Watching {
  readonly #parts: WatchingParts;
  readonly #watches = new Map<number, RemoteWatch>();
  readonly #questions = new Map<number, Question>();
  readonly #states = new Map<Address, MachineState>();
  readonly #stateWatchers = new Set<(changed: readonly Address[]) => void>();
  readonly #wantedTypes = new Set<string>();
  readonly #checks = new Set<() => void>();
  #numbers = 0;

  constructor(parts: WatchingParts) {
    this.#parts = parts;
  }

  /** Starts with the present state, as soon as it is known. Returns what ends it. Throws MACHINE_UNKNOWN. */
  watch(machine: MachineInfo, watcher: Watcher): () => void {
    if (machine.local) return this.#watchOwn(machine, watcher);
    const watch = ++this.#numbers;
    this.#watches.set(watch, { machine, watcher });
    if (machine.reachable) this.#askFor(watch);
    else watcher.lost();
    return () => {
      if (this.#watches.delete(watch)) this.#parts.send(machine.node, { type: 'unwatch', watch });
    };
  }

  /** What there is to draw of a machine. Rejects with MACHINE_UNKNOWN, NOT_A_MACHINE, ENVELOPE_TOO_LARGE, PEER_OFFLINE. */
  async describe(machine: MachineInfo): Promise<MachineDefinition> {
    const { showing, send, clock } = this.#parts;
    if (machine.local) return showing.describe(machine.id);
    if (!machine.reachable) throw offline(machine);
    const question = ++this.#numbers;
    const { promise, resolve, reject } = Promise.withResolvers<MachineDefinition>();
    this.#questions.set(question, { peer: machine.node, resolve, reject });
    const timer = clock.setTimeout(() => reject(offline(machine)), DESCRIBE_TIMEOUT_MS);
    send(machine.node, { type: 'describe', question, machine: machine.id });
    try {
      return await promise;
    } finally {
      clock.clearTimeout(timer);
      this.#questions.delete(question);
    }
  }

  /** As it was told last; of another node's machine only while somebody wants to know, and its node tells. */
  stateOf({ local, id, address }: MachineInfo): MachineState | undefined {
    return local ? this.#parts.showing.stateOf(id) : this.#states.get(address);
  }

  /** From here on the states of all machines of all nodes are known. Returns what ends it. */
  watchStates(told: (changed: readonly Address[]) => void): () => void {
    this.#stateWatchers.add(told);
    if (this.#stateWatchers.size === 1) this.#tellInterest();
    return () => {
      if (this.#stateWatchers.delete(told) && this.#stateWatchers.size === 0) this.#tellInterest();
    };
  }

  /** From here on the states of machines of this type are known. */
  wantStatesOf(type: string): void {
    if (this.#wantedTypes.has(type)) return;
    this.#wantedTypes.add(type);
    const [oldest] = this.#wantedTypes;
    if (this.#wantedTypes.size > MAX_INTEREST_TYPES && oldest !== undefined) this.#wantedTypes.delete(oldest);
    this.#tellInterest();
  }

  /** Resolves when the states of these machines are known, or were not told in time. */
  async statesKnown(machines: readonly MachineInfo[]): Promise<void> {
    const { clock } = this.#parts;
    const areKnown = () => machines.every((machine) => !machine.reachable || this.stateOf(machine) !== undefined);
    if (areKnown()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      if (areKnown()) resolve();
    };
    const timer = clock.setTimeout(() => resolve(), STATES_TIMEOUT_MS);
    this.#checks.add(check);
    await promise;
    this.#checks.delete(check);
    clock.clearTimeout(timer);
  }

  /** Whether anybody here looks at states. */
  get wantsStates(): boolean {
    return this.#stateWatchers.size > 0 || this.#wantedTypes.size > 0;
  }

  /** The machine is gone. */
  forget(address: Address): void {
    this.#states.delete(address);
  }

  ownStatesChanged(machines: readonly MachineId[]): void {
    this.#changed(machines.map((id) => addressOf(this.#parts.self, id)));
  }

  told(peer: NodeId, frame: ObservationFrame): void {
    switch (frame.type) {
      case 'states':
        return this.#noteStates(peer, frame.of);
      case 'snapshot':
        return this.#watchOf(peer, frame.watch)?.watcher.live(frame.live);
      case 'emitted':
        return this.#watchOf(peer, frame.watch)?.watcher.emitted?.(decodeEvent(frame.event));
      case 'unseen': {
        const watch = this.#watchOf(peer, frame.watch);
        this.#watches.delete(frame.watch);
        return watch?.watcher.ended(frame.code);
      }
      case 'description': {
        const question = this.#questions.get(frame.question);
        if (question?.peer !== peer) return;
        if (frame.chart) question.resolve({ chart: frame.chart, hash: frame.hash ?? '' });
        else question.reject(new InterMachineError(frame.code ?? 'INTERNAL', 'Its node cannot describe this machine'));
        return;
      }
    }
  }

  connected(peer: NodeId): void {
    if (this.wantsStates) this.#parts.send(peer, this.#interest);
    for (const [watch, { machine }] of this.#watches) if (machine.node === peer) this.#askFor(watch);
  }

  disconnected(peer: NodeId): void {
    for (const address of this.#states.keys()) if (parseAddress(address).node === peer) this.#states.delete(address);
    for (const { machine, watcher } of this.#watches.values()) if (machine.node === peer) watcher.lost();
    for (const question of this.#questions.values()) {
      if (question.peer === peer)
        question.reject(new InterMachineError('PEER_OFFLINE', 'Its node was lost before it answered'));
    }
  }

  #watchOwn(machine: MachineInfo, watcher: Watcher): () => void {
    return this.#parts.showing.look(machine.id, {
      seesContext: true,
      live: (live) => watcher.live(live),
      unseen: (code) => watcher.ended(code),
      ...(watcher.emitted && { emitted: (event: MachineEvent) => watcher.emitted?.(event) }),
    });
  }

  #askFor(watch: number): void {
    const asked = this.#watches.get(watch);
    if (!asked) return;
    const { machine, watcher } = asked;
    const emitted = watcher.emitted !== undefined;
    this.#parts.send(machine.node, { type: 'watch', watch, machine: machine.id, emitted });
  }

  get #interest(): Interest {
    return { type: 'interest', all: this.#stateWatchers.size > 0, types: [...this.#wantedTypes] };
  }

  #tellInterest(): void {
    const { connectedPeers, send } = this.#parts;
    for (const peer of connectedPeers()) send(peer, this.#interest);
  }

  #watchOf(peer: NodeId, watch: number): RemoteWatch | undefined {
    const found = this.#watches.get(watch);
    return found?.machine.node === peer ? found : undefined;
  }

  #noteStates(node: NodeId, states: readonly MachineStateEntry[]): void {
    if (!this.wantsStates) return;
    const changed = states.map(([id, value, tags, status]) => {
      const address = addressOf(node, id);
      this.#states.set(address, { ...(value !== null && { value }), tags, status });
      return address;
    });
    this.#changed(changed);
  }

  #changed(addresses: readonly Address[]): void {
    for (const told of this.#stateWatchers) told(addresses);
    for (const check of [...this.#checks]) check();
    this.#parts.statesChanged(addresses);
  }
}

const offline = ({ id }: MachineInfo) =>
  new InterMachineError('PEER_OFFLINE', `The node of "${id}" cannot be reached now`);
