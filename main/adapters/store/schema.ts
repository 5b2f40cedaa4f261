import type { Database } from 'better-sqlite3';
import { digestOf, digestOfRow } from './digest.ts';

/** Marks a SQLite file as ours ("ImSt"), so that another program's database is never migrated by mistake. */
export const APPLICATION_ID = 0x496d5374;

/**
 * Version n of the schema is what the first n entries make of an empty database. Append only: an entry that was ever
 * released is never edited, since there are files that it has already run on.
 *
 * Numbers that may come from a peer are REAL: it holds whatever JSON can say, so that no peer can make a commit fail.
 */
export const MIGRATIONS: readonly string[] = [
  `
  PRAGMA application_id = ${APPLICATION_ID};

  CREATE TABLE meta (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    database_id TEXT NOT NULL,
    incarnation REAL NOT NULL
  ) STRICT;
  INSERT INTO meta VALUES (1, lower(hex(randomblob(16))), 0);

  -- The log and the outbox name a node by its key: its id would take 52 bytes, several times in every row.
  CREATE TABLE node_keys (key INTEGER PRIMARY KEY, node TEXT NOT NULL UNIQUE) STRICT;

  CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    incarnation REAL NOT NULL,
    last_seen_at REAL NOT NULL,
    endpoints TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE machines (
    node TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    version TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (node, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE marks (
    peer TEXT NOT NULL,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (peer, epoch)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE outbox (
    place INTEGER PRIMARY KEY,
    peer INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    id TEXT NOT NULL,
    from_machine TEXT NOT NULL,
    to_machine TEXT NOT NULL,
    sent_at REAL NOT NULL,
    correlation_id TEXT,
    causation_id TEXT,
    event_json TEXT NOT NULL,
    UNIQUE (peer, epoch, sequence)
  ) STRICT;

  CREATE TABLE messages (
    place INTEGER PRIMARY KEY,
    direction TEXT NOT NULL,
    peer INTEGER NOT NULL,
    id TEXT NOT NULL,
    from_node INTEGER NOT NULL,
    from_machine TEXT NOT NULL,
    to_node INTEGER NOT NULL,
    to_machine TEXT NOT NULL,
    event_type TEXT NOT NULL,
    event_json TEXT NOT NULL,
    sent_at REAL NOT NULL,
    logged_at REAL NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    correlation_id TEXT,
    causation_id TEXT,
    epoch TEXT,
    sequence INTEGER
  ) STRICT;

  -- At most once in the log, by its place in the stream and, as a backstop, by its id.
  CREATE UNIQUE INDEX messages_in_position ON messages (peer, epoch, sequence) WHERE direction = 'in';
  CREATE UNIQUE INDEX messages_in_id ON messages (peer, id) WHERE direction = 'in';
  -- Where a status finds its row.
  CREATE INDEX messages_out_id ON messages (id) WHERE direction <> 'in';
  -- Each ends with the place, so that the newest rows of one value are read without sorting.
  CREATE INDEX messages_from_machine ON messages (from_machine);
  CREATE INDEX messages_to_machine ON messages (to_machine);
  CREATE INDEX messages_from_node ON messages (from_node);
  CREATE INDEX messages_to_node ON messages (to_node);
  CREATE INDEX messages_event_type ON messages (event_type);
  `,
  `
  -- One JSON text, since it is read and written as a whole (TrustState in main/core/ports.ts).
  CREATE TABLE trust (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), state TEXT NOT NULL) STRICT;

  CREATE TABLE audit (
    place INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    by TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE meta ADD COLUMN node TEXT NOT NULL DEFAULT '';
  -- The node's own time and the wall clock, as they were together.
  ALTER TABLE meta ADD COLUMN time REAL;
  ALTER TABLE meta ADD COLUMN wall_time REAL;

  -- last: its last row, or the mark of a stream from a peer. acknowledged: what the peer has of a stream to it.
  -- handled: rows up to here are handled, unless verdicts says otherwise. refusals_known: refusals up to here were heard.
  CREATE TABLE streams (
    key INTEGER PRIMARY KEY,
    direction TEXT NOT NULL,
    peer TEXT NOT NULL,
    epoch TEXT NOT NULL,
    is_volatile INTEGER NOT NULL,
    last INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    handled INTEGER NOT NULL,
    refusals_known INTEGER NOT NULL,
    used_at REAL NOT NULL,
    UNIQUE (direction, peer, epoch)
  ) STRICT;

  -- The log, and the outbox: consecutive rows of one stream, as the text that they are on the wire. One insert for all
  -- that came or went in one turn; a row of its own for each envelope made this thread the limit of the node.
  CREATE TABLE pages (
    place INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    first INTEGER NOT NULL,
    clock_offset REAL NOT NULL,
    logged_at REAL NOT NULL,
    digest INTEGER NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  CREATE INDEX pages_stream ON pages (stream, first);

  -- What became of rows, where it does not follow from their stream. 'open': nothing final yet, although later ones are handled.
  CREATE TABLE verdicts (
    stream INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    PRIMARY KEY (stream, first)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX verdicts_open ON verdicts (stream, first) WHERE status = 'open';
  CREATE INDEX verdicts_refused ON verdicts (stream, first) WHERE status = 'refused';

  CREATE TABLE dead_letters (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    direction TEXT NOT NULL,
    id TEXT NOT NULL,
    from_address TEXT NOT NULL,
    to_address TEXT NOT NULL,
    sent_at REAL NOT NULL,
    correlation_id TEXT,
    causation_id TEXT,
    reason TEXT NOT NULL,
    died_at REAL NOT NULL,
    event_json TEXT NOT NULL
  ) STRICT;

  CREATE TABLE snapshots (machine TEXT PRIMARY KEY, snapshot TEXT NOT NULL) STRICT, WITHOUT ROWID;

  -- What version 1 had of rows, marks and the outbox. Its log had only ids of its own, and its rows did not expire.
  INSERT INTO streams (direction, peer, epoch, is_volatile, last, acknowledged, handled, refusals_known, used_at)
  SELECT m.direction, k.node, coalesce(m.epoch, ''), m.epoch IS NULL, max(coalesce(m.sequence, m.place)), 0, 0, 0, max(m.logged_at)
  FROM messages m JOIN node_keys k ON k.key = m.peer GROUP BY 1, 2, 3;
  INSERT INTO streams (direction, peer, epoch, is_volatile, last, acknowledged, handled, refusals_known, used_at)
  SELECT 'in', peer, epoch, 0, sequence, 0, 0, 0, 0 FROM marks WHERE true
  ON CONFLICT DO UPDATE SET last = max(last, excluded.last);
  UPDATE streams SET acknowledged = coalesce((
    SELECT min(o.sequence) - 1 FROM outbox o JOIN node_keys k ON k.key = o.peer WHERE k.node = streams.peer AND o.epoch = streams.epoch
  ), last) WHERE direction = 'out';

  INSERT INTO pages (place, count, stream, first, clock_offset, logged_at, digest, text)
  SELECT m.place, 1, s.key, coalesce(m.sequence, m.place), 0, m.logged_at, digest_of(t.text), t.text
  FROM messages m
  JOIN node_keys k ON k.key = m.peer
  JOIN streams s ON s.direction = m.direction AND s.peer = k.node AND s.epoch = coalesce(m.epoch, '')
  JOIN (
    SELECT place, CASE WHEN is_waiting
      THEN json_array(from_machine, to_machine, sent, ${7 * 86_400_000}, coalesce(correlation_id, 0), coalesce(causation_id, 0))
      ELSE json_array(from_machine, to_machine, sent, 0, coalesce(correlation_id, 0), coalesce(causation_id, 0), id)
    END || char(10) || event_json AS text
    FROM (SELECT *, CAST(sent_at AS INTEGER) AS sent, direction = 'out' AND EXISTS (
      SELECT 1 FROM outbox o WHERE o.peer = messages.peer AND o.epoch = messages.epoch AND o.sequence = messages.sequence
    ) AS is_waiting FROM messages)
  ) t ON t.place = m.place;
  INSERT INTO verdicts SELECT p.stream, p.first, p.first, m.status, m.code FROM messages m JOIN pages p ON p.place = m.place
  WHERE m.status NOT IN ('accepted', 'delivered');

  DROP TABLE messages;
  DROP TABLE outbox;
  DROP TABLE marks;
  DROP TABLE node_keys;
  `,
  // 'node': other nodes do not learn of it.
  'ALTER TABLE machines ADD COLUMN expose TEXT',
  `
  -- What the actors of journaled machines processed. A snapshot is what a machine was after the row of its number.
  CREATE TABLE journal (
    machine TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    source TEXT NOT NULL,
    envelope_id TEXT,
    is_ask INTEGER NOT NULL,
    event_json TEXT NOT NULL,
    state_json TEXT NOT NULL,
    PRIMARY KEY (machine, seq)
  ) STRICT;
  CREATE TABLE journal_snapshots (
    machine TEXT NOT NULL,
    seq INTEGER NOT NULL,
    definition TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (machine, seq)
  ) STRICT;
  -- Each chart once, by its digest.
  CREATE TABLE journal_definitions (
    machine TEXT NOT NULL,
    definition TEXT NOT NULL,
    chart_json TEXT NOT NULL,
    PRIMARY KEY (machine, definition)
  ) STRICT;
  `,
  `
  -- bytes: of this machine's journal, snapshots included, from its first row ever to the end of this one.
  CREATE TABLE journal_rows (
    machine TEXT NOT NULL,
    seq INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    at REAL NOT NULL,
    source TEXT NOT NULL,
    envelope_id TEXT,
    is_ask INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    event_json TEXT NOT NULL,
    state_json TEXT NOT NULL,
    PRIMARY KEY (machine, seq)
  ) STRICT;
  INSERT INTO journal_rows
  SELECT j.machine, j.seq,
    sum(octet_length(event_json) + octet_length(state_json) + coalesce(octet_length(snapshot), 0))
      OVER (PARTITION BY j.machine ORDER BY j.seq),
    at, source, envelope_id, is_ask,
    digest_of_row(j.machine, j.seq, at, source, envelope_id, is_ask, event_json, state_json), event_json, state_json
  FROM journal j LEFT JOIN journal_snapshots s ON s.machine = j.machine AND s.seq = j.seq;

  -- at: of its row. bytes_before: those of the journal before its row.
  CREATE TABLE journal_begins (
    machine TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    bytes_before INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    definition TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (machine, seq)
  ) STRICT;
  INSERT INTO journal_begins
  SELECT s.machine, s.seq, j.at,
    coalesce((SELECT max(b.bytes) FROM journal_rows b WHERE b.machine = s.machine AND b.seq < s.seq), 0),
    digest_of_row(s.machine, s.seq, definition, snapshot), definition, snapshot
  FROM journal_snapshots s JOIN journal j ON j.machine = s.machine AND j.seq = s.seq;

  DROP TABLE journal;
  DROP TABLE journal_snapshots;
  ALTER TABLE journal_rows RENAME TO journal;
  ALTER TABLE journal_begins RENAME TO journal_snapshots;
  -- Retention takes the oldest first.
  CREATE INDEX journal_snapshots_at ON journal_snapshots (at);
  `,
  `
  CREATE TABLE digested_snapshots (
    machine TEXT PRIMARY KEY,
    digest INTEGER NOT NULL,
    snapshot TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO digested_snapshots SELECT machine, digest_of_row(machine, snapshot), snapshot FROM snapshots;
  DROP TABLE snapshots;
  ALTER TABLE digested_snapshots RENAME TO snapshots;
  `,
];

export const schemaVersion = (db: Database): number => Number(db.pragma('user_version', { simple: true }));

/** Brings the database to the newest version, in one transaction: wholly, or not at all. */
export function migrate(db: Database, migrations: readonly string[] = MIGRATIONS): void {
  db.function('digest_of', (text) => digestOf(String(text)));
  db.function('digest_of_row', { varargs: true }, (...cells) => digestOfRow(...(cells as (string | number | null)[])));
  const migrateAll = db.transaction(() => {
    for (const sql of migrations.slice(schemaVersion(db))) db.exec(sql);
    db.pragma(`user_version = ${migrations.length}`);
  });
  if (schemaVersion(db) < migrations.length) migrateAll.immediate();
}
