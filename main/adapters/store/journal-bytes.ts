import type { NewJournalRow } from '../../core/ports.ts';

/** What a row takes of a journal's room, with the snapshot that goes with it. */
export const journalBytes = ({ eventJson, stateJson, snapshot }: NewJournalRow): number =>
  Buffer.byteLength(eventJson) + Buffer.byteLength(stateJson) + Buffer.byteLength(snapshot?.snapshot ?? '');
