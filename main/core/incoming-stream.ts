import type { DeliveryLimits } from './defaults.ts';
import type { Mark } from './ports.ts';
import type { Ack, Refusal, Resume } from './wire.ts';

interface Epoch {
  /** Taken up, in memory: says what comes next. */
  received: number;
  /** On disk: may be acknowledged. */
  durable: number;
  /** Told again in the answer to a resume: an acknowledgement may die with its connection. */
  refused: Refusal[];
}

/** Up to where the peer may send of an epoch on the present connection. */
interface Credit {
  /** As it was told last: it may be taken back. */
  told: number;
  /** The highest that was told: what was sent on it may be under way. */
  ceiling: number;
  /** A later epoch has begun: nothing more is expected of this one, and what it was told takes nobody's room. */
  isOver: boolean;
}

/** What came from one peer, how much of it is on disk, and how much more may come. */
export class IncomingStream {
  readonly #limits: DeliveryLimits;
  readonly #epochs = new Map<string, Epoch>();
  /** Refusals that are kept until the peer has them on its disk, of all epochs. */
  #refusals = 0;
  /** Epochs that the peer named on the present connection. */
  readonly #named = new Set<string>();
  /** Of the epochs that were answered on the present connection, in the order in which they come. */
  readonly #credits = new Map<string, Credit>();
  /** The one that came last. */
  #coming = '';
  /** With machines that are not done with it. */
  #inHandRows = 0;
  #inHandLength = 0;
  /** The disk takes nothing more for now. */
  isFull = false;
  /** Of all that may wait for one machine, what this peer may send alone: from 0 up to 1. */
  share = 1;

  constructor(marks: readonly Mark[], limits: DeliveryLimits) {
    this.#limits = limits;
    for (const { epoch, sequence, refused } of marks) {
      this.#epochs.set(epoch, { received: sequence, durable: sequence, refused: [...refused] });
      this.#refusals += refused.length;
    }
  }

  received(epoch: string): number {
    return this.#epochs.get(epoch)?.received ?? 0;
  }

  durable(epoch: string): number {
    return this.#epochs.get(epoch)?.durable ?? 0;
  }

  /** Up to where the peer may have sent; `undefined` for an epoch for which it has no answer yet. */
  ceiling(epoch: string): number | undefined {
    return this.#credits.get(epoch)?.ceiling;
  }

  get refusals(): number {
    return this.#refusals;
  }

  /** Takes up everything of the epoch up to and with `sequence`. */
  take(epoch: string, sequence: number): void {
    const entry = this.#epoch(epoch);
    entry.received = Math.max(entry.received, sequence);
    if (epoch !== this.#coming) this.#begin(epoch);
  }

  /** What was taken up, up to and with `sequence`, is on disk. */
  committed(epoch: string, sequence: number, refused: readonly Refusal[]): void {
    const entry = this.#epoch(epoch);
    entry.durable = Math.max(entry.durable, sequence);
    entry.refused.push(...refused);
    this.#refusals += refused.length;
  }

  /**
   * The peer still has what it names, from the first on, and knows of all refusals before; it knows of all in older epochs that it did not name.
   * Epochs come one after the other, and one that is not known yet is newer than all that are. Returns up to where there were any.
   */
  forgetRefusals(live: Resume['live']): readonly (readonly [epoch: string, upTo: number])[] {
    const firsts = new Map(Object.entries(live));
    for (const epoch of firsts.keys()) this.#named.add(epoch);
    if (this.#refusals === 0) return [];
    const forgotten: (readonly [string, number])[] = [];
    let isOlder = [...firsts.keys()].some((epoch) => !this.#epochs.has(epoch));
    for (const [epoch, entry] of [...this.#epochs].reverse()) {
      isOlder ||= firsts.has(epoch);
      const isDone = isOlder && !this.#named.has(epoch);
      const firstOpen = firsts.get(epoch) ?? (isDone ? Number.POSITIVE_INFINITY : 0);
      const last = entry.refused.findLast(([sequence]) => sequence < firstOpen)?.[0];
      if (last === undefined) continue;
      const kept = entry.refused.filter(([sequence]) => sequence >= firstOpen);
      this.#refusals += kept.length - entry.refused.length;
      entry.refused = kept;
      forgotten.push([epoch, last]);
    }
    return forgotten;
  }

  /** The answer to a resume, with all refusals; from here on the epoch may come on this connection. So many share the room that there is. */
  answer(epoch: string, sharedBy = 1): Ack {
    return this.#ack(epoch, [...(this.#epochs.get(epoch)?.refused ?? [])], sharedBy);
  }

  /** After a commit. Nothing where the epoch was not answered yet: the answer will tell it, with all that was refused before. */
  acknowledge(epoch: string, refused: readonly Refusal[]): Ack | undefined {
    return this.#credits.has(epoch) ? this.#ack(epoch, refused) : undefined;
  }

  /** Acknowledgements without a commit, of epochs whose credit ran low and can be renewed, or is too much by now. */
  renewals(): readonly Ack[] {
    let due: Ack[] | undefined;
    for (const [epoch, { told, isOver }] of this.#credits) {
      const left = told - this.received(epoch);
      const more = this.#grant(epoch) - told;
      const isTooMuch = more < 0 && left > 0 && !isOver && this.#told > Math.max(this.#free, 0);
      const isLow = left < this.#limits.windowRows / 2 && more > left;
      if (!isTooMuch && !isLow) continue;
      due ??= [];
      due.push(this.#ack(epoch, []));
    }
    return due ?? NONE;
  }

  get hasInHand(): boolean {
    return this.#inHandRows > 0;
  }

  inHand(rows: number, length: number): void {
    this.#inHandRows += rows;
    this.#inHandLength += length;
  }

  /** The disk failed: only what is on it was received. */
  rollBack(): void {
    for (const entry of this.#epochs.values()) entry.received = entry.durable;
  }

  disconnected(): void {
    this.#credits.clear();
    this.#named.clear();
    this.#coming = '';
  }

  /** Epochs come one after the other. */
  #begin(epoch: string): void {
    this.#coming = epoch;
    let isBefore = this.#credits.has(epoch);
    for (const [one, credit] of this.#credits) {
      if (one === epoch) isBefore = false;
      credit.isOver = isBefore;
    }
  }

  #ack(epoch: string, refused: readonly Refusal[], sharedBy = 1): Ack {
    const told = this.#grant(epoch, sharedBy);
    const { ceiling, isOver } = this.#credits.get(epoch) ?? { ceiling: 0, isOver: false };
    this.#credits.set(epoch, { told, ceiling: Math.max(told, ceiling), isOver });
    return { type: 'ack', epoch, mark: this.durable(epoch), refused, credit: told };
  }

  /**
   * Counted from what is on disk, so that no more than a window is ever between the two disks. One that did not begin yet may send one envelope where
   * there is room at all: with it the others are over.
   */
  #grant(epoch: string, sharedBy = 1): number {
    const durable = this.durable(epoch);
    const free = this.#free;
    if (free <= 0) return durable;
    const credit = this.#credits.get(epoch);
    if (credit?.isOver) return durable + 1;
    const least = epoch === this.#coming && this.#inHandRows > 0 ? 0 : 1;
    const room = Math.floor((free - this.#told + toldOf(credit, durable)) / sharedBy);
    return durable + Math.max(least, Math.min(this.#limits.windowRows, room));
  }

  /** Envelopes that machines may have in hand beyond those that they have. */
  get #free(): number {
    const { inHandRows, inHandLength, waitingRows, waitingLength } = this.#limits;
    if (this.isFull || this.#inHandLength >= Math.min(inHandLength, this.share * waitingLength)) return 0;
    return Math.max(1, Math.min(inHandRows, Math.floor(this.share * waitingRows))) - this.#inHandRows;
  }

  /** What may still come on the credit that was told. */
  get #told(): number {
    let told = 0;
    for (const [epoch, credit] of this.#credits) told += toldOf(credit, this.durable(epoch));
    return told;
  }

  #epoch(epoch: string): Epoch {
    const entry = this.#epochs.get(epoch) ?? { received: 0, durable: 0, refused: [] };
    this.#epochs.set(epoch, entry);
    return entry;
  }
}

const toldOf = (credit: Credit | undefined, durable: number): number =>
  credit && !credit.isOver ? Math.max(0, credit.told - durable) : 0;

const NONE: readonly Ack[] = [];
