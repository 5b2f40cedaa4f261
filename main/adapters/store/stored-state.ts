import type { Database } from 'better-sqlite3';
import { linesOf } from '../../../shared/envelope-text.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { MachineId, NodeId } from '../../../shared/ids.ts';
import type {
  ClockRow,
  MachineRow,
  Mark,
  NodeRow,
  OpenRow,
  OutboxRow,
  StoredSnapshot,
  StoreState,
  Stream,
  TrustState,
} from '../../core/ports.ts';
import { digestOf, digestOfRow } from './digest.ts';
import { textAt } from './page-rows.ts';

interface StreamColumns extends Stream {
  readonly key: number;
  readonly last: number;
  readonly acknowledged: number;
  readonly handled: number;
  readonly refusals_known: number;
}

interface PageColumns {
  readonly place: number;
  readonly first: number;
  readonly count: number;
  readonly clock_offset: number;
  readonly digest: number;
  readonly text: string;
}

interface SnapshotColumns {
  readonly machine: MachineId;
  readonly snapshot: string;
  readonly digest: number;
}

interface PageRow {
  readonly place: number;
  readonly sequence: number;
  /** Missing where the disk did not keep it. */
  readonly text: string | undefined;
  readonly clockOffset: number;
}

type Placed<Row> = Row & { readonly place: number };

/** What is left of a row whose page is damaged: its place in the stream, which is still to be told. */
const DAMAGED = '["?","?",0,0]\n{"type":"?"}';

/** What a node needs of its store when it starts. It reads what is open, not the whole log. */
export class StoredState {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #problems: string[] = [];

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  read(): StoreState {
    const { meta, streams, nodes, machines, snapshots, trust } = this.#statements;
    const known = streams.all();
    const { node, incarnation = 0, time, wallTime } = meta.get() ?? {};
    const trusted = trust.pluck().get();
    this.#problems.length = 0;
    return {
      ...(node && { node }),
      incarnation,
      ...(time != null && wallTime != null && { clock: { time, wallTime } }),
      outbox: inOrder(known.flatMap((stream) => this.#outbox(stream))),
      marks: known.flatMap((stream) => this.#mark(stream)),
      open: inOrder(known.flatMap((stream) => this.#open(stream))),
      nodes: nodes.all().map((row) => ({ ...row, endpoints: JSON.parse(row.endpoints) })),
      machines: machines.all().map(machineRow),
      snapshots: snapshots.all().map((row) => this.#snapshot(row)),
      ...(trusted !== undefined && { trust: JSON.parse(trusted) as TrustState }),
      problems: [...this.#problems],
    };
  }

  #snapshot({ machine, snapshot, digest }: SnapshotColumns): StoredSnapshot {
    if (digestOfRow(machine, snapshot) === digest) return { machine, snapshot };
    this.#problems.push(`the state of machine "${machine}" is damaged on the disk: it cannot go on from it`);
    return { machine, snapshot: null };
  }

  #outbox({ direction, peer, epoch, key, acknowledged, last }: StreamColumns): readonly Placed<OutboxRow>[] {
    if (direction !== 'out' || acknowledged >= last) return [];
    const verdicts = this.#verdicts(key, acknowledged);
    return [...this.#rows(key, acknowledged, last, `for node ${peer}`)].map(({ place, sequence, text }) => {
      const gone = text === undefined ? 'ENVELOPE_DAMAGED' : verdicts.get(sequence);
      return { place, peer, epoch, sequence, text: text ?? DAMAGED, ...(gone && { gone }) };
    });
  }

  #mark({ direction, peer, epoch, key, last, refusals_known }: StreamColumns): readonly Mark[] {
    if (direction !== 'in') return [];
    const refused = this.#statements.refused.all(key, refusals_known).flatMap(({ first, last: end, code }) => {
      const from = Math.max(first, refusals_known + 1);
      return Array.from({ length: end - from + 1 }, (_, n): [number, ErrorCode] => [from + n, code]);
    });
    return [{ peer, epoch, sequence: last, refused }];
  }

  #open({ direction, peer, epoch, key, handled, last }: StreamColumns): readonly Placed<OpenRow>[] {
    if (direction === 'out') return [];
    const verdicts = this.#verdicts(key, handled);
    const rows = [...this.#rows(key, handled, last, `of node ${peer}`)].filter(
      ({ sequence }) => !verdicts.has(sequence),
    );
    for (const { first } of this.#statements.open.all(key))
      if (first <= handled) rows.push(...this.#rows(key, first - 1, first, `of node ${peer}`));
    return rows.flatMap(({ place, sequence, text, clockOffset }) =>
      text === undefined ? [] : [{ place, direction, peer, epoch, sequence, text, clockOffset }],
    );
  }

  /** Final verdicts beyond a sequence, by sequence. */
  #verdicts(stream: number, beyond: number): ReadonlyMap<number, ErrorCode> {
    const found = new Map<number, ErrorCode>();
    for (const { first, last, code } of this.#statements.verdicts.all(stream, beyond))
      for (let sequence = Math.max(first, beyond + 1); sequence <= last; sequence++)
        found.set(sequence, code ?? 'INTERNAL');
    return found;
  }

  *#rows(stream: number, beyond: number, upTo: number, whose: string): Iterable<PageRow> {
    const { first = 0 } = this.#statements.pageOf.get(stream, beyond + 1) ?? {};
    for (const page of this.#statements.pages.iterate(stream, first, upTo)) {
      const isSound = digestOf(page.text) === page.digest;
      if (!isSound)
        this.#problems.push(
          `${page.count} envelopes ${whose} are damaged on the disk (rows ${page.place} to ${page.place + page.count - 1} of the log): they cannot be delivered`,
        );
      const lines = linesOf(page.text);
      for (let index = Math.max(0, beyond + 1 - page.first); index < page.count && page.first + index <= upTo; index++)
        yield {
          place: page.place + index,
          sequence: page.first + index,
          text: isSound ? textAt(lines, index) : undefined,
          clockOffset: page.clock_offset,
        };
    }
  }
}

interface StoredMachine extends Omit<MachineRow, 'metadata' | 'expose'> {
  readonly metadata: string;
  readonly expose: 'node' | null;
}

const machineRow = ({ metadata, expose, ...row }: StoredMachine): MachineRow => ({
  ...row,
  metadata: JSON.parse(metadata),
  ...(expose && { expose }),
});

const prepare = (db: Database) => ({
  meta: db.prepare<[], { node: NodeId; incarnation: number } & { [Key in keyof ClockRow]: number | null }>(
    'SELECT node, incarnation, time, wall_time AS wallTime FROM meta',
  ),
  streams: db.prepare<[], StreamColumns>(`
    SELECT key, direction, peer, epoch, last, acknowledged, handled, refusals_known FROM streams
    WHERE NOT is_volatile ORDER BY key`),
  pageOf: db.prepare<unknown[], { first: number }>(
    'SELECT first FROM pages WHERE stream = ? AND first <= ? ORDER BY first DESC LIMIT 1',
  ),
  pages: db.prepare<unknown[], PageColumns>(`
    SELECT place, first, count, clock_offset, digest, text FROM pages
    WHERE stream = ? AND first >= ? AND first <= ? ORDER BY first`),
  verdicts: db.prepare<unknown[], { first: number; last: number; code: ErrorCode | null }>(
    `SELECT first, last, code FROM verdicts WHERE stream = ? AND last > ? AND status <> 'open'`,
  ),
  open: db.prepare<unknown[], { first: number }>(
    `SELECT first FROM verdicts WHERE stream = ? AND status = 'open' ORDER BY first`,
  ),
  refused: db.prepare<unknown[], { first: number; last: number; code: ErrorCode }>(
    `SELECT first, last, code FROM verdicts WHERE stream = ? AND status = 'refused' AND last > ? ORDER BY first`,
  ),
  nodes: db.prepare<[], Omit<NodeRow, 'endpoints'> & { endpoints: string }>(
    'SELECT id, name, incarnation, last_seen_at AS lastSeenAt, endpoints FROM nodes',
  ),
  machines: db.prepare<[], StoredMachine>('SELECT node, id, type, version, metadata, expose FROM machines'),
  trust: db.prepare<[], string>('SELECT state FROM trust'),
  snapshots: db.prepare<[], SnapshotColumns>('SELECT machine, snapshot, digest FROM snapshots'),
});

const inOrder = <Row extends { readonly place: number }>(rows: readonly Row[]): Omit<Row, 'place'>[] =>
  [...rows].sort((a, b) => a.place - b.place).map(({ place: _, ...row }) => row);
