import type { MachineEvent, OutcomeStatus } from '../../../shared/envelope.ts';
import { type Label, linesOf, positionId, readLabel } from '../../../shared/envelope-text.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { addressOf, type NodeId } from '../../../shared/ids.ts';
import type { LogRow, MessageQuery, Stream } from '../../core/ports.ts';

/** A page as it is stored. */
export interface StoredPage extends Stream {
  /** Place of its first row. */
  readonly place: number;
  readonly first: number;
  readonly count: number;
  readonly text: string;
  readonly clockOffset: number;
  readonly loggedAt: number;
  /** The disk did not keep the text. */
  readonly isDamaged?: boolean;
}

export interface RowStatus {
  readonly status: OutcomeStatus;
  readonly code?: ErrorCode;
}

/** What a row has while nothing final is known of it. */
export function interimStatus({ direction }: Stream, sequence: number, acknowledged: number): OutcomeStatus {
  return direction === 'out' && sequence > acknowledged ? 'accepted' : 'delivered';
}

/** Where a stream stands in memory, for those who look it up. */
export const streamKey = ({ direction, peer, epoch }: Stream): string => `${direction} ${peer} ${epoch}`;

/** Label and event of the row at `index`. */
export function textAt(lines: readonly string[], index: number): string {
  return `${lines[2 * index] ?? ''}\n${lines[2 * index + 1] ?? ''}`;
}

/** The rows of a page that fit, in the order of the query. `statusOf` is asked for those alone. */
export function* rowsOf(
  self: NodeId,
  page: StoredPage,
  query: MessageQuery,
  statusOf: (sequence: number) => RowStatus,
): Iterable<LogRow> {
  const { direction, peer, epoch, first, place, count, loggedAt } = page;
  const [from, to] = direction === 'out' ? [self, peer] : [peer, self];
  if (query.node !== undefined && query.node !== from && query.node !== to) return;
  if (query.direction !== undefined && query.direction !== direction) return;
  const lines = page.isDamaged ? damagedLines(count) : linesOf(page.text);
  const begin = Math.max(0, (query.after ?? 0) + 1 - place);
  const end = Math.min(count, (query.before ?? Number.POSITIVE_INFINITY) - place);
  for (let n = begin; n < end; n++) {
    const index = query.oldestFirst ? n : end - 1 - (n - begin);
    const row = fitting(lines[2 * index] ?? '', lines[2 * index + 1] ?? '', query);
    if (!row) continue;
    const { label, event } = row;
    yield {
      place: place + index,
      id: label.id ?? positionId(epoch, first + index),
      from: addressOf(from, label.from),
      to: addressOf(to, label.to),
      event,
      sentAt: label.sentAt,
      ...(label.correlationId !== undefined && { correlationId: label.correlationId }),
      ...(label.causationId !== undefined && { causationId: label.causationId }),
      direction,
      ...statusOf(first + index),
      loggedAt,
    };
  }
}

/** What is told of rows that are lost: that they were there. */
const damagedLines = (count: number): readonly string[] =>
  Array.from({ length: count }, () => ['["?","?",0,0]', '{"type":"","damaged":true}']).flat();

function fitting(
  line: string,
  eventJson: string,
  { machine, eventType, text }: MessageQuery,
): { label: Label; event: MachineEvent } | undefined {
  if (text !== undefined && !lower(eventJson).includes(lower(text))) return undefined;
  const label = readLabel(line);
  if (machine !== undefined && label.from !== machine && label.to !== machine) return undefined;
  const event = JSON.parse(eventJson) as MachineEvent;
  return eventType === undefined || event.type === eventType ? { label, event } : undefined;
}

/** A to Z alone, as everywhere in the log. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
