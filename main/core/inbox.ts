import type { Envelope } from '../../shared/envelope.ts';
import type { MachineId } from '../../shared/ids.ts';
import type { DeliveryLimits } from './defaults.ts';
import type { Stream } from './ports.ts';

/** An envelope that is on disk here and that its machine is not done with. */
export interface Arrival extends Stream {
  readonly sequence: number;
  readonly machine: MachineId;
  readonly envelope: Envelope;
  /** Milliseconds, on the node's own time. */
  readonly expiresAt: number;
  readonly length: number;
}

interface Entry {
  /** Counts arrivals: what is given back goes to its old place. */
  readonly order: number;
  isInHand: boolean;
}

interface Machine {
  isRunning: boolean;
  /** Accepted, on disk or on the way there, and not done with. */
  rows: number;
  /** On disk, in hand or held until the machine runs. */
  readonly entries: Map<Arrival, Entry>;
}

/** What waits for the machines of this node, and what of it they have in hand. */
export class Inbox {
  readonly #limits: DeliveryLimits;
  readonly #machines = new Map<MachineId, Machine>();
  #length = 0;
  #arrivals = 0;

  constructor(limits: DeliveryLimits) {
    this.#limits = limits;
  }

  isBusy(machine: MachineId): boolean {
    const rows = this.#machines.get(machine)?.rows ?? 0;
    return rows >= this.#limits.waitingRows || this.#length >= this.#limits.waitingLength;
  }

  isRunning(machine: MachineId): boolean {
    return this.#machines.get(machine)?.isRunning ?? false;
  }

  /** Counts an envelope that is to be committed; `add` or `forget` follows. */
  expect(machine: MachineId, length: number): void {
    this.#machine(machine).rows++;
    this.#length += length;
  }

  /** It was expected, and its commit failed. */
  forget(machine: MachineId, length: number): void {
    this.#machine(machine).rows--;
    this.#length -= length;
  }

  /** Expected, and on disk now. Returns whether its machine is to have it. */
  add(arrival: Arrival): boolean {
    const machine = this.#machine(arrival.machine);
    machine.entries.set(arrival, { order: ++this.#arrivals, isInHand: machine.isRunning });
    return machine.isRunning;
  }

  /** Returns what was held for the machine, in order: it is to have it now. */
  started(id: MachineId): readonly Arrival[] {
    const machine = this.#machine(id);
    machine.isRunning = true;
    const held = [...machine.entries].filter(([, entry]) => !entry.isInHand).sort(([, a], [, b]) => a.order - b.order);
    for (const [, entry] of held) entry.isInHand = true;
    return held.map(([arrival]) => arrival);
  }

  /** Returns what the machine had in hand and is not done with: from now on it is held. */
  ended(id: MachineId): readonly Arrival[] {
    const machine = this.#machine(id);
    machine.isRunning = false;
    const inHand = [...machine.entries].filter(([, entry]) => entry.isInHand);
    for (const [, entry] of inHand) entry.isInHand = false;
    return inHand.map(([arrival]) => arrival);
  }

  /** Its machine is done with it. False for one that was taken back meanwhile, and that is to be handed over again. */
  done(arrival: Arrival): boolean {
    if (!this.#machine(arrival.machine).entries.get(arrival)?.isInHand) return false;
    this.remove(arrival);
    return true;
  }

  remove(arrival: Arrival): void {
    this.#machine(arrival.machine).entries.delete(arrival);
    this.forget(arrival.machine, arrival.length);
  }

  /** A step of its machine was lost with the commit that it was in: the envelope is held again, in its old place. */
  takeBack(arrival: Arrival, order: number): void {
    this.expect(arrival.machine, arrival.length);
    this.#machine(arrival.machine).entries.set(arrival, { order, isInHand: false });
  }

  orderOf(arrival: Arrival): number {
    return this.#machines.get(arrival.machine)?.entries.get(arrival)?.order ?? 0;
  }

  /** What is held for machines that do not run and fits, in order. */
  held(fits: (arrival: Arrival) => boolean): readonly Arrival[] {
    const found: Arrival[] = [];
    for (const machine of this.#machines.values()) {
      if (machine.isRunning) continue;
      for (const arrival of machine.entries.keys()) if (fits(arrival)) found.push(arrival);
    }
    return found;
  }

  #machine(id: MachineId): Machine {
    const machine = this.#machines.get(id) ?? { isRunning: false, rows: 0, entries: new Map<Arrival, Entry>() };
    this.#machines.set(id, machine);
    return machine;
  }
}
