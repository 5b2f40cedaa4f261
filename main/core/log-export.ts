import type { LogRow, MessageQuery } from './ports.ts';

/** One JSON object for each row, or rows and columns for a spreadsheet (RFC 4180). */
export type ExportFormat = 'jsonl' | 'csv';

export interface ExportProgress {
  readonly rows: number;
  /** From 0 to 1. */
  readonly done: number;
}

/** A part of the export, and how far it is. */
export interface ExportPart extends ExportProgress {
  readonly text: string;
}

/** Which rows; all conditions hold at once. */
export interface ExportQuery extends Pick<MessageQuery, 'machine' | 'node' | 'eventType' | 'direction' | 'text'> {
  /** Of our wall clock, milliseconds: when they were logged. */
  readonly since?: number;
  readonly until?: number;
}

/** What is read in one go: a few milliseconds of this thread, and no more memory however long the log is and however large its events are. */
const PART = { oldestFirst: true, limit: 1_000, maxLength: 1024 * 1024 } as const;

/**
 * The log as text, oldest row first, a part at a time: what is logged after the export began is not in it. `query`
 * says which rows.
 */
export async function* exportLog(
  messages: (query: MessageQuery) => Promise<readonly LogRow[]>,
  format: ExportFormat,
  { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, ...query }: ExportQuery = {},
): AsyncIterable<ExportPart> {
  const [newest] = await messages({ limit: 1 });
  const [oldest] = await messages({ limit: 1, oldestFirst: true });
  const last = newest?.place ?? 0;
  const first = oldest?.place ?? 0;
  let rows = 0;
  if (format === 'csv') yield { text: csvLine(COLUMNS.map(([name]) => name)), rows, done: 0 };
  for (let after = first - 1; after < last; ) {
    const part = await messages({ ...query, ...PART, after, before: last + 1 });
    // Fewer than were asked for may be because they are large: the end is where there are none.
    after = part.at(-1)?.place ?? last;
    const wanted = part.filter(({ loggedAt }) => loggedAt >= since && loggedAt < until);
    rows += wanted.length;
    const text = wanted.map(format === 'csv' ? csvRow : jsonRow).join('');
    yield { text, rows, done: last === first ? 1 : (after - first) / (last - first) };
  }
}

const jsonRow = (row: LogRow): string => `${JSON.stringify(row)}\n`;
const csvRow = (row: LogRow): string => csvLine(COLUMNS.map(([, cell]) => cell(row)));
const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;

/** Texts come from peers: a spreadsheet must not take one for a formula. */
const csvCell = (text: string): string => {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

const timeText = (milliseconds: number): string => {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString();
};

const COLUMNS: readonly (readonly [name: string, cell: (row: LogRow) => string])[] = [
  ['place', ({ place }) => String(place)],
  ['logged at', ({ loggedAt }) => timeText(loggedAt)],
  ['direction', ({ direction }) => direction],
  ['from', ({ from }) => from],
  ['to', ({ to }) => to],
  ['type', ({ event }) => event.type],
  ['status', ({ status }) => status],
  ['code', ({ code = '' }) => code],
  ['event', ({ event }) => JSON.stringify(event)],
  ['id', ({ id }) => id],
  ['sent at', ({ sentAt }) => timeText(sentAt)],
  ['answers', ({ correlationId = '' }) => correlationId],
  ['caused by', ({ causationId = '' }) => causationId],
];
