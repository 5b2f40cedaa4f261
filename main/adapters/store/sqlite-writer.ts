import type { Database } from 'better-sqlite3';
import { linesOf } from '../../../shared/envelope-text.ts';
import type { MachineRow, NewDeadLetter, NodeRow, Page, StoredChange, Stream } from '../../core/ports.ts';
import { AuditTable } from './audit-table.ts';
import { digestOf, digestOfRow } from './digest.ts';
import { JournalTable } from './journal-table.ts';
import { StreamTable } from './stream-table.ts';

/** Carries out changes, each with a statement that was prepared once. */
export class SqliteWriter {
  readonly #streams: StreamTable;
  readonly #audit: AuditTable;
  readonly #journal: JournalTable;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #applyAll: (changes: readonly StoredChange[]) => void;
  /** Rows of the log that were ever written. */
  #rows: number | undefined;

  constructor(db: Database) {
    this.#streams = new StreamTable(db);
    this.#audit = new AuditTable(db);
    this.#journal = new JournalTable(db);
    this.#statements = prepare(db);
    this.#applyAll = db.transaction((changes: readonly StoredChange[]) => {
      for (const change of changes) this.#apply(change);
      this.#streams.write();
    }).immediate;
  }

  /** Rows of the log that were ever written. */
  get rows(): number {
    this.#rows ??= this.#statements.rows.get() ?? 0;
    return this.#rows;
  }

  /** All of them, on disk when it returns, or none. */
  write(changes: readonly StoredChange[]): void {
    try {
      this.#applyAll(changes);
    } catch (thrown) {
      this.forget();
      throw thrown;
    }
  }

  /** What is remembered of the database may be no longer so. */
  forget(): void {
    this.#streams.forget();
    this.#rows = undefined;
  }

  #apply(change: StoredChange): void {
    switch (change.type) {
      case 'incarnation':
        this.#statements.incarnation.run(change.incarnation, change.node);
        return;
      case 'clock':
        this.#statements.clock.run(change.time, change.wallTime);
        return;
      case 'page':
        return this.#page(change.page);
      case 'became':
        return this.#with(change, (row) => this.#streams.became(row, change));
      case 'acknowledged':
        return this.#with({ ...change, direction: 'out' }, (row) =>
          this.#streams.raise(row, 'acknowledged', change.sequence),
        );
      case 'refusalsKnown':
        return this.#with({ ...change, direction: 'in' }, (row) =>
          this.#streams.raise(row, 'refusals_known', change.sequence),
        );
      case 'mark':
        return this.#streams.skip(this.#streams.open({ ...change, direction: 'in' }, false), change.sequence);
      case 'deadLetter':
        return this.#deadLetter(change.letter);
      case 'deadLetterRemove':
        this.#statements.deadLetterRemove.run(change.place);
        return;
      case 'node':
        return this.#node(change.row);
      case 'nodeRemove':
        this.#statements.nodeRemove.run(change.node);
        this.#statements.machinesRemove.run(change.node);
        return;
      case 'machine':
        return this.#machine(change.row);
      case 'machineRemove':
        this.#statements.machineRemove.run(change.node, change.id);
        return;
      case 'trust':
        this.#statements.trust.run(JSON.stringify(change.state));
        return;
      case 'audit':
        return this.#audit.add(change.row);
      case 'snapshot':
        this.#statements.snapshot.run(change.machine, change.snapshot, digestOfRow(change.machine, change.snapshot));
        return;
      case 'snapshotRemove':
        this.#statements.snapshotRemove.run(change.machine);
        return;
      case 'journal':
        return this.#journal.add(change);
      case 'journalRemove':
        return this.#journal.remove(change.machine);
      default:
        throw new Error(`no such change: ${JSON.stringify(change satisfies never)}`);
    }
  }

  #with(of: Stream, act: (row: NonNullable<ReturnType<StreamTable['find']>>) => void): void {
    const row = this.#streams.find(of);
    if (row) act(row);
  }

  #page(page: Page): void {
    const { direction, first, count, text, clockOffset, loggedAt, epoch } = page;
    const row = this.#streams.open(page, page.volatile ?? false);
    // A row that comes twice stays as it was; the mark moves all the same.
    const known = Math.max(0, row.last - first + 1);
    if (known > 0 && direction !== 'in') throw new Error(`two envelopes have the place ${first} of epoch ${epoch}`);
    if (known >= count) return;
    const added =
      known === 0
        ? text
        : linesOf(text)
            .slice(2 * known)
            .join('\n');
    const place = this.rows + 1;
    this.#rows = this.rows + count - known;
    if (first > row.last + 1) this.#streams.skip(row, first - 1);
    this.#statements.page.run(
      place,
      count - known,
      row.key,
      first + known,
      clockOffset,
      loggedAt,
      digestOf(added),
      added,
    );
    this.#streams.raise(row, 'last', first + count - 1);
  }

  #deadLetter(letter: NewDeadLetter): void {
    this.#statements.deadLetter.run(
      letter.direction,
      letter.id,
      letter.from,
      letter.to,
      letter.sentAt,
      letter.correlationId ?? null,
      letter.causationId ?? null,
      letter.reason,
      letter.diedAt,
      letter.eventJson,
    );
  }

  #node({ id, name, incarnation, lastSeenAt, endpoints }: NodeRow): void {
    this.#statements.node.run(id, name, incarnation, lastSeenAt, JSON.stringify(endpoints));
  }

  #machine({ node, id, type, version, metadata, expose }: MachineRow): void {
    this.#statements.machine.run(node, id, type, version, JSON.stringify(metadata), expose ?? null);
  }
}

const prepare = (db: Database) => ({
  rows: db.prepare<[], number>('SELECT coalesce(max(place + count), 1) - 1 FROM pages').pluck(),
  incarnation: db.prepare('UPDATE meta SET incarnation = ?, node = ?'),
  clock: db.prepare('UPDATE meta SET time = ?, wall_time = ?'),
  page: db.prepare(`
    INSERT INTO pages (place, count, stream, first, clock_offset, logged_at, digest, text)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
  deadLetter: db.prepare(`
    INSERT INTO dead_letters (direction, id, from_address, to_address, sent_at, correlation_id, causation_id, reason,
      died_at, event_json)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  deadLetterRemove: db.prepare('DELETE FROM dead_letters WHERE place = ?'),
  node: db.prepare(`
    INSERT INTO nodes (id, name, incarnation, last_seen_at, endpoints) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET name = excluded.name, incarnation = excluded.incarnation,
      last_seen_at = excluded.last_seen_at, endpoints = excluded.endpoints`),
  machine: db.prepare(`
    INSERT INTO machines (node, id, type, version, metadata, expose) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET type = excluded.type, version = excluded.version, metadata = excluded.metadata,
      expose = excluded.expose`),
  trust: db.prepare('INSERT OR REPLACE INTO trust (only_row, state) VALUES (1, ?)'),
  nodeRemove: db.prepare('DELETE FROM nodes WHERE id = ?'),
  machinesRemove: db.prepare('DELETE FROM machines WHERE node = ?'),
  machineRemove: db.prepare('DELETE FROM machines WHERE node = ? AND id = ?'),
  snapshotRemove: db.prepare('DELETE FROM snapshots WHERE machine = ?'),
  snapshot: db.prepare(`
    INSERT INTO snapshots (machine, snapshot, digest) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET snapshot = excluded.snapshot, digest = excluded.digest`),
});
