import type { Database } from 'better-sqlite3';

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
];

export const schemaVersion = (db: Database): number => Number(db.pragma('user_version', { simple: true }));

/** Brings the database to the newest version, in one transaction: wholly, or not at all. */
export function migrate(db: Database, migrations: readonly string[] = MIGRATIONS): void {
  const migrateAll = db.transaction(() => {
    for (const sql of migrations.slice(schemaVersion(db))) db.exec(sql);
    db.pragma(`user_version = ${migrations.length}`);
  });
  if (schemaVersion(db) < migrations.length) migrateAll.immediate();
}
