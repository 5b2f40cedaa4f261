import type {
  NewDeadLetter,
  OutboxRow,
  Page,
  RowsStatus,
  StoredChange,
  Stream,
  StreamPosition,
} from '../../../main/core/ports.ts';
import { encodeLabel, positionId } from '../../../shared/envelope-text.ts';
import { addressOf, type MachineId, machineId, nodeId } from '../../../shared/ids.ts';

/** We, and two others. */
export const SELF = nodeId('s'.repeat(52));
export const KITCHEN = nodeId('k'.repeat(52));
export const CELLAR = nodeId('c'.repeat(52));

export const PING = machineId('ping');
export const PONG = machineId('pong');

export const EPOCH = '0123456789abcdef';
export const LATER_EPOCH = 'fedcba9876543210';

export const IN: Stream = { direction: 'in', peer: KITCHEN, epoch: EPOCH };
export const OUT: Stream = { direction: 'out', peer: KITCHEN, epoch: EPOCH };
export const LOCAL: Stream = { direction: 'local', peer: SELF, epoch: EPOCH };

export const incarnation = (of: number): StoredChange => ({ type: 'incarnation', incarnation: of, node: SELF });

export const position = (sequence: number, { peer, epoch }: Pick<Stream, 'peer' | 'epoch'> = IN): StreamPosition => ({
  peer,
  epoch,
  sequence,
});

export interface Row {
  readonly from?: string;
  readonly to?: string;
  readonly event?: object;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly id?: string;
}

/** Two lines. From ping to pong where it comes, from pong to ping where it goes. */
export function textOf(direction: Stream['direction'], sequence: number, row: Row = {}): string {
  const [from, to] = direction === 'in' ? [PING, PONG] : [PONG, PING];
  const { event = { type: 'PING', sequence }, ...label } = row;
  return `${encodeLabel({
    sentAt: 1_700_000_000_000 + sequence,
    expiresAt: 5_000,
    ...label,
    from: (row.from ?? from) as MachineId,
    to: (row.to ?? to) as MachineId,
  })}\n${JSON.stringify(event)}`;
}

/** Rows of one stream, from `first` on. */
export function pageOf(stream: Stream, first: number, rows: readonly Row[] = [{}], more: Partial<Page> = {}): Page {
  return {
    ...stream,
    first,
    count: rows.length,
    text: rows.map((row, index) => textOf(stream.direction, first + index, row)).join('\n'),
    clockOffset: 0,
    loggedAt: 1_700_000_000_001,
    ...more,
  };
}

export const page = (...args: Parameters<typeof pageOf>): StoredChange => ({ type: 'page', page: pageOf(...args) });

/** Rows of a stream from `first` to `last`. */
export const rows = (stream: Stream, first: number, last = first): StoredChange =>
  page(
    stream,
    first,
    Array.from({ length: last - first + 1 }, () => ({})),
  );

export const became = (
  stream: Stream,
  sequences: number | readonly [first: number, last: number],
  status: RowsStatus['status'],
  code?: RowsStatus['code'],
): StoredChange => {
  const [first, last] = typeof sequences === 'number' ? [sequences, sequences] : sequences;
  return { type: 'became', ...stream, first, last, status, ...(code && { code }) };
};

export const acknowledged = (sequence: number, stream = OUT): StoredChange => ({
  type: 'acknowledged',
  ...position(sequence, stream),
});

export const mark = (sequence: number, stream = IN): StoredChange => ({ type: 'mark', ...position(sequence, stream) });

export const refusalsKnown = (sequence: number, stream = IN): StoredChange => ({
  type: 'refusalsKnown',
  ...position(sequence, stream),
});

export const waiting = (sequence: number, stream = OUT, row: Row = {}): OutboxRow => ({
  ...position(sequence, stream),
  text: textOf('out', sequence, row),
});

export const open = (sequence: number, stream = IN) => ({
  ...stream,
  sequence,
  text: textOf(stream.direction, sequence),
  clockOffset: 0,
});

export const letter = (sequence: number, more: Partial<NewDeadLetter> = {}): NewDeadLetter => ({
  id: positionId(EPOCH, sequence),
  direction: 'out',
  from: addressOf(SELF, PONG),
  to: addressOf(KITCHEN, PING),
  sentAt: 5,
  eventJson: JSON.stringify({ type: 'PING', sequence }),
  reason: 'ENVELOPE_EXPIRED',
  diedAt: 9,
  ...more,
});

export const idOf = (sequence: number, stream = IN): string => positionId(stream.epoch, sequence);
