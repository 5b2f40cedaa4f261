import type { LogItem, LogOutcome, MessageView } from '../../../../shared/api.ts';
import { isFinal } from '../../../../shared/envelope.ts';

// The list is a value: live rows, older pages and outcomes are joined into it, whatever order they arrive in.

export interface MessageList {
  /** Newest first, each place once. */
  readonly rows: readonly MessageView[];
  /** Newer than those, kept back while the reader looks at something else. */
  readonly held: readonly MessageView[];
  /** Rows that were too many to be sent. They are in the log. */
  readonly skipped: number;
  /** There is nothing older than the last row. */
  readonly complete: boolean;
  /** The last ones by row: a page of the log may be older than an outcome that overtook it. */
  readonly outcomes: ReadonlyMap<string, LogOutcome>;
}

export const EMPTY: MessageList = { rows: [], held: [], skipped: 0, complete: false, outcomes: new Map() };
/** Rows that the page keeps. Older ones are a page of the log away. */
const MOST_ROWS = 20_000;
/** Far more than there are while a page is on its way. */
const MOST_OUTCOMES = 2_000;

/** Live rows; those that nobody wants are left out. */
export function withLive(
  list: MessageList,
  item: LogItem,
  wanted: (row: MessageView) => boolean,
  hold: boolean,
): MessageList {
  const news = new Map(item.outcomes.map((outcome) => [keyOf(outcome), outcome]));
  const fresh = settled(item.rows.filter(wanted), news);
  const rows = settled(list.rows, news);
  const held = settled(list.held, news);
  const skipped = list.skipped + item.skipped;
  const outcomes = remembered(list.outcomes, news);
  if (hold) return { ...list, rows, held: joined(fresh, held).slice(0, MOST_ROWS), skipped, outcomes };
  return { ...list, ...shortened(joined(fresh, rows), list.complete), held, skipped, outcomes };
}

/** Shows what was kept back. */
export const released = (list: MessageList): MessageList =>
  list.held.length === 0 ? list : { ...list, ...shortened(joined(list.held, list.rows), list.complete), held: [] };

/**
 * The newest page of the log, after opening or when the link is back. Rows that were there stay if the page reaches down to them;
 * with a gap between, or when the log began anew, they go.
 */
export function withNewest(list: MessageList, read: readonly MessageView[], limit: number): MessageList {
  const page = settled(read, list.outcomes);
  const known = joined(list.held, list.rows);
  const oldest = page.at(-1);
  const places = new Map(known.map(({ place, id }) => [place, id]));
  const isOtherLog = page.some(({ place, id }) => places.has(place) && places.get(place) !== id);
  const touches = page.length < limit || (oldest !== undefined && places.has(oldest.place));
  if (isOtherLog) return { ...EMPTY, rows: page, complete: page.length < limit };
  const newer = known.filter(({ place }) => touches || (oldest !== undefined && place > oldest.place));
  return {
    rows: joined(page, newer),
    held: [],
    skipped: 0,
    outcomes: list.outcomes,
    complete: page.length < limit || (touches && list.complete),
  };
}

/** The next page, of rows older than the last one. */
export const withOlder = (list: MessageList, page: readonly MessageView[], limit: number): MessageList => ({
  ...list,
  rows: joined(list.rows, settled(page, list.outcomes)),
  complete: page.length < limit,
});

export const keyOf = ({ direction, id }: Pick<MessageView, 'direction' | 'id'>): string => `${direction} ${id}`;

/** Newest first; where both know a place, `newer` knows it better. */
function joined(newer: readonly MessageView[], older: readonly MessageView[]): readonly MessageView[] {
  if (newer.length === 0) return older;
  const places = new Map<number, MessageView>();
  for (const row of older) places.set(row.place, row);
  for (const row of newer) places.set(row.place, later(places.get(row.place), row));
  return [...places.values()].sort((a, b) => b.place - a.place);
}

/** A page that was read before its outcome arrived must not take the outcome back. */
function later(known: MessageView | undefined, row: MessageView): MessageView {
  return known && known.id === row.id && isFinal(known.status) ? known : row;
}

function remembered(
  known: ReadonlyMap<string, LogOutcome>,
  news: ReadonlyMap<string, LogOutcome>,
): ReadonlyMap<string, LogOutcome> {
  if (news.size === 0) return known;
  const all = [...known, ...news];
  return new Map(all.length > 2 * MOST_OUTCOMES ? all.slice(-MOST_OUTCOMES) : all);
}

function settled(rows: readonly MessageView[], outcomes: ReadonlyMap<string, LogOutcome>): readonly MessageView[] {
  if (outcomes.size === 0) return rows;
  let changed = false;
  const next = rows.map((row) => {
    const outcome = outcomes.get(keyOf(row));
    if (!outcome || isFinal(row.status)) return row;
    changed = true;
    return { ...row, status: outcome.status, ...(outcome.code && { code: outcome.code }) };
  });
  return changed ? next : rows;
}

/** Forgets the oldest beyond the limit: they can be read again. */
const shortened = (rows: readonly MessageView[], complete: boolean) =>
  rows.length > MOST_ROWS ? { rows: rows.slice(0, MOST_ROWS), complete: false } : { rows, complete };
