import type { Database } from 'better-sqlite3';
import { DEAD_LETTERS_KEPT, MARKS_KEPT_MS } from './defaults.ts';
import { type JournalSegment, JournalTable } from './journal-table.ts';

/** What log and journals keep. Whatever somebody still waits for is kept beyond that. */
export interface RetentionLimits {
  /** Milliseconds that a row stays. */
  readonly keepMs: number;
  /** Bytes of the database beyond which the oldest rows go. */
  readonly keepBytes: number;
}

/** Pages that are looked at and removed in one go: a few milliseconds, so that no commit waits for long. */
const BATCH = 64;
/** The same of journals, in parts of up to 200 rows. */
const SEGMENTS_BATCH = 4;
/** A stream that was drained is kept for so long: it may still be the present one. */
const DRAINED_KEPT_MS = 86_400_000;
const FREE_PAGES_TAKEN = 256;

interface ClosedPage {
  readonly place: number;
  readonly stream: number;
  readonly at: number;
  readonly bytes: number;
}

/** What can go, of the log or of a journal. */
type Closed = ClosedPage | JournalSegment;

/** Removes what nobody will ask for again: rows of the log and of journals, the oldest first, and the marks of streams long gone. */
export class Retention {
  readonly #db: Database;
  readonly #limits: RetentionLimits;
  readonly #journal: JournalTable;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #removeAll: (closed: readonly Closed[]) => void;

  constructor(db: Database, limits: RetentionLimits) {
    this.#db = db;
    this.#limits = limits;
    this.#journal = new JournalTable(db);
    this.#statements = prepare(db);
    this.#removeAll = db.transaction((closed: readonly Closed[]) => {
      const streams = new Set<number>();
      for (const each of closed) {
        if ('machine' in each) this.#journal.removeBefore(each.machine, each.end);
        else {
          this.#statements.removePage.run(each.place);
          streams.add(each.stream);
        }
      }
      for (const stream of streams) this.#statements.removeVerdicts.run({ stream });
    }).immediate;
  }

  /** Bytes in use, free pages within the file not counted. */
  get usedBytes(): number {
    const pragma = (name: string) => Number(this.#db.pragma(name, { simple: true }));
    return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
  }

  /** One step of what is due. Returns whether there is more. */
  step(now = Date.now()): boolean {
    let excess = this.usedBytes - this.#limits.keepBytes;
    const { closed, hasMore } = this.#closed();
    const due = closed.filter(({ at, bytes }) => {
      const isDue = excess > 0 || at < now - this.#limits.keepMs;
      if (isDue) excess -= bytes;
      return isDue;
    });
    if (due.length > 0) this.#removeAll(due);
    else this.#removeStreams(now);
    this.#db.pragma(`incremental_vacuum(${FREE_PAGES_TAKEN})`);
    return hasMore && due.length === closed.length;
  }

  /** Without regard to age and size: the disk is full, and what was accepted needs the room. Returns whether there was anything. */
  makeRoom(): boolean {
    const { closed } = this.#closed();
    if (closed.length > 0) this.#removeAll(closed);
    return closed.length > 0;
  }

  /** The oldest of log and journals. */
  #closed(): { readonly closed: readonly Closed[]; readonly hasMore: boolean } {
    const pages = this.#statements.closed.all(BATCH);
    const segments = this.#journal.oldest(SEGMENTS_BATCH);
    const seenUntil = Math.min(endOf(pages, BATCH), endOf(segments, SEGMENTS_BATCH));
    return {
      closed: [...pages, ...segments].filter(({ at }) => at <= seenUntil).sort((one, other) => one.at - other.at),
      hasMore: seenUntil < Number.POSITIVE_INFINITY,
    };
  }

  #removeStreams(now: number): void {
    this.#statements.removeStreams.run({ drained: now - DRAINED_KEPT_MS, forgotten: now - MARKS_KEPT_MS });
    this.#statements.removeLetters.run(DEAD_LETTERS_KEPT);
  }
}

/** What is younger comes behind others that were not looked at. */
const endOf = (found: readonly Closed[], limit: number): number =>
  found.length < limit ? Number.POSITIVE_INFINITY : (found.at(-1)?.at ?? 0);

const prepare = (db: Database) => ({
  // The newest page stays, so that no place is ever that of another row.
  closed: db.prepare<unknown[], ClosedPage>(`
    SELECT place, stream, logged_at AS at, octet_length(text) AS bytes FROM pages p JOIN streams s ON s.key = p.stream
    WHERE place < (SELECT max(place) FROM pages) AND (
      s.is_volatile
      OR s.direction = 'out' AND p.first + p.count - 1 <= s.acknowledged
      OR s.direction <> 'out' AND p.first + p.count - 1 <= s.handled AND NOT EXISTS (
        SELECT 1 FROM verdicts v WHERE v.stream = p.stream AND v.status = 'open'
          AND v.first BETWEEN p.first AND p.first + p.count - 1
      ) AND NOT EXISTS (
        SELECT 1 FROM verdicts v WHERE v.stream = p.stream AND v.status = 'refused' AND v.last > s.refusals_known
          AND v.first < p.first + p.count AND v.last >= p.first
      ))
    ORDER BY place LIMIT ?`),
  removePage: db.prepare('DELETE FROM pages WHERE place = ?'),
  removeVerdicts: db.prepare(`
    DELETE FROM verdicts WHERE stream = @stream AND status <> 'open'
      AND last < coalesce((SELECT min(first) FROM pages WHERE stream = @stream), 9e15)
      AND last <= (SELECT CASE direction WHEN 'out' THEN acknowledged ELSE min(handled, refusals_known) END
        FROM streams WHERE key = @stream)`),
  removeStreams: db.prepare(`
    DELETE FROM streams WHERE NOT EXISTS (SELECT 1 FROM pages WHERE stream = key) AND (
      used_at < @forgotten
      OR used_at < @drained AND (is_volatile OR direction = 'out' AND acknowledged >= last OR direction = 'local'))`),
  removeLetters: db.prepare('DELETE FROM dead_letters WHERE place <= (SELECT max(place) FROM dead_letters) - ?'),
});
