import type { ErrorCode } from '../../shared/errors.ts';
import type { Address, MachineId, NodeId } from '../../shared/ids.ts';
import { partsOf } from '../../shared/ids.ts';

/** From whom a machine takes what. What is missing is not asked about. */
export interface Accept {
  /** Ids of nodes; its own node needs no mention. */
  readonly nodes?: readonly string[];
  /** Machine types of senders. A node that sends in its own name has none. */
  readonly types?: readonly string[];
  /** Types of events. */
  readonly events?: readonly string[];
}

/** On which terms a machine is hosted. */
export interface Terms {
  readonly accept?: Accept;
  /** `node`: other nodes do not learn of it. `network` unless told. */
  readonly expose?: 'network' | 'node';
  /** What other nodes see of it: its state, its context too (unless told otherwise), or nothing. */
  readonly watchable?: 'state' | 'context' | false;
  /** `manual`: it is healthy while `heartbeat` is called for it at least every 30 s. */
  readonly health?: 'manual';
}

const NONE: Terms = {};

/** The terms of the machines of this node. */
export class TermsOfMachines {
  readonly #self: NodeId;
  readonly #typeOf: (address: Address) => string | undefined;
  readonly #terms = new Map<MachineId, Terms>();

  constructor(self: NodeId, typeOf: (address: Address) => string | undefined) {
    this.#self = self;
    this.#typeOf = typeOf;
  }

  set(id: MachineId, terms: Terms): void {
    this.#terms.set(id, terms);
  }

  delete(id: MachineId): void {
    this.#terms.delete(id);
  }

  of(id: MachineId): Terms {
    return this.#terms.get(id) ?? NONE;
  }

  isExposed(id: MachineId): boolean {
    return this.of(id).expose !== 'node';
  }

  /** Why the machine does not take this event from this sender; `undefined` where it does. */
  refusal(from: Address, to: MachineId, eventType: string): ErrorCode | undefined {
    const { accept } = this.of(to);
    const { node } = partsOf(from);
    // It is not to be told from a machine that is not there.
    if (node !== this.#self && !this.isExposed(to)) return 'MACHINE_UNKNOWN';
    if (!accept) return undefined;
    const { nodes, types, events } = accept;
    const isAccepted =
      (!nodes || node === this.#self || nodes.includes(node)) &&
      (!types || types.includes(this.#typeOf(from) ?? '')) &&
      (!events || events.includes(eventType));
    return isAccepted ? undefined : 'NOT_ACCEPTED';
  }
}
