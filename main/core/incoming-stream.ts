import type { DeliveryLimits } from './defaults.ts';
import type { Mark } from './ports.ts';
import type { Ack, Refusal } from './wire.ts';

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
}

/** What came from one peer, how much of it is on disk, and how much more may come. */
export class IncomingStream {
  readonly #limits: DeliveryLimits;
  readonly #epochs = new Map<string, Epoch>();
  /** Of the epochs that were answered on the present connection. */
  readonly #credits = new Map<string, Credit>();
  /** With machines that are not done with it. */
  #inHandRows = 0;
  #inHandLength = 0;
  /** The disk takes nothing more for now. */
  isFull = false;

  constructor(marks: readonly Mark[], limits: DeliveryLimits) {
    this.#limits = limits;
    for (const { epoch, sequence, refused } of marks)
      this.#epochs.set(epoch, { received: sequence, durable: sequence, refused: [...refused] });
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

  /** Takes up everything of the epoch up to and with `sequence`. */
  take(epoch: string, sequence: number): void {
    const entry = this.#epoch(epoch);
    entry.received = Math.max(entry.received, sequence);
  }

  /** What was taken up, up to and with `sequence`, is on disk. */
  committed(epoch: string, sequence: number, refused: readonly Refusal[]): void {
    const entry = this.#epoch(epoch);
    entry.durable = Math.max(entry.durable, sequence);
    if (refused.length > 0) entry.refused = [...entry.refused, ...refused];
  }

  /** The peer still has the envelopes from `firstOpen` on, and knows of all refusals before. Returns whether there were any. */
  forgetRefusals(epoch: string, firstOpen: number): boolean {
    const entry = this.#epochs.get(epoch);
    if (!entry || entry.refused.every(([sequence]) => sequence >= firstOpen)) return false;
    entry.refused = entry.refused.filter(([sequence]) => sequence >= firstOpen);
    return true;
  }

  /** The answer to a resume, with all refusals; from here on the epoch may come on this connection. */
  answer(epoch: string): Ack {
    return this.#ack(epoch, this.#epochs.get(epoch)?.refused ?? []);
  }

  /** After a commit. Nothing where the epoch was not answered yet: the answer will tell it, with all that was refused before. */
  acknowledge(epoch: string, refused: readonly Refusal[]): Ack | undefined {
    return this.#credits.has(epoch) ? this.#ack(epoch, refused) : undefined;
  }

  /** Acknowledgements without a commit, of epochs whose credit ran low and can be renewed. */
  renewals(): readonly Ack[] {
    let due: Ack[] | undefined;
    for (const [epoch, { told }] of this.#credits) {
      const left = told - this.received(epoch);
      if (left >= this.#limits.windowRows / 2 || this.#grant(epoch) - told <= left) continue;
      due ??= [];
      due.push(this.#ack(epoch, []));
    }
    return due ?? NONE;
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
  }

  #ack(epoch: string, refused: readonly Refusal[]): Ack {
    const told = this.#grant(epoch);
    this.#credits.set(epoch, { told, ceiling: Math.max(told, this.ceiling(epoch) ?? 0) });
    return { type: 'ack', epoch, mark: this.durable(epoch), refused, credit: told };
  }

  /** Counted from what is on disk, so that no more than a window is ever between the two disks. */
  #grant(epoch: string): number {
    const isFull = this.isFull || this.#inHandLength >= this.#limits.inHandLength;
    const room = isFull ? 0 : Math.min(this.#limits.windowRows, this.#limits.inHandRows - this.#inHandRows);
    return this.durable(epoch) + Math.max(room, 0);
  }

  #epoch(epoch: string): Epoch {
    const entry = this.#epochs.get(epoch) ?? { received: 0, durable: 0, refused: [] };
    this.#epochs.set(epoch, entry);
    return entry;
  }
}

const NONE: readonly Ack[] = [];
