import type { Database } from 'better-sqlite3';
import { DEAD_LETTERS_KEPT, MARKS_KEPT_MS } from './defaults.ts';

/** What the log keeps. Whatever somebody still waits for is kept beyond that. */
export interface RetentionLimits {
  /** Milliseconds that a row stays. */
  readonly keepMs: number;
  /** Bytes of the database beyond which the oldest rows go. */
  readonly keepBytes: number;
}

/** Pages that are looked at and removed in one go: a few milliseconds, so that no commit waits for long. */
const BATCH = 64;
/** A stream that was drained is kept for so long: it may still be the present one. */
const DRAINED_KEPT_MS = 86_400_000;
const FREE_PAGES_TAKEN = 256;

interface Closed {
  readonly place: number;
  readonly stream: number;
  readonly logged_at: number;
  readonly length: number;
}

/** Removes what nobody will ask for again: rows of the log, the oldest first, and the marks of streams long gone. */
export class Retention {
  readonly #db: Database;
  readonly #limits: RetentionLimits;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #removeAll: (pages: readonly Closed[]) => void;

  constructor(db: Database, limits: RetentionLimits) {
    this.#db = db;
    this.#limits = limits;
    this.#statements = prepare(db);
    this.#removeAll = db.transaction((pages: readonly Closed[]) => {
      for (const { place } of pages) this.#statements.removePage.run(place);
      for (const stream of new Set(pages.map((page) => page.stream))) this.#statements.removeVerdicts.run({ stream });
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
    const closed = this.#closed();
    const due = closed.filter((page) => {
      const isDue = excess > 0 || page.logged_at < now - this.#limits.keepMs;
      if (isDue) excess -= page.length;
      return isDue;
    });
    if (due.length > 0) this.#removeAll(due);
    else this.#removeStreams(now);
    this.#db.pragma(`incremental_vacuum(${FREE_PAGES_TAKEN})`);
    return due.length === BATCH;
  }

  /** Without regard to age and size: the disk is full, and what was accepted needs the room. Returns whether there was anything. */
  makeRoom(): boolean {
    const pages = this.#closed();
    if (pages.length > 0) this.#removeAll(pages);
    return pages.length > 0;
  }

  #closed(): readonly Closed[] {
    return this.#statements.closed.all(BATCH);
  }

  #removeStreams(now: number): void {
    this.#statements.removeStreams.run({ drained: now - DRAINED_KEPT_MS, forgotten: now - MARKS_KEPT_MS });
    this.#statements.removeLetters.run(DEAD_LETTERS_KEPT);
  }
}

const prepare = (db: Database) => ({
  // The newest page stays, so that no place is ever that of another row.
  closed: db.prepare<unknown[], Closed>(`
    SELECT place, stream, logged_at, length(text) AS length FROM pages p JOIN streams s ON s.key = p.stream
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
