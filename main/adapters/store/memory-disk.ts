import type { MachineId, NodeId } from '../../../shared/ids.ts';
import { AUDIT_ROWS_MAX } from '../../core/defaults.ts';
import type {
  AuditQuery,
  AuditRow,
  ClockRow,
  DeadLetter,
  DeadLetterQuery,
  LogRow,
  MachineRow,
  MessageQuery,
  NewDeadLetter,
  NodeRow,
  Page,
  StoredChange,
  StoreState,
  Stream,
  TrustState,
} from '../../core/ports.ts';
import { MemoryJournal } from './memory-journal.ts';
import { MemoryStream } from './memory-stream.ts';
import { rowsOf, type StoredPage, streamKey } from './page-rows.ts';
import { rowLimit } from './row-limit.ts';

interface LoggedPage {
  readonly page: StoredPage;
  readonly stream: MemoryStream;
}

/** What a MemoryStore has written. It outlives the store, as a disk outlives a process. */
export class MemoryDisk {
  /** The store that is open on it. */
  holder: object | undefined;

  #self = '' as NodeId;
  #incarnation = 0;
  #clock: ClockRow | undefined;
  #rows = 0;
  readonly #streams = new Map<string, MemoryStream>();
  /** Of all streams, in the order in which they were written. */
  readonly #pages: LoggedPage[] = [];
  #letters = 0;
  readonly #deadLetters = new Map<number, DeadLetter>();
  readonly #nodes = new Map<NodeId, NodeRow>();
  readonly #machines = new Map<string, MachineRow>();
  #trust: TrustState | undefined;
  readonly #audit: AuditRow[] = [];
  readonly #snapshots = new Map<MachineId, string>();
  readonly journal = new MemoryJournal();

  state(): StoreState {
    const streams = [...this.#streams.values()];
    return {
      ...(this.#self !== '' && { node: this.#self }),
      incarnation: this.#incarnation,
      ...(this.#clock && { clock: this.#clock }),
      outbox: inOrder(streams.flatMap((stream) => stream.outbox())),
      marks: streams.flatMap((stream) => stream.mark() ?? []),
      open: inOrder(streams.flatMap((stream) => stream.open())),
      nodes: [...this.#nodes.values()],
      machines: [...this.#machines.values()],
      ...(this.#trust && { trust: this.#trust }),
      snapshots: [...this.#snapshots].map(([machine, snapshot]) => ({ machine, snapshot })),
      problems: [],
    };
  }

  messages(query: MessageQuery): readonly LogRow[] {
    const limit = rowLimit(query);
    const { maxLength = Number.POSITIVE_INFINITY } = query;
    const found: LogRow[] = [];
    let length = 0;
    for (const { page, stream } of query.oldestFirst ? this.#pages : this.#pages.toReversed()) {
      if (found.length === limit || length >= maxLength) break;
      const before = found.length;
      for (const row of rowsOf(this.#self, page, query, (sequence) => stream.statusOf(sequence))) {
        if (found.length === limit) break;
        found.push(row);
      }
      if (found.length > before) length += page.text.length;
    }
    return found;
  }

  audit({ limit, before = Number.POSITIVE_INFINITY }: AuditQuery): readonly AuditRow[] {
    const rows = this.#audit.filter(({ place }) => place < before).reverse();
    return rows.slice(0, rowLimit({ ...(limit !== undefined && { limit }) }));
  }

  texts(of: Stream, first: number, last: number): readonly string[] {
    return this.#streams.get(streamKey(of))?.texts(first, last) ?? [];
  }

  deadLetters(query: DeadLetterQuery): readonly DeadLetter[] {
    const { place, before = Number.POSITIVE_INFINITY, node, machine, reason } = query;
    const fitting = [...this.#deadLetters.values()].filter(
      (letter) =>
        (place === undefined || letter.place === place) &&
        letter.place < before &&
        (node === undefined || letter.from.includes(node) || letter.to.includes(node)) &&
        (machine === undefined || letter.from.endsWith(`/${machine}`) || letter.to.endsWith(`/${machine}`)) &&
        (reason === undefined || letter.reason === reason),
    );
    return fitting.reverse().slice(0, rowLimit(query));
  }

  /** All of them, or none: whatever can be wrong is found before the first one is carried out. */
  apply(changes: readonly StoredChange[]): void {
    this.#check(changes);
    for (const change of changes) this.#applyOne(change);
  }

  #check(changes: readonly StoredChange[]): void {
    const lasts = new Map<string, number>();
    for (const change of changes) {
      if (change.type !== 'page' || change.page.direction === 'in') continue;
      const { first, count, epoch } = change.page;
      const key = streamKey(change.page);
      if (first <= (lasts.get(key) ?? this.#streams.get(key)?.last ?? 0))
        throw new Error(`two envelopes have the place ${first} of epoch ${epoch}`);
      lasts.set(key, first + count - 1);
    }
  }

  #applyOne(change: StoredChange): void {
    switch (change.type) {
      case 'incarnation':
        this.#incarnation = change.incarnation;
        this.#self = change.node;
        return;
      case 'clock':
        this.#clock = { time: change.time, wallTime: change.wallTime };
        return;
      case 'page':
        return this.#add(change.page);
      case 'became':
        return this.#streams.get(streamKey(change))?.became(change);
      case 'acknowledged':
        return this.#raise({ direction: 'out', ...change }, 'acknowledged', change.sequence);
      case 'refusalsKnown':
        return this.#raise({ direction: 'in', ...change }, 'refusalsKnown', change.sequence);
      case 'mark': {
        const stream = this.#stream({ direction: 'in', ...change }, false);
        stream.last = Math.max(stream.last, change.sequence);
        return;
      }
      case 'deadLetter':
        return this.#bury(change.letter);
      case 'deadLetterRemove':
        this.#deadLetters.delete(change.place);
        return;
      case 'node':
        this.#nodes.set(change.row.id, change.row);
        return;
      case 'nodeRemove':
        this.#nodes.delete(change.node);
        for (const [key, { node }] of this.#machines) if (node === change.node) this.#machines.delete(key);
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
      case 'snapshot':
        this.#snapshots.set(change.machine, change.snapshot);
        return;
      case 'snapshotRemove':
        this.#snapshots.delete(change.machine);
        return;
      case 'journal': {
        const { type: _, ...row } = change;
        return this.journal.add(row);
      }
      case 'journalRemove':
        return this.journal.remove(change.machine);
    }
  }

  #add(page: Page): void {
    const stream = this.#stream(page, page.volatile ?? false);
    const added = stream.add(page, this.#rows + 1);
    if (!added) return;
    this.#rows += added.count;
    this.#pages.push({ page: added, stream });
  }

  #raise(of: Stream, what: 'acknowledged' | 'refusalsKnown', sequence: number): void {
    const stream = this.#streams.get(streamKey(of));
    if (stream) stream[what] = Math.max(stream[what], sequence);
  }

  #bury({ eventJson, ...letter }: NewDeadLetter): void {
    const place = ++this.#letters;
    this.#deadLetters.set(place, { ...letter, place, event: JSON.parse(eventJson) });
  }

  #stream(of: Stream, isVolatile: boolean): MemoryStream {
    const known = this.#streams.get(streamKey(of));
    if (known) return known;
    const stream = new MemoryStream(of, isVolatile);
    this.#streams.set(streamKey(of), stream);
    return stream;
  }
}

const machineKey = (node: NodeId, id: MachineId): string => `${node} ${id}`;

const inOrder = <Row extends { readonly place: number }>(rows: readonly Row[]): Omit<Row, 'place'>[] =>
  [...rows].sort((a, b) => a.place - b.place).map(({ place: _, ...row }) => row);
