import type {
  Mark,
  NewDeadLetter,
  OpenRow,
  OutboxRow,
  Page,
  StoredChange,
  StoreState,
  Stream,
} from '../../../main/core/ports.ts';
import type { OutcomeStatus } from '../../../shared/envelope.ts';
import { linesOf, readLabel } from '../../../shared/envelope-text.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { MachineId } from '../../../shared/ids.ts';

/** A row of the log. */
export interface Row extends Stream {
  /** Counts rows in the order in which they were written. */
  readonly place: number;
  readonly sequence: number;
  readonly text: string;
  readonly clockOffset: number;
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
  readonly isVolatile: boolean;
  readonly to: MachineId;
  readonly body: Body;
}

/** What is on a simulated disk. A commit makes a new one, so that what a crash leaves is a reference. */
export interface Disk {
  readonly incarnation: number;
  readonly clock: StoreState['clock'];
  readonly places: number;
  readonly rows: readonly Row[];
  /** What retention took; for the checks only. */
  readonly archive: readonly Row[];
  readonly acknowledged: Readonly<Record<string, number>>;
  readonly marks: Readonly<Record<string, number>>;
  readonly refusalsKnown: Readonly<Record<string, number>>;
  readonly dead: readonly NewDeadLetter[];
  readonly machines: readonly MachineId[];
  readonly snapshots: Readonly<Record<string, string>>;
}

export const EMPTY_DISK: Disk = {
  incarnation: 0,
  clock: undefined,
  places: 0,
  rows: [],
  archive: [],
  acknowledged: {},
  marks: {},
  refusalsKnown: {},
  dead: [],
  machines: [],
  snapshots: {},
};

type Draft = { -readonly [Key in keyof Disk]: Disk[Key] };
const streamOf = ({ peer, epoch }: Pick<Stream, 'peer' | 'epoch'>) => `${peer} ${epoch}`;
const isSame = (a: Stream, b: Stream) => a.direction === b.direction && a.peer === b.peer && a.epoch === b.epoch;

export function apply(disk: Disk, changes: readonly StoredChange[]): Disk {
  const draft: Draft = { ...disk };
  for (const change of changes) applyOne(draft, change);
  return draft;
}

function applyOne(disk: Draft, change: StoredChange): void {
  switch (change.type) {
    case 'incarnation':
      disk.incarnation = change.incarnation;
      return;
    case 'clock':
      disk.clock = change;
      return;
    case 'page':
      disk.rows = [...disk.rows, ...rowsIn(change.page, disk.places)];
      disk.places += change.page.count;
      if (change.page.direction === 'in')
        disk.marks = { ...disk.marks, [streamOf(change.page)]: change.page.first + change.page.count - 1 };
      return;
    case 'became':
      if (change.status === 'accepted' || change.status === 'delivered') return;
      disk.rows = disk.rows.map((row) => {
        const isMeant = isSame(row, change) && row.sequence >= change.first && row.sequence <= change.last;
        if (!isMeant || (row.status !== 'accepted' && row.status !== 'delivered')) return row;
        return { ...row, status: change.status, ...(change.code && { code: change.code }) };
      });
      return;
    case 'acknowledged':
      disk.acknowledged = { ...disk.acknowledged, [streamOf(change)]: change.sequence };
      return;
    case 'mark':
      disk.marks = { ...disk.marks, [streamOf(change)]: change.sequence };
      return;
    case 'refusalsKnown':
      disk.refusalsKnown = { ...disk.refusalsKnown, [streamOf(change)]: change.sequence };
      return;
    case 'deadLetter':
      disk.dead = [...disk.dead, change.letter];
      return;
    case 'machine':
      disk.machines = [...new Set([...disk.machines, change.row.id])];
      return;
    case 'machineRemove':
      disk.machines = disk.machines.filter((id) => id !== change.id);
      return;
    case 'snapshot':
      disk.snapshots = { ...disk.snapshots, [change.machine]: change.snapshot };
      return;
    default:
      return;
  }
}

function rowsIn({ direction, peer, epoch, first, count, text, clockOffset, volatile }: Page, places: number): Row[] {
  const lines = linesOf(text);
  return Array.from({ length: count }, (_, n) => {
    const [label = '', eventJson = ''] = lines.slice(2 * n);
    return {
      ...{ place: places + n + 1, direction, peer, epoch, sequence: first + n, clockOffset },
      text: `${label}\n${eventJson}`,
      status: direction === 'out' ? ('accepted' as const) : ('delivered' as const),
      isVolatile: volatile ?? false,
      to: readLabel(label).to,
      body: bodyOf(eventJson),
    };
  });
}

const isWaiting = (disk: Disk, row: Row): boolean =>
  row.direction === 'out' && !row.isVolatile && row.sequence > (disk.acknowledged[streamOf(row)] ?? 0);

/** A refusal that the peer may not have heard of. */
const isUnheard = (disk: Disk, row: Row): boolean =>
  row.direction === 'in' && row.status === 'refused' && row.sequence > (disk.refusalsKnown[streamOf(row)] ?? 0);

export function stateOf(disk: Disk): Pick<StoreState, 'outbox' | 'marks' | 'open'> {
  const outbox = disk.rows.filter((row) => isWaiting(disk, row));
  const marks = Object.entries(disk.marks).map(([key, sequence]): Mark => {
    const [peer, epoch] = key.split(' ') as [Mark['peer'], string];
    const refused = disk.rows.filter((row) => row.peer === peer && row.epoch === epoch && isUnheard(disk, row));
    return { peer, epoch, sequence, refused: refused.map((row) => [row.sequence, row.code ?? 'INTERNAL']) };
  });
  return {
    marks,
    outbox: outbox.map(({ peer, epoch, sequence, text, status, code }): OutboxRow => {
      return { peer, epoch, sequence, text, ...(status === 'expired' && code && { gone: code }) };
    }),
    open: disk.rows.filter(
      (row): row is Row & OpenRow => row.direction !== 'out' && row.status === 'delivered' && !row.isVolatile,
    ),
  };
}

/** Retention takes what nobody will ask for again. */
export function retain(disk: Disk): Disk {
  const isOpen = (row: Row) =>
    isWaiting(disk, row) || isUnheard(disk, row) || (row.direction !== 'out' && row.status === 'delivered');
  return {
    ...disk,
    archive: [...disk.archive, ...disk.rows.filter((row) => !isOpen(row))],
    rows: disk.rows.filter(isOpen),
  };
}

export interface Body {
  readonly type: string;
  /** Names one envelope of a history. */
  readonly n: number;
  /** Steps that it may cause. */
  readonly hops: number;
}

/** What the snapshot of the persisted machine is: its steps. */
export const stepsIn = (snapshot: string | undefined): readonly number[] =>
  snapshot === undefined ? [] : (JSON.parse(snapshot) as number[]);

export const bodyOf = (eventJson: string): Body => JSON.parse(eventJson) as Body;
