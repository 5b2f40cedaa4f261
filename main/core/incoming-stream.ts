import { WINDOW_ROWS } from './defaults.ts';
import type { StreamPosition } from './ports.ts';
import type { Ack, Refusal } from './wire.ts';

interface Epoch {
  /** Taken up, in memory: says what comes next. */
  received: number;
  /** On disk: may be acknowledged. */
  durable: number;
  /** Told again in the answer to a resume: an acknowledgement may die with its connection. No more than a window. */
  refused: Refusal[];
}

/** What came from one peer, and how much of it is on disk. */
export class IncomingStream {
  readonly #epochs = new Map<string, Epoch>();

  constructor(marks: readonly StreamPosition[]) {
    for (const { epoch, sequence } of marks)
      this.#epochs.set(epoch, { received: sequence, durable: sequence, refused: [] });
  }

  received(epoch: string): number {
    return this.#epochs.get(epoch)?.received ?? 0;
  }

  /** Takes up everything of the epoch up to and with `sequence`. */
  take(epoch: string, sequence: number): void {
    this.#epoch(epoch).received = sequence;
  }

  /** What was taken up, up to and with `sequence`, is on disk. Returns what to acknowledge. */
  commit(epoch: string, sequence: number, refused: readonly Refusal[]): Ack {
    const entry = this.#epoch(epoch);
    entry.durable = Math.max(entry.durable, sequence);
    if (refused.length > 0) entry.refused = [...entry.refused, ...refused].slice(-WINDOW_ROWS);
    return { type: 'ack', epoch, mark: entry.durable, refused };
  }

  /** What the peer asks when it connects: it no longer cares for refusals before its first open envelope. */
  answer(epoch: string, firstOpen: number): Ack {
    const entry = this.#epochs.get(epoch);
    if (!entry) return { type: 'ack', epoch, mark: 0, refused: [] };
    entry.refused = entry.refused.filter(([sequence]) => sequence >= firstOpen);
    return { type: 'ack', epoch, mark: entry.durable, refused: entry.refused };
  }

  /** The disk failed: only what is on it was received. */
  rollBack(): void {
    for (const entry of this.#epochs.values()) entry.received = entry.durable;
  }

  #epoch(epoch: string): Epoch {
    const entry = this.#epochs.get(epoch) ?? { received: 0, durable: 0, refused: [] };
    this.#epochs.set(epoch, entry);
    return entry;
  }
}
