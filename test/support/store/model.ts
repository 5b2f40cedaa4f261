import type {
  DeadLetter,
  DeadLetterQuery,
  LogRow,
  MessageQuery,
  Page,
  RowsStatus,
  StoredChange,
  StoreState,
  Stream,
} from '../../../main/core/ports.ts';
import { positionId, readLabel } from '../../../shared/envelope-text.ts';
import { addressOf, type NodeId } from '../../../shared/ids.ts';

interface Row extends Stream {
  readonly sequence: number;
  readonly text: string;
  readonly clockOffset: number;
  readonly loggedAt: number;
  readonly isVolatile: boolean;
  readonly status: LogRow['status'];
  readonly code: LogRow['code'];
}

/** What the contract of a store says, in the plainest words: lists, and searching through them. */
export interface StoreModel {
  readonly self: NodeId;
  readonly incarnation: number;
  readonly clock: StoreState['clock'];
  /** Oldest first. */
  readonly log: readonly Row[];
  readonly streams: readonly (Stream & {
    last: number;
    acknowledged: number;
    refusalsKnown: number;
    isVolatile: boolean;
  })[];
  readonly letters: readonly (DeadLetter | undefined)[];
  readonly nodes: StoreState['nodes'];
  readonly machines: StoreState['machines'];
  readonly snapshots: StoreState['snapshots'];
  readonly trust?: StoreState['trust'];
}

export const EMPTY: StoreModel = {
  self: '' as NodeId,
  incarnation: 0,
  clock: undefined,
  log: [],
  streams: [],
  letters: [],
  nodes: [],
  machines: [],
  snapshots: [],
};

export const EMPTY_STATE: StoreState = {
  incarnation: 0,
  outbox: [],
  marks: [],
  open: [],
  nodes: [],
  machines: [],
  snapshots: [],
  problems: [],
};

/** Undefined where the commit as a whole is to fail. */
export function after(model: StoreModel, changes: readonly StoredChange[]): StoreModel | undefined {
  let next: StoreModel | undefined = model;
  for (const change of changes) next = next && step(next, change);
  return next;
}

function step(model: StoreModel, change: StoredChange): StoreModel | undefined {
  switch (change.type) {
    case 'incarnation':
      return { ...model, incarnation: change.incarnation, self: change.node };
    case 'clock':
      return { ...model, clock: { time: change.time, wallTime: change.wallTime } };
    case 'page':
      return withPage(model, change.page);
    case 'became':
      return { ...model, log: model.log.map((row) => (isSame(row, change) ? withStatus(row, change) : row)) };
    case 'acknowledged':
      return withStream(model, { direction: 'out', ...change }, { acknowledged: change.sequence });
    case 'refusalsKnown':
      return withStream(model, { direction: 'in', ...change }, { refusalsKnown: change.sequence });
    case 'mark':
      return withStream(
        opened(model, { direction: 'in', ...change }, false),
        { direction: 'in', ...change },
        { last: change.sequence },
      );
    case 'deadLetter': {
      const { eventJson, ...letter } = change.letter;
      const place = model.letters.length + 1;
      return { ...model, letters: [...model.letters, { ...letter, place, event: JSON.parse(eventJson) }] };
    }
    case 'deadLetterRemove':
      return {
        ...model,
        letters: model.letters.map((letter) => (letter?.place === change.place ? undefined : letter)),
      };
    case 'node':
      return { ...model, nodes: [...model.nodes.filter(({ id }) => id !== change.row.id), change.row] };
    case 'machine': {
      const others = model.machines.filter(({ node, id }) => node !== change.row.node || id !== change.row.id);
      return { ...model, machines: [...others, change.row] };
    }
    case 'nodeRemove':
      return {
        ...model,
        nodes: model.nodes.filter(({ id }) => id !== change.node),
        machines: model.machines.filter(({ node }) => node !== change.node),
      };
    case 'trust':
      return { ...model, trust: change.state };
    case 'audit':
    case 'journal':
    case 'journalRemove':
      return model;
    case 'machineRemove':
      return { ...model, machines: model.machines.filter(({ node, id }) => node !== change.node || id !== change.id) };
    case 'snapshotRemove':
      return { ...model, snapshots: model.snapshots.filter(({ machine }) => machine !== change.machine) };
    case 'snapshot': {
      const others = model.snapshots.filter(({ machine }) => machine !== change.machine);
      return { ...model, snapshots: [...others, { machine: change.machine, snapshot: change.snapshot }] };
    }
  }
}

function withPage(before: StoreModel, page: Page): StoreModel | undefined {
  const model = opened(before, page, page.volatile ?? false);
  const stream = model.streams.find((one) => isSame(one, page));
  const { direction, peer, epoch, first, count, text, clockOffset, loggedAt } = page;
  if (!stream || (direction !== 'out' && direction !== 'local' ? false : first <= stream.last)) return undefined;
  const lines = text.split('\n');
  const rows = Array.from(
    { length: count },
    (_, n): Row => ({
      ...{ direction, peer, epoch, sequence: first + n, clockOffset, loggedAt },
      text: `${lines[2 * n]}\n${lines[2 * n + 1]}`,
      isVolatile: stream.isVolatile,
      status: direction === 'out' ? 'accepted' : 'delivered',
      code: undefined,
    }),
  ).filter(({ sequence }) => sequence > stream.last);
  return withStream({ ...model, log: [...model.log, ...rows] }, page, { last: first + count - 1 });
}

function opened(model: StoreModel, { direction, peer, epoch }: Stream, isVolatile: boolean): StoreModel {
  const stream = { direction, peer, epoch, isVolatile, last: 0, acknowledged: 0, refusalsKnown: 0 };
  return model.streams.some((one) => isSame(one, stream)) ? model : { ...model, streams: [...model.streams, stream] };
}

function withStream(
  model: StoreModel,
  of: Stream,
  raised: Partial<Record<'last' | 'acknowledged' | 'refusalsKnown', number>>,
): StoreModel {
  const streams = model.streams.map((stream) => {
    if (!isSame(stream, of)) return stream;
    const raise = (what: keyof typeof raised) => Math.max(stream[what], raised[what] ?? 0);
    return {
      ...stream,
      last: raise('last'),
      acknowledged: raise('acknowledged'),
      refusalsKnown: raise('refusalsKnown'),
    };
  });
  return { ...model, streams };
}

function withStatus(row: Row, { first, last, status, code }: RowsStatus): Row {
  const isMeant = first <= row.sequence && row.sequence <= last;
  if (!isMeant || isInterim(status) || !isInterim(row.status)) return row;
  return { ...row, status, code };
}

const isInterim = (status: LogRow['status']): boolean => status === 'accepted' || status === 'delivered';
const isSame = (a: Stream, b: Stream): boolean =>
  a.direction === b.direction && a.peer === b.peer && a.epoch === b.epoch;

/** The order of marks, nodes, machines and snapshots says nothing. */
export function stateOf(model: StoreModel): StoreState {
  const streamOf = (row: Row) => model.streams.find((stream) => isSame(stream, row));
  const lasting = model.log.filter((row) => !row.isVolatile);
  const { self, incarnation, clock } = model;
  return {
    ...(self && { node: self }),
    incarnation,
    ...(clock && { clock }),
    outbox: lasting
      .filter((row) => row.direction === 'out' && row.sequence > (streamOf(row)?.acknowledged ?? 0))
      .map(({ peer, epoch, sequence, text, code }) => ({ peer, epoch, sequence, text, ...(code && { gone: code }) })),
    marks: sorted(
      model.streams
        .filter(({ direction, isVolatile }) => direction === 'in' && !isVolatile)
        .map(({ peer, epoch, last, refusalsKnown }) => ({
          ...{ peer, epoch, sequence: last },
          refused: lasting
            .filter((row) => row.direction === 'in' && row.peer === peer && row.epoch === epoch)
            .filter((row) => row.status === 'refused' && row.sequence > refusalsKnown)
            .map((row): [number, NonNullable<Row['code']>] => [row.sequence, row.code ?? 'INTERNAL']),
        })),
    ),
    open: lasting
      .filter((row) => row.direction !== 'out' && isInterim(row.status))
      .map(({ direction, peer, epoch, sequence, text, clockOffset }) => ({
        direction,
        peer,
        epoch,
        sequence,
        text,
        clockOffset,
      })),
    nodes: sorted(model.nodes),
    machines: sorted(model.machines),
    snapshots: sorted(model.snapshots),
    ...(model.trust && { trust: model.trust }),
    problems: [],
  };
}

export const unordered = (state: StoreState): StoreState => ({
  ...state,
  marks: sorted(state.marks),
  nodes: sorted(state.nodes),
  machines: sorted(state.machines),
  snapshots: sorted(state.snapshots),
});

export function messagesOf(model: StoreModel, query: MessageQuery): readonly LogRow[] {
  const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return model.log
    .map((row, at) => logRow(model, row, at + 1))
    .filter(({ place }) => query.before === undefined || place < query.before)
    .filter(({ place }) => query.after === undefined || place > query.after)
    .filter(({ eventJson }) => query.text === undefined || lower(eventJson).includes(lower(query.text)))
    .filter(({ from, to }) =>
      [query.machine, query.node].every((part) => !part || [from, to].some((end) => end.split('/').includes(part))),
    )
    .filter(({ event }) => query.eventType === undefined || event.type === query.eventType)
    .filter(({ direction }) => query.direction === undefined || direction === query.direction)
    .reverse()
    .slice(0, query.limit ?? 100)
    .map(({ eventJson: _, ...row }) => row);
}

export function deadLettersOf(
  { letters }: StoreModel,
  { limit = 100, before, node, place }: DeadLetterQuery,
): readonly DeadLetter[] {
  return letters
    .filter((letter): letter is DeadLetter => letter !== undefined)
    .filter((letter) => before === undefined || letter.place < before)
    .filter((letter) => place === undefined || letter.place === place)
    .filter(({ from, to }) => node === undefined || from.includes(node) || to.includes(node))
    .reverse()
    .slice(0, limit);
}

function logRow(model: StoreModel, row: Row, place: number): LogRow & { readonly eventJson: string } {
  const { direction, peer, epoch, sequence, text, loggedAt, status, code } = row;
  const [line = '', eventJson = ''] = text.split('\n');
  const { from, to, id, sentAt, correlationId, causationId } = readLabel(line);
  const [fromNode, toNode] = direction === 'out' ? [model.self, peer] : [peer, model.self];
  const acknowledgedUpTo = model.streams.find((stream) => isSame(stream, row))?.acknowledged ?? 0;
  const isArrived = direction === 'out' && status === 'accepted' && sequence <= acknowledgedUpTo;
  return {
    place,
    id: id ?? positionId(epoch, sequence),
    from: addressOf(fromNode, from),
    to: addressOf(toNode, to),
    event: JSON.parse(eventJson),
    eventJson,
    sentAt,
    ...(correlationId !== undefined && { correlationId }),
    ...(causationId !== undefined && { causationId }),
    direction,
    status: isArrived ? 'delivered' : status,
    ...(code && { code }),
    loggedAt,
  };
}

function sorted<Row extends object>(rows: readonly Row[]): readonly Row[] {
  const key = (row: Row) =>
    JSON.stringify(
      Object.entries(row)
        .map((entry) => JSON.stringify(entry))
        .sort(),
    );
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
