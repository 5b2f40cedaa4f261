import type { Envelope } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { decodeEvent } from '../../shared/event.ts';
import { addressOf, type MachineId, type NodeId, parseAddress } from '../../shared/ids.ts';
import type { Parcel, Verdict } from './delivery.ts';
import type { StoredEnvelope } from './ports.ts';

export interface RouterParts {
  readonly self: NodeId;
  /** Whether a machine of this id runs here, or did before and was not unregistered. */
  readonly knows: (id: MachineId) => boolean;
  readonly isBusy: (id: MachineId) => boolean;
  readonly deliverHere: (parcel: Parcel, machine: MachineId) => void;
  readonly sendAway: (parcel: Parcel) => void;
}

/** Where every envelope passes: one that leaves a machine of ours, and one that a peer sent. */
export class Router {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  route(parcel: Parcel): void {
    const { node, machine } = parseAddress(parcel.to);
    if (node === this.#parts.self) this.#parts.deliverHere(parcel, machine);
    else this.#parts.sendAway(parcel);
  }

  /** Decides before anything is written. Being from that peer and for this node is not checked: a frame cannot say otherwise. */
  admit(peer: NodeId, { id, from, to, sentAt, correlationId, causationId, eventJson }: StoredEnvelope): Verdict {
    const envelope: Omit<Envelope, 'event'> = {
      id,
      from: addressOf(peer, from),
      to: addressOf(this.#parts.self, to),
      sentAt,
      ...(correlationId !== undefined && { correlationId }),
      ...(causationId !== undefined && { causationId }),
    };
    const refuse = (code: ErrorCode): Verdict => ({ verdict: 'refuse', envelope, code });
    if (!this.#parts.knows(to)) return refuse('MACHINE_UNKNOWN');
    if (this.#parts.isBusy(to)) return refuse('MACHINE_BUSY');
    try {
      return { verdict: 'accept', envelope: { ...envelope, event: decodeEvent(eventJson) } };
    } catch (thrown) {
      if (thrown instanceof InterMachineError) return refuse(thrown.code);
      throw thrown;
    }
  }
}
