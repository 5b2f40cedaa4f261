import type { Chart, MachineLive, MachineStatus } from '../../shared/api.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { type Address, addressOf, type NodeId } from '../../shared/ids.ts';
import { DESCRIBE_TIMEOUT_MS } from './defaults.ts';
import type { MachineStateEntry, ObservationFrame } from './observation-frames.ts';
import type { Clock } from './ports.ts';
import type { MachineInfo } from './registry.ts';
import type { Looker, Showing } from './showing.ts';

export interface MachineState {
  readonly state: string;
  readonly status: MachineStatus;
}

/** What a watcher is told. */
export interface Watcher {
  live(live: MachineLive): void;
  /** Its node cannot be reached; it is watched again when it can. */
  lost(): void;
  /** Nothing more will come. */
  ended(code: ErrorCode): void;
}

export interface WatchingParts {
  readonly self: NodeId;
  readonly showing: Showing;
  readonly clock: Clock;
  readonly send: (peer: NodeId, frame: ObservationFrame) => boolean;
  readonly connectedPeers: () => readonly NodeId[];
}

interface RemoteWatch {
  readonly machine: MachineInfo;
  readonly watcher: Watcher;
}

interface Question {
  readonly peer: NodeId;
  resolve(chart: Chart): void;
  reject(error: InterMachineError): void;
}

/** Looks at machines, of this node and of its peers alike. */
export class Watching {
  readonly #parts: WatchingParts;
  readonly #watches = new Map<number, RemoteWatch>();
  readonly #questions = new Map<number, Question>();
  readonly #states = new Map<Address, MachineState>();
  readonly #stateWatchers = new Set<(changed: readonly Address[]) => void>();
  #numbers = 0;

  constructor(parts: WatchingParts) {
    this.#parts = parts;
  }

  /** Starts with the present state, as soon as it is known. Returns what ends it. Throws MACHINE_UNKNOWN. */
  watch(machine: MachineInfo, watcher: Watcher): () => void {
    if (machine.local) return this.#watchOwn(machine, watcher);
    const watch = ++this.#numbers;
    this.#watches.set(watch, { machine, watcher });
    if (machine.reachable) this.#parts.send(machine.node, { type: 'watch', watch, machine: machine.id });
    else watcher.lost();
    return () => {
      if (this.#watches.delete(watch)) this.#parts.send(machine.node, { type: 'unwatch', watch });
    };
  }

  /** What there is to draw of a machine. Rejects with MACHINE_UNKNOWN, NOT_A_MACHINE, ENVELOPE_TOO_LARGE, PEER_OFFLINE. */
  async describe(machine: MachineInfo): Promise<Chart> {
    const { showing, send, clock } = this.#parts;
    if (machine.local) return showing.describe(machine.id);
    if (!machine.reachable) throw offline(machine);
    const question = ++this.#numbers;
    const { promise, resolve, reject } = Promise.withResolvers<Chart>();
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

  /** As it was told last; missing while nobody watches states, or its node did not tell. */
  stateOf(address: Address): MachineState | undefined {
    return this.#states.get(address);
  }

  /** From here on the states of all machines of all nodes are known. Returns what ends it. */
  watchStates(told: (changed: readonly Address[]) => void): () => void {
    const { connectedPeers, send, showing, self } = this.#parts;
    this.#stateWatchers.add(told);
    if (this.#stateWatchers.size === 1) {
      this.#noteStates(self, showing.states());
      for (const peer of connectedPeers()) send(peer, { type: 'observe', on: true });
    }
    return () => {
      if (!this.#stateWatchers.delete(told) || this.#stateWatchers.size > 0) return;
      this.#states.clear();
      for (const peer of connectedPeers()) send(peer, { type: 'observe', on: false });
    };
  }

  get wantsStates(): boolean {
    return this.#stateWatchers.size > 0;
  }

  /** The machine is gone. */
  forget(address: Address): void {
    this.#states.delete(address);
  }

  ownStatesChanged(states: readonly MachineStateEntry[]): void {
    if (this.wantsStates) this.#noteStates(this.#parts.self, states);
  }

  told(peer: NodeId, frame: ObservationFrame): void {
    switch (frame.type) {
      case 'states':
        if (this.#stateWatchers.size > 0) this.#noteStates(peer, frame.of);
        return;
      case 'snapshot':
        return this.#watchOf(peer, frame.watch)?.watcher.live(frame.live);
      case 'unseen': {
        const watch = this.#watchOf(peer, frame.watch);
        this.#watches.delete(frame.watch);
        return watch?.watcher.ended(frame.code);
      }
      case 'description': {
        const question = this.#questions.get(frame.question);
        if (question?.peer !== peer) return;
        if (frame.chart) question.resolve(frame.chart);
        else question.reject(new InterMachineError(frame.code ?? 'INTERNAL', 'Its node cannot describe this machine'));
        return;
      }
    }
  }

  connected(peer: NodeId): void {
    const { send } = this.#parts;
    if (this.#stateWatchers.size > 0) send(peer, { type: 'observe', on: true });
    for (const [watch, { machine }] of this.#watches) {
      if (machine.node === peer) send(peer, { type: 'watch', watch, machine: machine.id });
    }
  }

  disconnected(peer: NodeId): void {
    for (const { machine, watcher } of this.#watches.values()) if (machine.node === peer) watcher.lost();
    for (const question of this.#questions.values()) {
      if (question.peer === peer)
        question.reject(new InterMachineError('PEER_OFFLINE', 'Its node was lost before it answered'));
    }
  }

  #watchOwn(machine: MachineInfo, watcher: Watcher): () => void {
    const looker: Looker = {
      live: (live) => watcher.live(live),
      unseen: (code) => {
        end();
        watcher.ended(code);
      },
    };
    const end = this.#parts.showing.look(machine.id, looker);
    return end;
  }

  #watchOf(peer: NodeId, watch: number): RemoteWatch | undefined {
    const found = this.#watches.get(watch);
    return found?.machine.node === peer ? found : undefined;
  }

  #noteStates(node: NodeId, states: readonly MachineStateEntry[]): void {
    const changed = states.map(([id, state, status]) => {
      const address = addressOf(node, id);
      this.#states.set(address, { state, status });
      return address;
    });
    for (const told of this.#stateWatchers) told(changed);
  }
}

const offline = ({ id }: MachineInfo) =>
  new InterMachineError('PEER_OFFLINE', `The node of "${id}" cannot be reached now`);
