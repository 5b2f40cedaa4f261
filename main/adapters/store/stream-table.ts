import type { Database } from 'better-sqlite3';
import { isFinal } from '../../../shared/envelope.ts';
import type { RowsStatus, Stream } from '../../core/ports.ts';
import { streamKey } from './page-rows.ts';

/** A stream, as it is in the database or will be when the transaction ends. */
export interface StreamRow {
  readonly key: number;
  readonly direction: Stream['direction'];
  readonly is_volatile: number;
  last: number;
  acknowledged: number;
  handled: number;
  refusals_known: number;
  /** Rows that are open although later ones are handled. */
  open: number;
  /** Beyond it no row has a verdict of its own. */
  judged: number;
  isChanged: boolean;
}

/**
 * The streams, and what became of their rows, as short as it can be said: mostly rows are handled in order, so that one
 * number says it for all of them.
 */
export class StreamTable {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #known = new Map<string, StreamRow>();
  readonly #changed = new Set<StreamRow>();

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  find(of: Stream): StreamRow | undefined {
    const key = streamKey(of);
    const known = this.#known.get(key);
    if (known) return known;
    const found = this.#statements.find.get(of.direction, of.peer, of.epoch);
    if (!found) return undefined;
    const row = { ...found, isChanged: false };
    this.#known.set(key, row);
    return row;
  }

  /** Made now where it is not known. Only within a transaction. */
  open(of: Stream, isVolatile: boolean): StreamRow {
    const known = this.find(of);
    if (known) return known;
    this.#statements.insert.run(of.direction, of.peer, of.epoch, isVolatile ? 1 : 0, Date.now());
    const made = this.find(of);
    if (!made) throw new Error(`the stream ${streamKey(of)} was not made`);
    return made;
  }

  raise(row: StreamRow, what: 'last' | 'acknowledged' | 'refusals_known', to: number): void {
    if (row[what] >= to) return;
    row[what] = to;
    this.#changed.add(row);
  }

  /** Rows up to there will not come. */
  skip(row: StreamRow, upTo: number): void {
    if (upTo <= row.last) return;
    if (row.handled === row.last) row.handled = upTo;
    else this.#add(row, row.last + 1, upTo, 'expired', undefined);
    this.raise(row, 'last', upTo);
  }

  became(row: StreamRow, { first, last, status, code }: RowsStatus): void {
    if (!isFinal(status)) return;
    const upTo = Math.min(last, row.last);
    if (row.open > 0 && first <= row.handled) this.#close(row, first, Math.min(upTo, row.handled), status, code);
    const from = Math.max(first, row.handled + 1);
    if (from > upTo) return;
    if (status === 'handled') this.#fill(row, row.handled + 1, from - 1, 'open');
    else this.#fill(row, from, upTo, status, code);
    if (status !== 'handled' && from > row.handled + 1) return;
    row.handled = this.#endOfRun(row, upTo);
    this.#changed.add(row);
  }

  /** What changed is written. Only within a transaction. */
  write(): void {
    for (const { key, last, acknowledged, handled, refusals_known } of this.#changed)
      this.#statements.update.run(last, acknowledged, handled, refusals_known, Date.now(), key);
    this.#changed.clear();
  }

  /** A transaction was taken back. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
  }

  /** Of rows that were passed over. */
  #close(row: StreamRow, first: number, last: number, status: string, code: string | undefined): void {
    const { closeHandled, closeOther } = this.#statements;
    const closed =
      status === 'handled'
        ? closeHandled.run(row.key, first, last)
        : closeOther.run(status, code ?? null, row.key, first, last);
    row.open -= closed.changes;
  }

  /** Gives a status to those of the rows beyond `handled` that have none. */
  #fill(row: StreamRow, first: number, last: number, status: string, code?: string): void {
    if (first > last) return;
    let from = first;
    for (const known of this.#statements.between.all(row.key, row.handled, last)) {
      if (known.last < from) continue;
      this.#add(row, from, known.first - 1, status, code);
      from = known.last + 1;
    }
    this.#add(row, from, last, status, code);
  }

  /** `handled` never stands in the middle of a run. */
  #endOfRun(row: StreamRow, sequence: number): number {
    if (row.judged <= sequence) return sequence;
    return this.#statements.around.get(row.key, sequence, sequence)?.last ?? sequence;
  }

  #add(row: StreamRow, first: number, last: number, status: string, code: string | undefined): void {
    if (first > last) return;
    row.judged = Math.max(row.judged, last);
    if (status !== 'open') {
      this.#statements.add.run(row.key, first, last, status, code ?? null);
      return;
    }
    // One by one, as each is closed by itself.
    for (let sequence = first; sequence <= last; sequence++)
      this.#statements.add.run(row.key, sequence, sequence, status, null);
    row.open += last - first + 1;
  }
}

const prepare = (db: Database) => ({
  find: db.prepare<unknown[], Omit<StreamRow, 'isChanged'>>(`
    SELECT key, direction, is_volatile, last, acknowledged, handled, refusals_known,
      (SELECT count(*) FROM verdicts WHERE stream = key AND status = 'open') AS open,
      coalesce((SELECT last FROM verdicts WHERE stream = key ORDER BY first DESC LIMIT 1), 0) AS judged
    FROM streams WHERE direction = ? AND peer = ? AND epoch = ?`),
  insert: db.prepare(`
    INSERT INTO streams (direction, peer, epoch, is_volatile, last, acknowledged, handled, refusals_known, used_at)
    VALUES (?, ?, ?, ?, 0, 0, 0, 0, ?)`),
  update: db.prepare(`
    UPDATE streams SET last = ?, acknowledged = ?, handled = ?, refusals_known = ?, used_at = ? WHERE key = ?`),
  between: db.prepare<unknown[], { first: number; last: number }>(
    'SELECT first, last FROM verdicts WHERE stream = ? AND first > ? AND first <= ? ORDER BY first',
  ),
  around: db.prepare<unknown[], { last: number }>(
    'SELECT last FROM verdicts WHERE stream = ? AND first <= ? AND last > ? ORDER BY first DESC LIMIT 1',
  ),
  add: db.prepare('INSERT INTO verdicts (stream, first, last, status, code) VALUES (?, ?, ?, ?, ?)'),
  closeHandled: db.prepare(`DELETE FROM verdicts WHERE stream = ? AND first BETWEEN ? AND ? AND status = 'open'`),
  closeOther: db.prepare(
    `UPDATE verdicts SET status = ?, code = ? WHERE stream = ? AND first BETWEEN ? AND ? AND status = 'open'`,
  ),
});
