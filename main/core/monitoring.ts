import { InterMachineError } from '../../shared/errors.ts';
import type { MachineId, NodeId } from '../../shared/ids.ts';
import { MAX_MONITORS } from './defaults.ts';
import type { Demonitor, Down, DownReason, Monitor } from './observation-frames.ts';
import type { MachineInfo } from './registry.ts';

/** That a machine ended, told once. */
export interface MachineDown {
  readonly machine: MachineInfo;
  /** `stopped`: by itself, at its final state, or taken out. `nodeLost`: nobody knows what it does, if anything. */
  readonly reason: DownReason | 'nodeLeft' | 'nodeLost';
}

export interface MonitoringParts {
  readonly isRunning: (id: MachineId) => boolean;
  readonly send: (peer: NodeId, frame: Monitor | Demonitor | Down) => void;
  /** Of the peer's present start; `undefined` where nothing was heard of it for long. */
  readonly incarnationOf: (peer: NodeId) => number | undefined;
  /** A later turn: who monitors what is gone already is told after it has what it needs to stop. */
  readonly soon: (task: () => void) => void;
}

interface Watch {
  readonly machine: MachineInfo;
  readonly listener: (down: MachineDown) => void;
  /** Of the start of its node that hosts it; a later one does not have this machine any more, if one of the same name. */
  incarnation: number | undefined;
}

/** Tells once when a machine of this or of another node ends. */
export class Monitoring {
  readonly #parts: MonitoringParts;
  readonly #watches = new Map<number, Watch>();
  /** What peers monitor here: their numbers, by machine. */
  readonly #ofPeers = new Map<NodeId, Map<number, MachineId>>();
  #numbers = 0;

  constructor(parts: MonitoringParts) {
    this.#parts = parts;
  }

  /** `listener` is called once at the most. Returns what ends it. */
  monitor(machine: MachineInfo, listener: (down: MachineDown) => void): () => void {
    const { isRunning, incarnationOf, send, soon } = this.#parts;
    const number = ++this.#numbers;
    const incarnation = machine.local ? undefined : incarnationOf(machine.node);
    this.#watches.set(number, { machine, listener, incarnation });
    if (machine.local) {
      if (!isRunning(machine.id)) soon(() => this.#down(number, 'stopped'));
    } else if (incarnation === undefined) soon(() => this.#down(number, 'nodeLost'));
    else send(machine.node, { type: 'monitor', monitor: number, machine: machine.id });
    return () => {
      if (this.#watches.delete(number) && !machine.local) send(machine.node, { type: 'demonitor', monitor: number });
    };
  }

  /** One of ours ended. */
  ended(id: MachineId, reason: DownReason): void {
    for (const [number, { machine }] of this.#watches)
      if (machine.local && machine.id === id) this.#down(number, reason);
    for (const [peer, monitors] of this.#ofPeers) {
      for (const [monitor, machine] of monitors) {
        if (machine !== id) continue;
        monitors.delete(monitor);
        this.#parts.send(peer, { type: 'down', monitor, reason });
      }
    }
  }

  received(peer: NodeId, frame: Monitor | Demonitor | Down): void {
    switch (frame.type) {
      case 'monitor':
        return this.#ask(peer, frame);
      case 'demonitor':
        this.#ofPeers.get(peer)?.delete(frame.monitor);
        return;
      case 'down':
        if (this.#watches.get(frame.monitor)?.machine.node === peer) this.#down(frame.monitor, frame.reason);
    }
  }

  /** Its machines are watched on, unless it is another start of the node. */
  connected(peer: NodeId): void {
    const incarnation = this.#parts.incarnationOf(peer);
    for (const [number, watch] of this.#watches) {
      if (watch.machine.node !== peer) continue;
      if (watch.incarnation !== incarnation) this.#down(number, 'nodeLost');
      else this.#parts.send(peer, { type: 'monitor', monitor: number, machine: watch.machine.id });
    }
  }

  /** What it monitors it asks for again when it is back. */
  disconnected(peer: NodeId): void {
    this.#ofPeers.delete(peer);
  }

  /** It said goodbye, or was not heard of for too long. */
  gone(peer: NodeId, reason: 'nodeLeft' | 'nodeLost'): void {
    for (const [number, { machine }] of this.#watches) if (machine.node === peer) this.#down(number, reason);
  }

  #ask(peer: NodeId, { monitor, machine }: Monitor): void {
    if (!this.#parts.isRunning(machine)) return this.#parts.send(peer, { type: 'down', monitor, reason: 'stopped' });
    const monitors = this.#ofPeers.get(peer) ?? new Map<number, MachineId>();
    if (monitors.size >= MAX_MONITORS)
      throw new InterMachineError('FRAME_INVALID', `${MAX_MONITORS} machines are monitored already`);
    this.#ofPeers.set(peer, monitors.set(monitor, machine));
  }

  #down(number: number, reason: MachineDown['reason']): void {
    const watch = this.#watches.get(number);
    if (!watch) return;
    this.#watches.delete(number);
    watch.listener({ machine: watch.machine, reason });
  }
}
