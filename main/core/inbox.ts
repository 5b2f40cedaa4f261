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
  /** Where it is; the inbox's own business. */
  place: 'underWay' | 'held' | 'inHand' | 'done';
  /** Counts arrivals: what is given back goes to its old place. */
  order: number;
  /** Its peer may send that much less until its machine is done with it. */
  takesCredit?: boolean;
}

interface Machine {
  isRunning: boolean;
  /** Accepted, on disk or on the way there, and not done with. */
  rows: number;
  /** On disk, for when the machine runs. */
  held: Arrival[];
  /** Handed over; mostly the machine is done with them in this order. */
  inHand: Arrival[];
  /** Before it all of `inHand` is done. */
  head: number;
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
    arrival.order = ++this.#arrivals;
    if (machine.isRunning) handOver(machine, arrival);
    else hold(machine, arrival);
    return machine.isRunning;
  }

  /** Returns what was held for the machine, in order: it is to have it now. */
  started(id: MachineId): readonly Arrival[] {
    const machine = this.#machine(id);
    machine.isRunning = true;
    const held = machine.held.filter(isHeld).sort((a, b) => a.order - b.order);
    machine.held = [];
    for (const arrival of held) handOver(machine, arrival);
    return held;
  }

  /** Returns what the machine had in hand and is not done with: from now on it is held. */
  ended(id: MachineId): readonly Arrival[] {
    const machine = this.#machine(id);
    machine.isRunning = false;
    const inHand = machine.inHand.slice(machine.head).filter(({ place }) => place === 'inHand');
    machine.inHand = [];
    machine.head = 0;
    for (const arrival of inHand) hold(machine, arrival);
    return inHand;
  }

  /** Its machine is done with it. False for one that was taken back meanwhile, and that is to be handed over again. */
  done(arrival: Arrival): boolean {
    if (arrival.place !== 'inHand') return false;
    this.remove(arrival);
    return true;
  }

  remove(arrival: Arrival): void {
    arrival.place = 'done';
    const machine = this.#machine(arrival.machine);
    while (machine.inHand[machine.head]?.place === 'done') machine.head++;
    if (machine.head === machine.inHand.length || machine.head > COMPACT_FROM) {
      machine.inHand = machine.inHand.slice(machine.head);
      machine.head = 0;
    }
    this.forget(arrival.machine, arrival.length);
  }

  /** A step of its machine was lost with the commit that it was in: the envelope is held again, in its old place. */
  takeBack(arrival: Arrival): void {
    this.expect(arrival.machine, arrival.length);
    hold(this.#machine(arrival.machine), arrival);
  }

  /** What is held for machines that do not run and fits, in order. */
  held(fits: (arrival: Arrival) => boolean): readonly Arrival[] {
    const found: Arrival[] = [];
    for (const machine of this.#machines.values()) {
      if (machine.held.length === 0) continue;
      machine.held = machine.held.filter(isHeld);
      found.push(...machine.held.filter(fits));
    }
    return found;
  }

  #machine(id: MachineId): Machine {
    const known = this.#machines.get(id);
    if (known) return known;
    const machine: Machine = { isRunning: false, rows: 0, held: [], inHand: [], head: 0 };
    this.#machines.set(id, machine);
    return machine;
  }
}

/** What is done is let go in bulk. */
const COMPACT_FROM = 4_096;

function handOver(machine: Machine, arrival: Arrival): void {
  arrival.place = 'inHand';
  machine.inHand.push(arrival);
}

function hold(machine: Machine, arrival: Arrival): void {
  arrival.place = 'held';
  machine.held.push(arrival);
}

const isHeld = ({ place }: Arrival): boolean => place === 'held';
