import { isFinal, type OutcomeStatus } from '../../../shared/envelope.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { type MachineId, type NodeId, parseAddress } from '../../../shared/ids.ts';
import { AUDIT_ROWS_MAX } from '../../core/defaults.ts';
import type {
  AuditQuery,
  AuditRow,
  Change,
  LogRow,
  MachineRow,
  MessageQuery,
  NewLogRow,
  NodeRow,
  OutboxRow,
  StoreState,
  StreamPosition,
  TrustState,
} from '../../core/ports.ts';
import { peerOf } from './log-peer.ts';
import { rowLimit } from './row-limit.ts';

/** A row of the log, and what became of it since. */
interface LoggedRow {
  readonly row: NewLogRow;
  status: OutcomeStatus;
  code: ErrorCode | undefined;
}

interface PlacedRow {
  readonly place: number;
  readonly row: OutboxRow;
}

type StatusChange = Extract<Change, { type: 'status' }>;

/** What a MemoryStore has written. It outlives the store, as a disk outlives a process. */
export class MemoryDisk {
  /** The store that is open on it. */
  holder: object | undefined;

  #incarnation = 0;
  readonly #log: LoggedRow[] = [];
  readonly #logById = new Map<string, LoggedRow[]>();
  readonly #received = new Set<string>();
  readonly #outbox = new Map<string, Map<number, PlacedRow>>();
  #outboxPlace = 0;
  readonly #marks = new Map<string, StreamPosition>();
  readonly #nodes = new Map<NodeId, NodeRow>();
  readonly #machines = new Map<string, MachineRow>();
  #trust: TrustState | undefined;
  readonly #audit: AuditRow[] = [];

  state(): StoreState {
    const outbox = [...this.#outbox.values()].flatMap((stream) => [...stream.values()]);
    return {
      incarnation: this.#incarnation,
      outbox: outbox.sort((a, b) => a.place - b.place).map(({ row }) => row),
      marks: [...this.#marks.values()],
      nodes: [...this.#nodes.values()],
      machines: [...this.#machines.values()],
      ...(this.#trust && { trust: this.#trust }),
    };
  }

  messages(query: MessageQuery): readonly LogRow[] {
    const limit = rowLimit(query);
    const found: LogRow[] = [];
    for (let at = this.#log.length - 1; at >= 0 && found.length < limit; at--) {
      const logged = this.#log[at];
      const place = at + 1;
      if (logged !== undefined && matches(place, logged.row, query)) found.push(logRow(place, logged));
    }
    return found;
  }

  audit({ limit, before = Number.POSITIVE_INFINITY }: AuditQuery): readonly AuditRow[] {
    const rows = this.#audit.filter(({ place }) => place < before).reverse();
    return rows.slice(0, rowLimit({ ...(limit !== undefined && { limit }) }));
  }

  /** All of them, or none: whatever can be wrong is found before the first one is carried out. */
  apply(changes: readonly Change[]): void {
    this.#check(changes);
    for (const change of changes) this.#applyOne(change);
  }

  #check(changes: readonly Change[]): void {
    const added = new Set<string>();
    for (const change of changes) {
      if (change.type === 'log') {
        parseAddress(change.row.from);
        parseAddress(change.row.to);
      }
      if (change.type !== 'outboxAdd') continue;
      const { row } = change;
      const position = `${streamOf(row)} ${row.sequence}`;
      if (added.has(position) || this.#outbox.get(streamOf(row))?.has(row.sequence))
        throw new Error(`two envelopes have the place ${row.sequence} of epoch ${row.epoch} in the outbox`);
      added.add(position);
    }
  }

  #applyOne(change: Change): void {
    switch (change.type) {
      case 'incarnation':
        this.#incarnation = change.incarnation;
        return;
      case 'log':
        return this.#add(change.row);
      case 'status':
        return this.#setStatus(change);
      case 'outboxAdd':
        return this.#outboxAdd(change.row);
      case 'outboxRemove':
        return this.#outboxRemove(change);
      case 'mark':
        return this.#mark(change);
      case 'node':
        this.#nodes.set(change.row.id, change.row);
        return;
      case 'machine':
        this.#machines.set(machineKey(change.row.node, change.row.id), change.row);
        return;
      case 'machineRemove':
        this.#machines.delete(machineKey(change.node, change.id));
        return;
      case 'trust':
        this.#trust = change.state;
        return;
      case 'audit':
        this.#audit.push({ ...change.row, place: (this.#audit.at(-1)?.place ?? 0) + 1 });
        this.#audit.splice(0, this.#audit.length - AUDIT_ROWS_MAX);
        return;
    }
  }

  #add(row: NewLogRow): void {
    const logged: LoggedRow = { row, status: row.status, code: row.code };
    const key = rowKey(row.direction, row.id, peerOf(row));
    const known = this.#logById.get(key);
    if (row.direction === 'in') {
      const place = row.position && `${streamOf(row.position)} ${row.position.sequence}`;
      if (known !== undefined || (place !== undefined && this.#received.has(place))) return;
      if (place !== undefined) this.#received.add(place);
    }
    this.#log.push(logged);
    if (known === undefined) this.#logById.set(key, [logged]);
    else known.push(logged);
  }

  #setStatus({ direction, id, peer, status, code }: StatusChange): void {
    for (const logged of this.#logById.get(rowKey(direction, id, peer)) ?? []) {
      if (isFinal(logged.status) && !isFinal(status)) continue;
      logged.status = status;
      logged.code = code;
    }
  }

  #outboxAdd(row: OutboxRow): void {
    const stream = this.#outbox.get(streamOf(row)) ?? new Map<number, PlacedRow>();
    stream.set(row.sequence, { place: ++this.#outboxPlace, row });
    this.#outbox.set(streamOf(row), stream);
  }

  #outboxRemove(position: StreamPosition): void {
    const stream = this.#outbox.get(streamOf(position));
    if (stream === undefined) return;
    for (const sequence of stream.keys()) if (sequence <= position.sequence) stream.delete(sequence);
    if (stream.size === 0) this.#outbox.delete(streamOf(position));
  }

  #mark({ peer, epoch, sequence }: StreamPosition): void {
    const known = this.#marks.get(streamOf({ peer, epoch }));
    if (known !== undefined && known.sequence >= sequence) return;
    this.#marks.set(streamOf({ peer, epoch }), { peer, epoch, sequence });
  }
}

const streamOf = ({ peer, epoch }: Pick<StreamPosition, 'peer' | 'epoch'>): string => `${peer} ${epoch}`;
const machineKey = (node: NodeId, id: MachineId): string => `${node} ${id}`;
const rowKey = (direction: string, id: string, peer: NodeId): string => `${direction} ${peer} ${id}`;

function matches(
  place: number,
  row: NewLogRow,
  { machine, node, eventType, direction, before, after, text }: MessageQuery,
): boolean {
  const ends = [parseAddress(row.from), parseAddress(row.to)];
  return (
    (machine === undefined || ends.some((end) => end.machine === machine)) &&
    (node === undefined || ends.some((end) => end.node === node)) &&
    (eventType === undefined || row.eventType === eventType) &&
    (direction === undefined || row.direction === direction) &&
    (before === undefined || place < before) &&
    (after === undefined || place > after) &&
    (text === undefined || lower(row.eventJson).includes(lower(text)))
  );
}

/** A to Z alone, as SQLite does. */
const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function logRow(place: number, { row, status, code }: LoggedRow): LogRow {
  return {
    place,
    id: row.id,
    from: row.from,
    to: row.to,
    event: JSON.parse(row.eventJson),
    sentAt: row.sentAt,
    ...(row.correlationId === undefined ? {} : { correlationId: row.correlationId }),
    ...(row.causationId === undefined ? {} : { causationId: row.causationId }),
    direction: row.direction,
    status,
    ...(code === undefined ? {} : { code }),
    loggedAt: row.loggedAt,
  };
}
