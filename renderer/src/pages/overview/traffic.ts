import type { LogItem, MessageView } from '../../../../shared/api.ts';
import { isFinal, type OutcomeStatus } from '../../../../shared/envelope.ts';
import type { Address } from '../../../../shared/ids.ts';

/** What passed between two machines since the item before. */
export interface Passing {
  readonly from: Address;
  readonly to: Address;
  readonly count: number;
  /** Of the newest. */
  readonly status: OutcomeStatus;
}

/** Seconds that the rate is shown for. */
export const SECONDS = 60;
const MOST_OUTCOMES = 2_000;

/** Sums up the log as it streams by: nothing here grows with the number of messages. */
export class Traffic {
  /** The newest envelope of each machine. */
  readonly #newest = new Map<Address, MessageView>();
  /** The last ones: they may come before the page of the log that has their rows. */
  readonly #outcomes = new Map<string, OutcomeStatus>();
  /** Second → messages in it. */
  readonly #perSecond = new Map<number, number>();
  /** The places that were counted: rows that came live are in the first page of the log, too. */
  readonly #counted = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };

  /** Rows that were logged before the page came, newest first. */
  seed(rows: readonly MessageView[]): void {
    for (const read of rows) {
      const row = this.#settled(read);
      if (row.place < this.#counted.from || row.place > this.#counted.to) this.#count(row.loggedAt, 1);
      const known = this.#newest.get(row.from);
      if (!known || known.place < row.place) this.#newest.set(row.from, row);
    }
    this.#widen(rows);
  }

  read({ rows, outcomes, skipped }: LogItem, now: number): readonly Passing[] {
    const second = Math.floor(now / 1_000);
    const { from: low, to: high } = this.#counted;
    this.#count(now, rows.filter(({ place }) => place < low || place > high).length + skipped);
    this.#widen(rows);
    for (const old of this.#perSecond.keys()) if (old < second - SECONDS) this.#perSecond.delete(old);
    for (const { direction, id, status } of outcomes) this.#outcomes.set(`${direction} ${id}`, status);
    const passings = new Map<string, Passing>();
    for (const row of rows) {
      const settled = this.#settled(row);
      this.#newest.set(row.from, settled);
      const pair = `${row.from} ${row.to}`;
      const { from, to } = row;
      passings.set(pair, { from, to, count: (passings.get(pair)?.count ?? 0) + 1, status: settled.status });
    }
    for (const [from, row] of this.#newest) this.#newest.set(from, this.#settled(row));
    for (const key of this.#outcomes.keys()) {
      if (this.#outcomes.size <= MOST_OUTCOMES) break;
      this.#outcomes.delete(key);
    }
    return [...passings.values()];
  }

  #settled(row: MessageView): MessageView {
    const status = isFinal(row.status) ? undefined : this.#outcomes.get(`${row.direction} ${row.id}`);
    return status && status !== row.status ? { ...row, status } : row;
  }

  #count(at: number, messages: number): void {
    const second = Math.floor(at / 1_000);
    this.#perSecond.set(second, (this.#perSecond.get(second) ?? 0) + messages);
  }

  #widen(rows: readonly MessageView[]): void {
    for (const { place } of rows) {
      this.#counted.from = Math.min(this.#counted.from, place);
      this.#counted.to = Math.max(this.#counted.to, place);
    }
  }

  /** Messages in each of the last seconds, oldest first; the present one, which is not over, is left out. */
  rates(now: number): readonly number[] {
    const second = Math.floor(now / 1_000);
    return Array.from({ length: SECONDS }, (_, at) => this.#perSecond.get(second - SECONDS + at) ?? 0);
  }

  newestFrom(machine: Address): MessageView | undefined {
    return this.#newest.get(machine);
  }
}
