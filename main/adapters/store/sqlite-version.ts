import Database from 'better-sqlite3';
import { requireNodeApi } from './node-api.ts';

/** Of the SQLite that the database is written with. Throws where it cannot be loaded. */
export function sqliteVersion(): string {
  requireNodeApi();
  const database = new Database(':memory:');
  try {
    return String(database.prepare('select sqlite_version()').pluck().get());
  } finally {
    database.close();
  }
}
