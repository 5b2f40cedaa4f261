import { encodeLabel, lengthOf, type Place, positionId } from '../../shared/envelope-text.ts';
import { decodeEvent } from '../../shared/event.ts';
import { type MachineId, type NodeId, partsOf } from '../../shared/ids.ts';
import { MAX_BATCH_BYTES } from './defaults.ts';
import type { DeliveryTurn } from './delivery-turn.ts';
import type { Arrival } from './inbox.ts';
import { textPagesOf } from './log-pages.ts';
import type { Parcel } from './parcel.ts';

/** Envelopes between machines of this node that must survive its end. */
export class LocalStream {
  readonly #self: NodeId;
  readonly #newEpoch: () => string;
  readonly #turn: DeliveryTurn;
  #epoch: string;
  #sequence = 0;
  #texts: string[] = [];

  constructor(self: NodeId, newEpoch: () => string, turn: DeliveryTurn) {
    this.#self = self;
    this.#newEpoch = newEpoch;
    this.#turn = turn;
    this.#epoch = newEpoch();
  }

  /** Where the next envelope will stand. */
  get next(): Place {
    return { epoch: this.#epoch, sequence: this.#sequence + 1 };
  }

  /** Takes it up; it is logged at the end of the turn. */
  add(parcel: Parcel, machine: MachineId): Arrival {
    const { eventType: _, eventJson, ttlMs = this.#turn.limits.ttlMs, ...rest } = parcel;
    const { epoch, sequence } = this.next;
    const envelope = { ...rest, id: positionId(epoch, sequence) };
    const expiresAt = this.#turn.now() + ttlMs;
    const { correlationId, causationId } = envelope;
    const label = encodeLabel({
      from: partsOf(envelope.from).machine,
      to: machine,
      sentAt: envelope.sentAt,
      expiresAt,
      ...(correlationId !== undefined && { correlationId }),
      ...(causationId !== undefined && { causationId }),
    });
    this.#texts.push(`${label}\n${eventJson}`);
    this.#sequence = sequence;
    return {
      direction: 'local',
      peer: this.#self,
      epoch,
      sequence,
      machine,
      envelope: { ...envelope, event: decodeEvent(eventJson) },
      expiresAt,
      length: lengthOf(eventJson),
      place: 'underWay',
      order: 0,
    };
  }

  log(): void {
    if (this.#texts.length === 0) return;
    const texts = this.#texts;
    this.#texts = [];
    const common = { direction: 'local' as const, peer: this.#self, epoch: this.#epoch, clockOffset: 0 };
    for (const page of textPagesOf(this.#sequence - texts.length + 1, texts, MAX_BATCH_BYTES))
      this.#turn.group.add({ type: 'page', page: { ...common, ...page, loggedAt: this.#turn.wallTime() } });
  }

  /** The disk failed: what it may or may not have keeps its sequence numbers. */
  dropUncommitted(): void {
    this.#epoch = this.#newEpoch();
    this.#sequence = 0;
    this.#texts = [];
  }
}
