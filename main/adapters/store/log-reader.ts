import type { Database } from 'better-sqlite3';
import type { OutcomeStatus } from '../../../shared/envelope.ts';
import { linesOf } from '../../../shared/envelope-text.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { Address, NodeId } from '../../../shared/ids.ts';
import type { DeadLetter, DeadLetterQuery, LogRow, MessageQuery, Stream } from '../../core/ports.ts';
import { digestOf } from './digest.ts';
import { interimStatus, type RowStatus, rowsOf, type StoredPage, textAt } from './page-rows.ts';
import { rowLimit } from './row-limit.ts';
import type { SearchIndex } from './search-index.ts';

interface PageColumns extends StoredPage {
  readonly stream: number;
  readonly acknowledged: number;
  readonly handled: number;
  readonly digest: number;
}

interface VerdictColumns {
  readonly first: number;
  readonly last: number;
  readonly status: OutcomeStatus | 'open';
  readonly code: ErrorCode | null;
}

interface LetterColumns extends Omit<DeadLetter, 'event' | 'correlationId' | 'causationId'> {
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly event_json: string;
}

/** Reads the log and the dead letters. */
export class LogReader {
  readonly #db: Database;
  readonly #self: () => NodeId;
  readonly #verdicts;
  readonly #pageAt;
  readonly #search: SearchIndex | undefined;

  constructor(db: Database, search?: SearchIndex) {
    this.#db = db;
    this.#search = search;
    const self = db.prepare<[], NodeId>('SELECT node FROM meta').pluck();
    this.#self = () => self.get() ?? ('' as NodeId);
    this.#pageAt = db.prepare<unknown[], PageColumns>(`${SELECT_PAGES} WHERE place = ?`);
    this.#verdicts = db.prepare<unknown[], VerdictColumns>(
      'SELECT first, last, status, code FROM verdicts WHERE stream = ? AND first <= ? ORDER BY first DESC',
    );
  }

  messages(query: MessageQuery): readonly LogRow[] {
    return this.#db.transaction(() => this.#messages(query))();
  }

  deadLetters(query: DeadLetterQuery): readonly DeadLetter[] {
    const { place, before, node, machine, reason } = query;
    const conditions = [
      ...(place === undefined ? [] : ['place = @place']),
      ...(before === undefined ? [] : ['place < @before']),
      ...(node === undefined ? [] : ['(instr(from_address, @node) > 0 OR instr(to_address, @node) > 0)']),
      ...(machine === undefined ? [] : [`(${endsWithMachine('from_address')} OR ${endsWithMachine('to_address')})`]),
      ...(reason === undefined ? [] : ['reason = @reason']),
    ];
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
    const rows = this.#db.prepare<[object], LetterColumns>(`
      SELECT place, direction, id, from_address AS "from", to_address AS "to", sent_at AS sentAt, correlation_id,
        causation_id, reason, died_at AS diedAt, event_json
      FROM dead_letters ${where} ORDER BY place DESC LIMIT @limit`);
    return rows.all({ ...query, limit: rowLimit(query) }).map(letterOf);
  }

  texts({ direction, peer, epoch }: Stream, first: number, last: number): readonly string[] {
    const pages = this.#db.prepare<unknown[], PageColumns>(
      `${SELECT_PAGES} WHERE direction = ? AND peer = ? AND epoch = ? AND first <= ? AND first + count > ? ORDER BY first`,
    );
    return pages.all(direction, peer, epoch, last, first).flatMap((page) => {
      if (digestOf(page.text) !== page.digest) return [];
      const lines = linesOf(page.text);
      const rows = Array.from({ length: page.count }, (_, index) => textAt(lines, index));
      return rows.slice(Math.max(0, first - page.first), last - page.first + 1);
    });
  }

  #messages(query: MessageQuery): readonly LogRow[] {
    const limit = rowLimit(query);
    const self = this.#self();
    const { maxLength = Number.POSITIVE_INFINITY } = query;
    const found: LogRow[] = [];
    let length = 0;
    if (limit === 0) return found;
    for (const page of this.#pages(query)) {
      const before = found.length;
      const isDamaged = digestOf(page.text) !== page.digest;
      for (const row of rowsOf(self, { ...page, isDamaged }, query, this.#statusOf(page))) {
        found.push(row);
        if (found.length === limit) return found;
      }
      if (found.length > before) length += page.text.length;
      if (length >= maxLength) break;
    }
    return found;
  }

  /** Those that may have rows that fit. Every condition is looked at again for each row. */
  *#pages(query: MessageQuery): Iterable<PageColumns> {
    const texts = [
      ...(query.text === undefined ? [] : [query.text]),
      ...(query.machine === undefined ? [] : [JSON.stringify(query.machine)]),
      ...(query.eventType === undefined ? [] : [JSON.stringify(query.eventType)]),
    ];
    const search = this.#search;
    const match = search?.matchFor(texts);
    if (!search || match === undefined) return yield* this.#scanned(query, texts, 0);
    const { end } = search;
    const isAscending = query.oldestFirst ?? false;
    if (!isAscending) yield* this.#scanned(query, texts, end);
    // The page that a place is in begins before it: a row more, and the row itself is looked at again.
    const range = {
      from: Math.max(0, (query.after ?? 0) - MAX_PAGE_ROWS),
      to: Math.min(end, query.before ?? end),
      isAscending,
    };
    for (const place of search.places(match, range)) {
      const page = this.#pageAt.get(place);
      if (page) yield page;
    }
    if (isAscending) yield* this.#scanned(query, texts, end);
  }

  /** One by one, those that begin after a place. */
  #scanned(query: MessageQuery, texts: readonly string[], beyond: number): Iterable<PageColumns> {
    const conditions = [
      'place > @beyond',
      ...(query.before === undefined ? [] : ['place < @before']),
      ...(query.after === undefined ? [] : ['place + count > @after + 1']),
      ...(query.direction === undefined ? [] : ['direction = @direction']),
      // SQLite's lower() knows A to Z alone, as the log does.
      ...texts.map((_, n) => `instr(lower(text), lower(@text${n})) > 0`),
    ];
    const order = query.oldestFirst ? 'ASC' : 'DESC';
    const pages = this.#db.prepare<[object], PageColumns>(
      `${SELECT_PAGES} WHERE ${conditions.join(' AND ')} ORDER BY place ${order}`,
    );
    const parameters = Object.fromEntries(texts.map((text, n) => [`text${n}`, text]));
    return pages.iterate({ ...query, ...parameters, beyond });
  }

  /** What became of the rows of a page: looked up once, when it is first asked for. */
  #statusOf(page: PageColumns): (sequence: number) => RowStatus {
    let verdicts: readonly VerdictColumns[] | undefined;
    return (sequence) => {
      verdicts ??= this.#verdictsOn(page);
      const interim = interimStatus(page, sequence, page.acknowledged);
      const verdict = verdicts.find(({ first, last }) => first <= sequence && sequence <= last);
      if (!verdict) return { status: sequence <= page.handled ? 'handled' : interim };
      if (verdict.status === 'open') return { status: interim };
      return { status: verdict.status, ...(verdict.code !== null && { code: verdict.code }) };
    };
  }

  #verdictsOn({ stream, first, count }: PageColumns): readonly VerdictColumns[] {
    const found: VerdictColumns[] = [];
    for (const verdict of this.#verdicts.iterate(stream, first + count - 1)) {
      if (verdict.last < first) break;
      found.push(verdict);
    }
    return found;
  }
}

const endsWithMachine = (address: string): string => `substr(${address}, -length(@machine) - 1) = '/' || @machine`;

const SELECT_PAGES = `
  SELECT place, count, stream, first, clock_offset AS clockOffset, logged_at AS loggedAt, digest, text, direction, peer,
    epoch, acknowledged, handled
  FROM pages JOIN streams ON key = stream`;

/** A page holds no more: its text is about as long as a frame, and the shortest envelope takes 20 characters. */
const MAX_PAGE_ROWS = 10_000;

function letterOf({ correlation_id, causation_id, event_json, ...letter }: LetterColumns): DeadLetter {
  return {
    ...letter,
    from: letter.from as Address,
    to: letter.to as Address,
    event: JSON.parse(event_json),
    ...(correlation_id !== null && { correlationId: correlation_id }),
    ...(causation_id !== null && { causationId: causation_id }),
  };
}
