import type { NodeId } from '../../shared/ids.ts';
import { Allowance } from './allowance.ts';
import { MAX_PENDING, PENDING_BURST, PENDING_EVERY_MS, PENDING_FOR_MS } from './defaults.ts';
import type { Clock, Endpoint } from './ports.ts';

/** A node that reached us and is not let in. */
export interface PendingNode {
  readonly id: NodeId;
  readonly name: string;
  /** Where it says that it listens, at the address that it came from. */
  readonly endpoints: readonly Endpoint[];
  /** When it knocked last: wall clock, milliseconds. */
  readonly knockedAt: number;
}

interface Kept extends PendingNode {
  readonly heardAt: number;
}

/** Strangers at the door: only so many, and no flood of them washes the others out. Nothing that they say is processed. */
export class Pending {
  readonly #clock: Clock;
  readonly #allowance: Allowance;
  /** The one that knocked longest ago first. */
  readonly #nodes = new Map<NodeId, Kept>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#allowance = new Allowance(PENDING_BURST, PENDING_EVERY_MS, clock.now());
  }

  /** Returns whether it is remembered. */
  knocked(id: NodeId, name: string, endpoints: readonly Endpoint[]): boolean {
    const now = this.#clock.now();
    this.#forgetBefore(now - PENDING_FOR_MS);
    if (!this.#nodes.has(id) && !this.#allowance.take(now)) return false;
    this.#nodes.delete(id);
    this.#nodes.set(id, { id, name, endpoints, knockedAt: this.#clock.wallTime(), heardAt: now });
    const oldest = this.#nodes.keys().next().value;
    if (this.#nodes.size > MAX_PENDING && oldest !== undefined) this.#nodes.delete(oldest);
    return true;
  }

  get(id: NodeId): PendingNode | undefined {
    return this.#nodes.get(id);
  }

  list(): readonly PendingNode[] {
    this.#forgetBefore(this.#clock.now() - PENDING_FOR_MS);
    return [...this.#nodes.values()];
  }

  forget(id: NodeId): void {
    this.#nodes.delete(id);
  }

  #forgetBefore(time: number): void {
    for (const { id, heardAt } of this.#nodes.values()) if (heardAt < time) this.#nodes.delete(id);
  }
}
