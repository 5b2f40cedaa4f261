import type { Database } from 'better-sqlite3';
import type { MachineId } from '../../../shared/ids.ts';
import { JOURNAL_ROWS_KEPT } from '../../core/defaults.ts';
import type { JournalQuery, JournalRow, JournalSnapshot, NewJournalRow } from '../../core/ports.ts';
import { rowLimit } from './row-limit.ts';

/** Writes what machines did. */
export class JournalTable {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  add({ machine, at, from, envelopeId, isAsk, eventJson, stateJson, snapshot }: NewJournalRow): void {
    const seq = (this.#statements.last.get(machine) ?? 0) + 1;
    this.#statements.add.run(machine, seq, at, from, envelopeId ?? null, isAsk ? 1 : 0, eventJson, stateJson);
    if (!snapshot) return;
    const { definition, chartJson } = snapshot;
    this.#statements.addSnapshot.run(machine, seq, definition, snapshot.snapshot);
    this.#statements.addDefinition.run(machine, definition, chartJson);
    this.#trim(machine, seq);
  }

  remove(machine: MachineId): void {
    const { removeRows, removeSnapshots, removeDefinitions } = this.#statements;
    for (const each of [removeRows, removeSnapshots]) each.run(machine, Number.MAX_SAFE_INTEGER);
    removeDefinitions.run({ machine });
  }

  /** What is left begins with a snapshot. */
  #trim(machine: MachineId, last: number): void {
    const first = this.#statements.firstSnapshot.get(machine, last - JOURNAL_ROWS_KEPT) ?? last;
    const { removeRows, removeSnapshots, removeDefinitions } = this.#statements;
    if (removeRows.run(machine, first).changes === 0) return;
    removeSnapshots.run(machine, first);
    removeDefinitions.run({ machine });
  }
}

const prepare = (db: Database) => ({
  last: db.prepare<[string], number>('SELECT max(seq) FROM journal WHERE machine = ?').pluck(),
  add: db.prepare(`
    INSERT INTO journal (machine, seq, at, source, envelope_id, is_ask, event_json, state_json)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
  addSnapshot: db.prepare('INSERT INTO journal_snapshots (machine, seq, definition, snapshot) VALUES (?, ?, ?, ?)'),
  addDefinition: db.prepare(
    'INSERT INTO journal_definitions (machine, definition, chart_json) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  ),
  firstSnapshot: db
    .prepare<[string, number], number>('SELECT min(seq) FROM journal_snapshots WHERE machine = ? AND seq > ?')
    .pluck(),
  removeRows: db.prepare('DELETE FROM journal WHERE machine = ? AND seq < ?'),
  removeSnapshots: db.prepare('DELETE FROM journal_snapshots WHERE machine = ? AND seq < ?'),
  removeDefinitions: db.prepare(`
    DELETE FROM journal_definitions WHERE machine = @machine
      AND definition NOT IN (SELECT definition FROM journal_snapshots WHERE machine = @machine)`),
});

interface JournalColumns extends Omit<JournalRow, 'envelopeId' | 'isAsk' | 'event' | 'state'> {
  readonly envelope_id: string | null;
  readonly is_ask: number;
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
      SELECT machine, seq, at, source AS "from", envelope_id, is_ask, event_json, state_json FROM journal
      WHERE machine = ? AND seq < ? AND seq > ? ORDER BY seq ${oldestFirst ? 'ASC' : 'DESC'} LIMIT ?`);
    return rows.all(query.machine, before, after, rowLimit(query)).map(rowOf);
  }

  snapshot(machine: MachineId, seq: number): JournalSnapshot | undefined {
    const newest = this.#db.prepare<unknown[], JournalSnapshot>(`
      SELECT seq, definition, snapshot FROM journal_snapshots WHERE machine = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`);
    return newest.get(machine, seq);
  }
}

const rowOf = ({ envelope_id, is_ask, event_json, state_json, ...row }: JournalColumns): JournalRow => ({
  ...row,
  ...(envelope_id !== null && { envelopeId: envelope_id }),
  ...(is_ask === 1 && { isAsk: true }),
  event: JSON.parse(event_json),
  state: JSON.parse(state_json),
});
