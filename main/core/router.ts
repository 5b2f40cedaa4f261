import type { Envelope, MachineEvent } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { decodeEvent } from '../../shared/event.ts';
import { type Address, addressOf, type MachineId, type NodeId, partsOf } from '../../shared/ids.ts';
import type { Parcel } from './parcel.ts';
import type { StoredEnvelope } from './ports.ts';
import type { Verdict } from './receiving.ts';
import { asRefused, isKeptWhole } from './refused.ts';

export interface RouterParts {
  readonly self: NodeId;
  /** Whether a machine of this id runs here, or did before and was not unregistered. */
  readonly knows: (id: MachineId) => boolean;
  readonly isBusy: (id: MachineId) => boolean;
  /** Of this node's machines. */
  readonly runsHere: (id: MachineId) => boolean;
  /** Why the machine does not take this event from this sender. */
  readonly refusal: (from: Address, to: MachineId, eventType: string) => ErrorCode | undefined;
  readonly deliverHere: (parcel: Parcel, machine: MachineId) => void;
  readonly sendAway: (parcel: Parcel) => void;
}

type Ends = Pick<Envelope, 'from' | 'to'>;

const refuse = (parcel: Parcel, code: ErrorCode): Verdict => ({ verdict: 'refuse', parcel, code });

/** Where every envelope passes: one that leaves a machine of ours, and one that a peer sent. */
export class Router {
  readonly #parts: RouterParts;
  #ends: { peer: NodeId; sender: MachineId; receiver: MachineId; ends: Ends } | undefined;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  route(parcel: Parcel): void {
    const { node, machine } = partsOf(parcel.to);
    const { self, runsHere, deliverHere, sendAway } = this.#parts;
    if (node === self && runsHere(machine)) deliverHere(parcel, machine);
    else sendAway(parcel);
  }

  /**
   * Decides before anything is written. Being from that peer and for this node is not checked: a frame cannot say otherwise. An answer
   * goes to a promise: of its machine nothing is asked.
   */
  admit(peer: NodeId, stored: StoredEnvelope, isAnswer = false): Verdict {
    const { id, from, to, sentAt, correlationId, causationId, eventJson } = stored;
    const ends = this.#endsOf(peer, from, to);
    let event: MachineEvent;
    try {
      event = decodeEvent(eventJson);
    } catch (thrown) {
      if (!(thrown instanceof InterMachineError)) throw thrown;
      return refuse({ ...stored, ...ends, eventType: '', eventJson: asRefused(eventJson) }, thrown.code);
    }
    const code = isAnswer ? undefined : this.#refusal(ends.from, to, event.type);
    if (code && isKeptWhole(eventJson)) return refuse({ ...stored, ...ends, eventType: event.type }, code);
    if (code) return refuse({ ...stored, ...ends, eventType: '', eventJson: asRefused(eventJson) }, code);
    const envelope: Envelope = { id, from: ends.from, to: ends.to, event, sentAt };
    if (correlationId === undefined && causationId === undefined) return { verdict: 'accept', envelope };
    const related = { ...(correlationId && { correlationId }), ...(causationId && { causationId }) };
    return { verdict: 'accept', envelope: { ...envelope, ...related } };
  }

  /** Envelopes that follow each other mostly go from one machine to one other. */
  #endsOf(peer: NodeId, sender: MachineId, receiver: MachineId): Ends {
    const last = this.#ends;
    if (last?.peer === peer && last.sender === sender && last.receiver === receiver) return last.ends;
    const ends = { from: addressOf(peer, sender), to: addressOf(this.#parts.self, receiver) };
    this.#ends = { peer, sender, receiver, ends };
    return ends;
  }

  #refusal(from: Address, to: MachineId, eventType: string): ErrorCode | undefined {
    const { knows, isBusy, refusal } = this.#parts;
    if (!knows(to)) return 'MACHINE_UNKNOWN';
    return refusal(from, to, eventType) ?? (isBusy(to) ? 'MACHINE_BUSY' : undefined);
  }
}
