import type { Database } from 'better-sqlite3';
import { isFinal } from '../../../shared/envelope.ts';
import { parseAddress } from '../../../shared/ids.ts';
import { AUDIT_ROWS_MAX } from '../../core/defaults.ts';
import type {
  Change,
  MachineRow,
  NewAuditRow,
  NewLogRow,
  NodeRow,
  OutboxRow,
  StreamPosition,
} from '../../core/ports.ts';
import { peerOf } from './log-peer.ts';
import type { NodeKeys } from './node-keys.ts';

type StatusChange = Extract<Change, { type: 'status' }>;

/** Carries out changes, each with a statement that was prepared once. */
export class SqliteWriter {
  readonly #keys: NodeKeys;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #applyAll: (changes: readonly Change[]) => void;

  constructor(db: Database, keys: NodeKeys) {
    this.#keys = keys;
    this.#statements = prepare(db);
    this.#applyAll = db.transaction((changes: readonly Change[]) => {
      for (const change of changes) this.#apply(change);
    }).immediate;
  }

  /** All of them, on disk when it returns, or none. */
  write(changes: readonly Change[]): void {
    try {
      this.#applyAll(changes);
    } catch (thrown) {
      this.#keys.forget();
      throw thrown;
    }
  }

  #apply(change: Change): void {
    switch (change.type) {
      case 'incarnation':
        this.#statements.incarnation.run(change.incarnation);
        return;
      case 'log':
        return this.#log(change.row);
      case 'status':
        return this.#status(change);
      case 'outboxAdd':
        return this.#outboxAdd(change.row);
      case 'outboxRemove':
        return this.#outboxRemove(change);
      case 'mark':
        this.#statements.mark.run(change.peer, change.epoch, change.sequence);
        return;
      case 'node':
        return this.#node(change.row);
      case 'machine':
        return this.#machine(change.row);
      case 'machineRemove':
        this.#statements.machineRemove.run(change.node, change.id);
        return;
      case 'trust':
        this.#statements.trust.run(JSON.stringify(change.state));
        return;
      case 'audit':
        return this.#audit(change.row);
      default:
        throw new Error(`no such change: ${JSON.stringify(change satisfies never)}`);
    }
  }

  #log(row: NewLogRow): void {
    const from = parseAddress(row.from);
    const to = parseAddress(row.to);
    this.#statements.log.run(
      row.direction,
      this.#keys.give(peerOf(row)),
      row.id,
      this.#keys.give(from.node),
      from.machine,
      this.#keys.give(to.node),
      to.machine,
      row.eventType,
      row.eventJson,
      row.sentAt,
      row.loggedAt,
      row.status,
      row.code ?? null,
      row.correlationId ?? null,
      row.causationId ?? null,
      row.position?.epoch ?? null,
      row.position?.sequence ?? null,
    );
  }

  #status({ direction, id, peer, status, code }: StatusChange): void {
    const key = this.#keys.find(peer);
    if (key === undefined) return;
    const { statusIn, statusOut } = this.#statements;
    const values = [status, code ?? null, key, id, isFinal(status) ? 1 : 0] as const;
    if (direction === 'in') statusIn.run(...values);
    else statusOut.run(...values, direction);
  }

  #outboxAdd({ peer, epoch, sequence, id, envelope }: OutboxRow): void {
    this.#statements.outboxAdd.run(
      this.#keys.give(peer),
      epoch,
      sequence,
      id,
      envelope.from,
      envelope.to,
      envelope.sentAt,
      envelope.correlationId ?? null,
      envelope.causationId ?? null,
      envelope.eventJson,
    );
  }

  #outboxRemove({ peer, epoch, sequence }: StreamPosition): void {
    const key = this.#keys.find(peer);
    if (key !== undefined) this.#statements.outboxRemove.run(key, epoch, sequence);
  }

  #node({ id, name, incarnation, lastSeenAt, endpoints }: NodeRow): void {
    this.#statements.node.run(id, name, incarnation, lastSeenAt, JSON.stringify(endpoints));
  }

  #audit({ at, by, action, subject, detail }: NewAuditRow): void {
    const { lastInsertRowid } = this.#statements.audit.run(at, by, action, subject, detail);
    this.#statements.auditTrim.run(Number(lastInsertRowid) - AUDIT_ROWS_MAX);
  }

  #machine({ node, id, type, version, metadata }: MachineRow): void {
    this.#statements.machine.run(node, id, type, version, JSON.stringify(metadata));
  }
}

const prepare = (db: Database) => ({
  incarnation: db.prepare('UPDATE meta SET incarnation = ?'),
  // Only of a row that is there already: anything else that is wrong with it still fails the commit.
  log: db.prepare(`
    INSERT INTO messages (direction, peer, id, from_node, from_machine, to_node, to_machine, event_type, event_json,
      sent_at, logged_at, status, code, correlation_id, causation_id, epoch, sequence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`),
  statusIn: db.prepare(`
    UPDATE messages SET status = ?, code = ? WHERE direction = 'in' AND peer = ? AND id = ? AND ${MAY_BECOME}`),
  statusOut: db.prepare(`
    UPDATE messages SET status = ?, code = ? WHERE direction <> 'in' AND peer = ? AND id = ? AND ${MAY_BECOME}
    AND direction = ?`),
  outboxAdd: db.prepare(`
    INSERT INTO outbox (peer, epoch, sequence, id, from_machine, to_machine, sent_at, correlation_id, causation_id,
      event_json)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  outboxRemove: db.prepare('DELETE FROM outbox WHERE peer = ? AND epoch = ? AND sequence <= ?'),
  mark: db.prepare(`
    INSERT INTO marks (peer, epoch, sequence) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET sequence = max(sequence, excluded.sequence)`),
  node: db.prepare(`
    INSERT INTO nodes (id, name, incarnation, last_seen_at, endpoints) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET name = excluded.name, incarnation = excluded.incarnation,
      last_seen_at = excluded.last_seen_at, endpoints = excluded.endpoints`),
  machine: db.prepare(`
    INSERT INTO machines (node, id, type, version, metadata) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET type = excluded.type, version = excluded.version, metadata = excluded.metadata`),
  trust: db.prepare('INSERT OR REPLACE INTO trust (only_row, state) VALUES (1, ?)'),
  audit: db.prepare('INSERT INTO audit (at, by, action, subject, detail) VALUES (?, ?, ?, ?, ?)'),
  auditTrim: db.prepare('DELETE FROM audit WHERE place <= ?'),
  machineRemove: db.prepare('DELETE FROM machines WHERE node = ? AND id = ?'),
});

/** A final status is the last word; the parameter says whether the new one is final (shared/envelope.ts). */
const MAY_BECOME = `(? OR status IN ('accepted', 'delivered'))`;
