import type { Envelope, MachineEvent } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { decodeEvent } from '../../shared/event.ts';
import { addressOf, type MachineId, type NodeId, parseAddress } from '../../shared/ids.ts';
import type { Parcel, Verdict } from './delivery.ts';
import type { StoredEnvelope } from './ports.ts';

/** Characters of a text that is no event that are kept in the log: enough to see what it was. */
const MAX_REFUSED_LENGTH = 1_000;

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
    const refuse = (code: ErrorCode, eventType: string, json: string): Verdict => ({
      verdict: 'refuse',
      parcel: { ...envelope, eventType, eventJson: json },
      code,
    });
    let event: MachineEvent;
    try {
      event = decodeEvent(eventJson);
    } catch (thrown) {
      if (!(thrown instanceof InterMachineError)) throw thrown;
      // Whatever it was, the log holds an event: its readers must not stumble over it.
      return refuse(thrown.code, '', JSON.stringify({ type: '', refused: eventJson.slice(0, MAX_REFUSED_LENGTH) }));
    }
    if (!this.#parts.knows(to)) return refuse('MACHINE_UNKNOWN', event.type, eventJson);
    if (this.#parts.isBusy(to)) return refuse('MACHINE_BUSY', event.type, eventJson);
    return { verdict: 'accept', envelope: { ...envelope, event } };
  }
}
