import type { Change, LogRow, MessageQuery, NewLogRow, StoreState } from '../../../main/core/ports.ts';

/** What the contract of a store says, in the plainest words: lists, and searching through them. */
export interface StoreModel {
  readonly state: StoreState;
  /** Oldest first. */
  readonly log: readonly NewLogRow[];
}

export const EMPTY: StoreModel = {
  state: { incarnation: 0, outbox: [], marks: [], nodes: [], machines: [] },
  log: [],
};

/** Undefined where the commit as a whole is to fail. */
export function after(model: StoreModel, changes: readonly Change[]): StoreModel | undefined {
  let next: StoreModel | undefined = model;
  for (const change of changes) next = next && step(next, change);
  return next;
}

function step({ state, log }: StoreModel, change: Change): StoreModel | undefined {
  switch (change.type) {
    case 'incarnation':
      return { log, state: { ...state, incarnation: change.incarnation } };
    case 'log':
      return { state, log: isDuplicate(log, change.row) ? log : [...log, change.row] };
    case 'status':
      return { state, log: log.map((row) => (row.direction === change.direction ? withStatus(row, change) : row)) };
    case 'outboxAdd': {
      if (state.outbox.some((row) => sameStream(row, change.row) && row.sequence === change.row.sequence))
        return undefined;
      return { log, state: { ...state, outbox: [...state.outbox, change.row] } };
    }
    case 'outboxRemove': {
      const outbox = state.outbox.filter((row) => !(sameStream(row, change) && row.sequence <= change.sequence));
      return { log, state: { ...state, outbox } };
    }
    case 'mark': {
      const { type: _, ...mark } = change;
      const known = state.marks.find((one) => sameStream(one, change));
      if (known !== undefined && known.sequence >= change.sequence) return { state, log };
      return { log, state: { ...state, marks: [...state.marks.filter((one) => one !== known), mark] } };
    }
    case 'node': {
      const nodes = [...state.nodes.filter(({ id }) => id !== change.row.id), change.row];
      return { log, state: { ...state, nodes } };
    }
    case 'machine': {
      const others = state.machines.filter(({ node, id }) => node !== change.row.node || id !== change.row.id);
      return { log, state: { ...state, machines: [...others, change.row] } };
    }
    case 'trust':
      return { log, state: { ...state, trust: change.state } };
    case 'audit':
      return { log, state };
    case 'machineRemove': {
      const machines = state.machines.filter(({ node, id }) => node !== change.node || id !== change.id);
      return { log, state: { ...state, machines } };
    }
  }
}

export function messagesOf({ log }: StoreModel, query: MessageQuery): readonly LogRow[] {
  const has = (row: NewLogRow, part: string) => [row.from, row.to].some((address) => address.split('/').includes(part));
  const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return log
    .map((row, at) => ({ ...row, place: at + 1 }))
    .filter((row) => query.before === undefined || row.place < query.before)
    .filter((row) => query.after === undefined || row.place > query.after)
    .filter((row) => query.text === undefined || lower(row.eventJson).includes(lower(query.text)))
    .filter((row) => query.machine === undefined || has(row, query.machine))
    .filter((row) => query.node === undefined || has(row, query.node))
    .filter((row) => query.eventType === undefined || row.eventType === query.eventType)
    .filter((row) => query.direction === undefined || row.direction === query.direction)
    .reverse()
    .slice(0, query.limit ?? 100)
    .map(({ eventType: _, eventJson, position: __, ...row }) => ({ ...row, event: JSON.parse(eventJson) }));
}

/** The order of marks, nodes and machines says nothing. */
export const unordered = (state: StoreState): StoreState => ({
  ...state,
  marks: sorted(state.marks),
  nodes: sorted(state.nodes),
  machines: sorted(state.machines),
});

function sorted<Row extends object>(rows: readonly Row[]): readonly Row[] {
  const key = (row: Row) =>
    JSON.stringify(
      Object.entries(row)
        .map((entry) => JSON.stringify(entry))
        .sort(),
    );
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function isDuplicate(log: readonly NewLogRow[], row: NewLogRow): boolean {
  if (row.direction !== 'in') return false;
  return log.some(
    (one) =>
      one.direction === 'in' &&
      ((peerOf(one) === peerOf(row) && one.id === row.id) ||
        (one.position !== undefined &&
          row.position !== undefined &&
          sameStream(one.position, row.position) &&
          one.position.sequence === row.position.sequence)),
  );
}

function withStatus(row: NewLogRow, change: Extract<Change, { type: 'status' }>): NewLogRow {
  const interim = ['accepted', 'delivered'];
  if (row.id !== change.id || peerOf(row) !== change.peer) return row;
  if (!interim.includes(row.status) && interim.includes(change.status)) return row;
  const { code: _, ...rest } = row;
  return { ...rest, status: change.status, ...(change.code === undefined ? {} : { code: change.code }) };
}

const peerOf = (row: NewLogRow) => row.position?.peer ?? (row.direction === 'in' ? row.from : row.to).split('/')[2];

const sameStream = (a: { peer: string; epoch: string }, b: { peer: string; epoch: string }) =>
  a.peer === b.peer && a.epoch === b.epoch;
