import type { Database } from 'better-sqlite3';
import { InterMachineError } from '../../../shared/errors.ts';
import type { MachineId } from '../../../shared/ids.ts';
import { JOURNAL_BYTES_KEPT, JOURNAL_ROWS_KEPT } from '../../core/defaults.ts';
import type { JournalQuery, JournalRow, JournalSnapshot, NewJournalRow } from '../../core/ports.ts';
import { digestOfRow } from './digest.ts';
import { journalBytes } from './journal-bytes.ts';
import { rowLimit } from './row-limit.ts';

/** From one snapshot of a journal to the next one, without that. */
export interface JournalSegment {
  readonly machine: MachineId;
  /** Row of the next snapshot. */
  readonly end: number;
  /** When that was: wall clock, milliseconds. All rows are older. */
  readonly at: number;
  readonly bytes: number;
}

/** Writes what machines did, and shortens it: what is left of a journal always begins with a snapshot. */
export class JournalTable {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  add(row: NewJournalRow): void {
    const { machine, at, from, envelopeId = null, eventJson, stateJson, snapshot } = row;
    const isAsk = row.isAsk ? 1 : 0;
    const { seq: before, bytes: bytesBefore } = this.#statements.last.get(machine) ?? { seq: 0, bytes: 0 };
    const seq = before + 1;
    const bytes = bytesBefore + journalBytes(row);
    const digest = digestOfRow(machine, seq, at, from, envelopeId, isAsk, eventJson, stateJson);
    this.#statements.add.run(machine, seq, bytes, at, from, envelopeId, isAsk, digest, eventJson, stateJson);
    if (!snapshot) return;
    const { definition, chartJson } = snapshot;
    const ofSnapshot = digestOfRow(machine, seq, definition, snapshot.snapshot);
    this.#statements.addSnapshot.run(machine, seq, at, bytesBefore, ofSnapshot, definition, snapshot.snapshot);
    this.#statements.addDefinition.run(machine, definition, chartJson);
    const first = this.#statements.firstKept.get(machine, seq - JOURNAL_ROWS_KEPT, bytes - JOURNAL_BYTES_KEPT) ?? seq;
    this.removeBefore(machine, first);
  }

  remove(machine: MachineId): void {
    this.removeBefore(machine, Number.MAX_SAFE_INTEGER);
  }

  removeBefore(machine: MachineId, seq: number): void {
    const { removeRows, removeSnapshots, removeDefinitions } = this.#statements;
    if (removeRows.run(machine, seq).changes === 0) return;
    removeSnapshots.run(machine, seq);
    removeDefinitions.run({ machine });
  }

  /** Of all machines, those that ended first. What a journal has from its newest snapshot on is in none of them: that is what replays begin from. */
  oldest(limit: number): readonly JournalSegment[] {
    return this.#statements.oldest.all(limit);
  }
}

const prepare = (db: Database) => ({
  last: db.prepare<[string], { seq: number; bytes: number }>(
    'SELECT seq, bytes FROM journal WHERE machine = ? ORDER BY seq DESC LIMIT 1',
  ),
  add: db.prepare(`
    INSERT INTO journal (machine, seq, bytes, at, source, envelope_id, is_ask, digest, event_json, state_json)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  addSnapshot: db.prepare(`
    INSERT INTO journal_snapshots (machine, seq, at, bytes_before, digest, definition, snapshot)
    VALUES (?, ?, ?, ?, ?, ?, ?)`),
  addDefinition: db.prepare(
    'INSERT INTO journal_definitions (machine, definition, chart_json) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  ),
  firstKept: db
    .prepare<[string, number, number], number>(
      'SELECT seq FROM journal_snapshots WHERE machine = ? AND seq > ? AND bytes_before >= ? ORDER BY seq LIMIT 1',
    )
    .pluck(),
  removeRows: db.prepare('DELETE FROM journal WHERE machine = ? AND seq < ?'),
  removeSnapshots: db.prepare('DELETE FROM journal_snapshots WHERE machine = ? AND seq < ?'),
  removeDefinitions: db.prepare(`
    DELETE FROM journal_definitions WHERE machine = @machine
      AND definition NOT IN (SELECT definition FROM journal_snapshots WHERE machine = @machine)`),
  oldest: db.prepare<[number], JournalSegment>(`
    SELECT n.machine, n.seq AS "end", n.at, n.bytes_before - b.bytes_before AS bytes
    FROM journal_snapshots n JOIN journal_snapshots b ON b.machine = n.machine
      AND b.seq = (SELECT max(seq) FROM journal_snapshots WHERE machine = n.machine AND seq < n.seq)
    ORDER BY n.at LIMIT ?`),
});

interface JournalColumns extends Omit<JournalRow, 'envelopeId' | 'isAsk' | 'event' | 'state'> {
  readonly envelope_id: string | null;
  readonly is_ask: number;
  readonly digest: number;
  readonly event_json: string;
  readonly state_json: string;
}

/** Reads it, on whatever connection. */
export class JournalReader {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  rows({ oldestFirst = false, before = Number.MAX_SAFE_INTEGER, after = 0, ...query }: JournalQuery): JournalRow[] {
    const rows = this.#db.prepare<unknown[], JournalColumns>(`
      SELECT machine, seq, at, source AS "from", envelope_id, is_ask, digest, event_json, state_json FROM journal
      WHERE machine = ? AND seq < ? AND seq > ? ORDER BY seq ${oldestFirst ? 'ASC' : 'DESC'} LIMIT ?`);
    return rows.all(query.machine, before, after, rowLimit(query)).map(rowOf);
  }

  /** Throws JOURNAL_DAMAGED. */
  snapshot(machine: MachineId, seq: number): JournalSnapshot | undefined {
    const newest = this.#db.prepare<unknown[], JournalSnapshot & { readonly digest: number }>(`
      SELECT seq, digest, definition, snapshot FROM journal_snapshots
      WHERE machine = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`);
    const found = newest.get(machine, seq);
    if (!found) return undefined;
    const { digest, ...snapshot } = found;
    // Not an older one in its place: the events between them may be no plain JSON, or a start.
    if (digest === digestOfRow(machine, snapshot.seq, snapshot.definition, snapshot.snapshot)) return snapshot;
    throw new InterMachineError(
      'JOURNAL_DAMAGED',
      `The snapshot at row ${snapshot.seq} of the journal of machine "${machine}" is damaged on the disk: what the machine was is known again from the next one on`,
    );
  }
}

function rowOf({ envelope_id, is_ask, digest, event_json, state_json, ...row }: JournalColumns): JournalRow {
  const { machine, seq, at, from } = row;
  if (digest !== digestOfRow(machine, seq, at, from, envelope_id, is_ask, event_json, state_json))
    return { machine, seq, at, from: '', event: { type: '' }, state: null, damaged: true };
  return {
    ...row,
    ...(envelope_id !== null && { envelopeId: envelope_id }),
    ...(is_ask === 1 && { isAsk: true }),
    event: JSON.parse(event_json),
    state: JSON.parse(state_json),
  };
}
