import type { Database } from 'better-sqlite3';

/** A change of what is indexed, or how, makes a new index of the old rows. */
const VERSION = 1;
/** Trigrams of one text that are looked up: enough to leave few pages to read. */
const MAX_TRIGRAMS = 24;
/** Characters that are indexed in one go, so that no query waits for long. */
const STEP_LENGTH = 256 * 1024;

interface Unindexed {
  readonly place: number;
  readonly count: number;
  readonly text: string;
}

/**
 * Says which pages of the log may hold a text. It is kept behind the traffic, in a file of its own that can be thrown
 * away: kept with each commit it made the log three times slower. It holds the trigrams of whole pages, so that any
 * part of a text is found; the rows are looked at by whoever asked.
 */
export class SearchIndex {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #index: (pages: readonly Unindexed[]) => void;

  /** On a connection whose main database is the index, and to which the log is attached. */
  constructor(db: Database) {
    create(db);
    this.#statements = prepare(db);
    this.#index = db.transaction((pages: readonly Unindexed[]) => {
      for (const { place, text } of pages) this.#statements.add.run(place, text);
      const last = pages.at(-1);
      if (last) this.#statements.setEnd.run(last.place + last.count - 1);
    });
  }

  /** The place of the last row that is indexed. */
  get end(): number {
    return this.#statements.end.get() ?? 0;
  }

  /** Rows of the log that are not indexed yet. */
  get behind(): number {
    return Math.max(0, (this.#statements.lastRow.get() ?? 0) - this.end);
  }

  /** Indexes some more, and forgets what retention took. Returns how many rows are left. */
  step(): number {
    const pages: Unindexed[] = [];
    let length = 0;
    for (const page of this.#statements.next.iterate(this.end)) {
      pages.push(page);
      length += page.text.length;
      if (length >= STEP_LENGTH) break;
    }
    this.#index(pages);
    this.#statements.forget.run();
    return this.behind;
  }

  /** What to match so that no page with all these texts is left out; `undefined` where they are too short to tell. */
  matchFor(texts: readonly string[]): string | undefined {
    const trigrams = texts.flatMap(trigramsOf).slice(0, MAX_TRIGRAMS);
    if (trigrams.length === 0) return undefined;
    return trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
  }

  /** Places of pages that may fit, in order. */
  places(
    match: string,
    { from, to, isAscending }: { from: number; to: number; isAscending: boolean },
  ): Iterable<number> {
    const { ascending, descending } = this.#statements;
    return (isAscending ? ascending : descending).iterate(match, from, to);
  }
}

function create(db: Database): void {
  db.pragma('journal_mode = WAL');
  // What a power cut takes is indexed again.
  db.pragma('synchronous = OFF');
  db.exec('CREATE TABLE IF NOT EXISTS search_state (version INTEGER, database_id TEXT, end INTEGER)');
  const id = db.prepare<[], string>('SELECT database_id FROM meta').pluck().get();
  const known = db
    .prepare(
      'SELECT 1 FROM search_state WHERE version = ? AND database_id = ? AND end <= (SELECT coalesce(max(place + count), 1) - 1 FROM pages)',
    )
    .get(VERSION, id);
  if (known) return;
  db.transaction(() => {
    db.exec(`
      DELETE FROM search_state;
      DROP TABLE IF EXISTS texts;
      CREATE VIRTUAL TABLE texts USING fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram');`);
    db.prepare('INSERT INTO search_state VALUES (?, ?, 0)').run(VERSION, id);
  }).immediate();
}

const prepare = (db: Database) => ({
  end: db.prepare<[], number>('SELECT end FROM search_state').pluck(),
  setEnd: db.prepare('UPDATE search_state SET end = ?'),
  lastRow: db.prepare<[], number>('SELECT coalesce(max(place + count), 1) - 1 FROM pages').pluck(),
  next: db.prepare<unknown[], Unindexed>('SELECT place, count, text FROM pages WHERE place > ? ORDER BY place'),
  add: db.prepare('INSERT INTO texts (rowid, text) VALUES (?, ?)'),
  forget: db.prepare(`
    DELETE FROM texts WHERE rowid IN (
      SELECT rowid FROM texts WHERE rowid < (SELECT coalesce(min(place), 0) FROM pages) ORDER BY rowid LIMIT 500)`),
  ascending: db
    .prepare<unknown[], number>('SELECT rowid FROM texts WHERE texts MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid')
    .pluck(),
  descending: db
    .prepare<unknown[], number>(
      'SELECT rowid FROM texts WHERE texts MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC',
    )
    .pluck(),
});

/** Of three characters each; none for what is shorter. */
function trigramsOf(text: string): readonly string[] {
  const characters = [...text];
  return Array.from({ length: Math.max(0, characters.length - 2) }, (_, at) => characters.slice(at, at + 3).join(''));
}
