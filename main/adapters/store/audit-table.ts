import type { Database } from 'better-sqlite3';
import { AUDIT_ROWS_MAX } from '../../core/defaults.ts';
import type { AuditQuery, AuditRow, NewAuditRow } from '../../core/ports.ts';
import { rowLimit } from './row-limit.ts';

/** What people did: the newest rows, as many as are kept. */
export class AuditTable {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  add({ at, by, action, subject, detail }: NewAuditRow): void {
    const { lastInsertRowid } = this.#statements.add.run(at, by, action, subject, detail);
    this.#statements.trim.run(Number(lastInsertRowid) - AUDIT_ROWS_MAX);
  }

  /** Newest first. */
  rows({ limit, before = Number.MAX_SAFE_INTEGER }: AuditQuery): readonly AuditRow[] {
    return this.#statements.rows.all(before, rowLimit({ ...(limit !== undefined && { limit }) }));
  }
}

const prepare = (db: Database) => ({
  add: db.prepare('INSERT INTO audit (at, by, action, subject, detail) VALUES (?, ?, ?, ?, ?)'),
  trim: db.prepare('DELETE FROM audit WHERE place <= ?'),
  rows: db.prepare<[number, number], AuditRow>('SELECT * FROM audit WHERE place < ? ORDER BY place DESC LIMIT ?'),
});
