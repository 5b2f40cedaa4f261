import type { Chart, MachineLive } from '../../shared/api.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { MachineId, NodeId } from '../../shared/ids.ts';
import { utf8Length } from '../../shared/utf8.ts';
import { chartOf } from './chart.ts';
import { MAX_ENVELOPE_BYTES, STATES_THROTTLE_MS, WATCH_THROTTLE_MS } from './defaults.ts';
import type { Host } from './host.ts';
import { liveOf, stateOf } from './machine-live.ts';
import type { MachineStateEntry, ObservationFrame } from './observation-frames.ts';
import type { Clock } from './ports.ts';
import { Throttle } from './throttle.ts';

/** Somebody who looks at one machine of ours. */
export interface Looker {
  live(live: MachineLive): void;
  unseen(code: ErrorCode): void;
}

export interface ShowingParts {
  readonly host: Host;
  readonly clock: Clock;
  /** Of all machines that run here. */
  readonly machines: () => readonly MachineId[];
  /** Returns false where the peer is behind with reading: it gets the newest state later. */
  readonly send: (peer: NodeId, frame: ObservationFrame) => boolean;
  /** Whether somebody here wants to know the states of all machines. */
  readonly areStatesWanted: () => boolean;
  /** The states of some of our machines changed. */
  readonly statesChanged: (states: readonly MachineStateEntry[]) => void;
}

/** Shows the machines of this node to those who look: programs and dashboards here, and peers. */
export class Showing {
  readonly #parts: ShowingParts;
  readonly #lookers = new Map<MachineId, Map<Looker, Throttle>>();
  /** What each peer looks at, by its own numbers. */
  readonly #peerWatches = new Map<NodeId, Map<number, () => void>>();
  readonly #observers = new Set<NodeId>();
  readonly #changed = new Set<MachineId>();
  readonly #states: Throttle;

  constructor(parts: ShowingParts) {
    this.#parts = parts;
    this.#states = new Throttle(parts.clock, STATES_THROTTLE_MS, () => this.#tellStates());
  }

  /** Told of every step of every machine, so it does next to nothing. */
  stepped(id: MachineId): void {
    if (this.#observers.size > 0 || this.#parts.areStatesWanted()) {
      this.#changed.add(id);
      this.#states.touch();
    }
    const lookers = this.#lookers.get(id);
    if (lookers) for (const throttle of lookers.values()) throttle.touch();
  }

  /** Starts with the present state. Returns what ends it. Throws MACHINE_UNKNOWN. */
  look(id: MachineId, looker: Looker): () => void {
    this.#shown(id);
    const lookers = this.#lookers.get(id) ?? new Map<Looker, Throttle>();
    this.#lookers.set(id, lookers);
    const throttle = new Throttle(this.#parts.clock, WATCH_THROTTLE_MS, () => this.#tell(id, looker));
    lookers.set(looker, throttle);
    throttle.touch();
    return () => {
      throttle.stop();
      lookers.delete(looker);
      if (lookers.size === 0) this.#lookers.delete(id);
    };
  }

  /** Throws MACHINE_UNKNOWN, NOT_A_MACHINE, ENVELOPE_TOO_LARGE. */
  describe(id: MachineId): Chart {
    const chart = chartOf(this.#shown(id).logic);
    if (!chart)
      throw new InterMachineError(
        'NOT_A_MACHINE',
        `"${id}" is actor logic that is no state machine: there are no states to draw`,
      );
    if (utf8Length(JSON.stringify(chart)) > MAX_ENVELOPE_BYTES)
      throw new InterMachineError('ENVELOPE_TOO_LARGE', `"${id}" is too large to be drawn`);
    return chart;
  }

  states(): readonly MachineStateEntry[] {
    return this.#parts.machines().flatMap((id) => this.#stateEntry(id));
  }

  // ---- Peers that look

  asked(peer: NodeId, frame: ObservationFrame): void {
    switch (frame.type) {
      case 'observe':
        if (!frame.on) this.#observers.delete(peer);
        else if (this.#parts.send(peer, { type: 'states', of: this.states() })) this.#observers.add(peer);
        return;
      case 'watch':
        return this.#watch(peer, frame.watch, frame.machine);
      case 'unwatch':
        return this.#unwatch(peer, frame.watch);
      case 'describe':
        return this.#answer(peer, frame.question, frame.machine);
    }
  }

  disconnected(peer: NodeId): void {
    this.#observers.delete(peer);
    for (const end of this.#peerWatches.get(peer)?.values() ?? []) end();
    this.#peerWatches.delete(peer);
  }

  stop(): void {
    this.#states.stop();
    for (const lookers of this.#lookers.values()) for (const throttle of lookers.values()) throttle.stop();
  }

  #watch(peer: NodeId, watch: number, id: MachineId): void {
    const { send } = this.#parts;
    this.#unwatch(peer, watch);
    const watches = this.#peerWatches.get(peer) ?? new Map<number, () => void>();
    this.#peerWatches.set(peer, watches);
    try {
      const end = this.look(id, {
        live: (live) => {
          if (!send(peer, { type: 'snapshot', watch, live })) this.#lookAgain(id);
        },
        unseen: (code) => send(peer, { type: 'unseen', watch, code }),
      });
      watches.set(watch, end);
    } catch (thrown) {
      send(peer, { type: 'unseen', watch, code: codeOf(thrown) });
    }
  }

  /** The peer was behind with reading: it gets the newest state a little later. */
  #lookAgain(id: MachineId): void {
    for (const throttle of this.#lookers.get(id)?.values() ?? []) throttle.touch();
  }

  #unwatch(peer: NodeId, watch: number): void {
    const watches = this.#peerWatches.get(peer);
    watches?.get(watch)?.();
    watches?.delete(watch);
  }

  #answer(peer: NodeId, question: number, id: MachineId): void {
    try {
      this.#parts.send(peer, { type: 'description', question, chart: this.describe(id) });
    } catch (thrown) {
      this.#parts.send(peer, { type: 'description', question, code: codeOf(thrown) });
    }
  }

  // ---- Telling

  #tell(id: MachineId, looker: Looker): void {
    const shown = this.#parts.host.shown(id);
    if (!shown) return looker.unseen('MACHINE_UNKNOWN');
    const live = liveOf(shown);
    looker.live(live);
    if (live.status !== 'active') looker.unseen('MACHINE_STOPPED');
  }

  #tellStates(): void {
    const of = [...this.#changed].flatMap((id) => this.#stateEntry(id));
    this.#changed.clear();
    if (of.length === 0) return;
    for (const peer of this.#observers) {
      if (this.#parts.send(peer, { type: 'states', of })) continue;
      for (const [id] of of) this.#changed.add(id);
      this.#states.touch();
    }
    this.#parts.statesChanged(of);
  }

  #stateEntry(id: MachineId): MachineStateEntry[] {
    const shown = this.#parts.host.shown(id);
    if (!shown) return [];
    const { state, status } = stateOf(shown);
    return [[id, state, status]];
  }

  #shown(id: MachineId) {
    const shown = this.#parts.host.shown(id);
    if (!shown) throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" runs on this node`);
    return shown;
  }
}

const codeOf = (thrown: unknown): ErrorCode => (thrown instanceof InterMachineError ? thrown.code : 'INTERNAL');
