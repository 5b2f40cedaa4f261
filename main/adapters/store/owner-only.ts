import { chmodSync } from 'node:fs';

const OWNER_ONLY = 0o600;

/** Databases hold messages and network keys. SQLite gives its journals the mode of their database. */
export const ownerOnly = (file: string): void => chmodSync(file, OWNER_ONLY);
