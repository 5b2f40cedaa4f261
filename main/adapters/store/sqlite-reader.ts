import type { Database } from 'better-sqlite3';
import type { OutcomeStatus } from '../../../shared/envelope.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { addressOf, type MachineId, type NodeId } from '../../../shared/ids.ts';
import type {
  AuditQuery,
  AuditRow,
  Direction,
  LogRow,
  MachineRow,
  MessageQuery,
  NodeRow,
  OutboxRow,
  StoreState,
  StreamPosition,
} from '../../core/ports.ts';
import type { NodeKeys } from './node-keys.ts';
import { rowLimit } from './row-limit.ts';

interface MessageColumns {
  readonly place: number;
  readonly direction: Direction;
  readonly id: string;
  readonly from_node: number;
  readonly from_machine: MachineId;
  readonly to_node: number;
  readonly to_machine: MachineId;
  readonly event_json: string;
  readonly sent_at: number;
  readonly logged_at: number;
  readonly status: OutcomeStatus;
  readonly code: ErrorCode | null;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
}

interface OutboxColumns extends Pick<MessageColumns, 'id' | 'from_machine' | 'to_machine' | 'sent_at' | 'event_json'> {
  readonly peer: number;
  readonly epoch: string;
  readonly sequence: number;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
}

/** Reads what the writer wrote. */
export class SqliteReader {
  readonly #db: Database;
  readonly #keys: NodeKeys;

  constructor(db: Database, keys: NodeKeys) {
    this.#db = db;
    this.#keys = keys;
  }

  state(): StoreState {
    return {
      incarnation: this.#db.prepare<[], number>('SELECT incarnation FROM meta').pluck().get() ?? 0,
      outbox: this.#outbox(),
      marks: this.#db.prepare<[], StreamPosition>('SELECT peer, epoch, sequence FROM marks').all(),
      nodes: this.#nodes(),
      machines: this.#machines(),
      ...this.#trust(),
    };
  }

  messages(query: MessageQuery): readonly LogRow[] {
    const limit = rowLimit(query);
    const node = query.node === undefined ? undefined : this.#keys.find(query.node);
    if (query.node !== undefined && node === undefined) return [];
    const rows = this.#db.prepare<[object], MessageColumns>(selectMessages(query)).all({ ...query, node, limit });
    return rows.map((row) => this.#logRow(row));
  }

  audit({ limit, before = Number.MAX_SAFE_INTEGER }: AuditQuery): readonly AuditRow[] {
    return this.#db
      .prepare<[number, number], AuditRow>('SELECT * FROM audit WHERE place < ? ORDER BY place DESC LIMIT ?')
      .all(before, rowLimit({ ...(limit !== undefined && { limit }) }));
  }

  #trust(): Pick<StoreState, 'trust'> {
    const state = this.#db.prepare<[], string>('SELECT state FROM trust').pluck().get();
    return state === undefined ? {} : { trust: JSON.parse(state) };
  }

  #outbox(): readonly OutboxRow[] {
    const rows = this.#db.prepare<[], OutboxColumns>('SELECT * FROM outbox ORDER BY place').all();
    return rows.map((row) => ({
      peer: this.#keys.nodeOf(row.peer),
      epoch: row.epoch,
      sequence: row.sequence,
      id: row.id,
      envelope: {
        id: row.id,
        from: row.from_machine,
        to: row.to_machine,
        sentAt: row.sent_at,
        ...related(row),
        eventJson: row.event_json,
      },
    }));
  }

  #nodes(): readonly NodeRow[] {
    const rows = this.#db.prepare<[], Omit<NodeRow, 'endpoints'> & { endpoints: string }>(
      'SELECT id, name, incarnation, last_seen_at AS lastSeenAt, endpoints FROM nodes',
    );
    return rows.all().map((row) => ({ ...row, endpoints: JSON.parse(row.endpoints) }));
  }

  #machines(): readonly MachineRow[] {
    const rows = this.#db.prepare<[], Omit<MachineRow, 'metadata'> & { node: NodeId; metadata: string }>(
      'SELECT node, id, type, version, metadata FROM machines',
    );
    return rows.all().map((row) => ({ ...row, metadata: JSON.parse(row.metadata) }));
  }

  #logRow(row: MessageColumns): LogRow {
    return {
      place: row.place,
      id: row.id,
      from: addressOf(this.#keys.nodeOf(row.from_node), row.from_machine),
      to: addressOf(this.#keys.nodeOf(row.to_node), row.to_machine),
      event: JSON.parse(row.event_json),
      sentAt: row.sent_at,
      ...related(row),
      direction: row.direction,
      status: row.status,
      ...(row.code === null ? {} : { code: row.code }),
      loggedAt: row.logged_at,
    };
  }
}

const related = (row: Pick<MessageColumns, 'correlation_id' | 'causation_id'>) => ({
  ...(row.correlation_id === null ? {} : { correlationId: row.correlation_id }),
  ...(row.causation_id === null ? {} : { causationId: row.causation_id }),
});

/**
 * Either end may match. Each end is looked up on its own, newest first and up to the limit, and the two are merged: an
 * OR would make SQLite collect and sort every match.
 */
function selectMessages({ machine, node, eventType, direction, before, after, text }: MessageQuery): string {
  const all = [
    ...(eventType === undefined ? [] : ['event_type = @eventType']),
    ...(direction === undefined ? [] : ['direction = @direction']),
    ...(before === undefined ? [] : ['place < @before']),
    ...(after === undefined ? [] : ['place > @after']),
    // SQLite's lower() knows A to Z alone.
    ...(text === undefined ? [] : ['instr(lower(event_json), lower(@text)) > 0']),
    // With a machine that index leads, and the node only filters.
    ...(machine === undefined || node === undefined ? [] : ['(from_node = @node OR to_node = @node)']),
  ];
  const ends =
    machine !== undefined
      ? ['from_machine = @machine', 'to_machine = @machine']
      : node !== undefined
        ? ['from_node = @node', 'to_node = @node']
        : [];
  const newest = (conditions: readonly string[]) =>
    `SELECT place FROM messages ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY place DESC LIMIT @limit`;
  const places = ends.length > 0 ? ends.map((end) => `SELECT * FROM (${newest([end, ...all])})`) : [newest(all)];
  return `SELECT * FROM messages WHERE place IN (${places.join(' UNION ALL ')}) ORDER BY place DESC LIMIT @limit`;
}
