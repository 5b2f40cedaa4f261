import type { MachineId } from '../../../shared/ids.ts';
import { JOURNAL_BYTES_KEPT, JOURNAL_ROWS_KEPT } from '../../core/defaults.ts';
import type { JournalQuery, JournalRow, JournalSnapshot, NewJournalRow } from '../../core/ports.ts';
import { journalBytes } from './journal-bytes.ts';
import { rowLimit } from './row-limit.ts';

interface Entry {
  readonly row: JournalRow;
  readonly snapshot: JournalSnapshot | undefined;
  /** Bytes of the journal from its first row ever to the one before this, and to this. */
  readonly begin: number;
  readonly end: number;
}

/** What machines did, of each the newest rows. */
export class MemoryJournal {
  readonly #entries = new Map<MachineId, Entry[]>();

  add(added: NewJournalRow): void {
    const { eventJson, stateJson, snapshot: taken, ...step } = added;
    const entries = this.#entries.get(step.machine) ?? [];
    const begin = entries.at(-1)?.end ?? 0;
    const end = begin + journalBytes(added);
    const seq = (entries.at(-1)?.row.seq ?? 0) + 1;
    const row = { ...step, seq, event: JSON.parse(eventJson), state: JSON.parse(stateJson) };
    const snapshot = taken && { seq, snapshot: taken.snapshot, definition: taken.definition };
    entries.push({ row, snapshot, begin, end });
    this.#entries.set(step.machine, entries);
    // What is left begins with a snapshot.
    if (snapshot)
      entries.splice(
        0,
        entries.findIndex(
          (each) =>
            each.snapshot &&
            (each.row.seq === seq ||
              (each.row.seq > seq - JOURNAL_ROWS_KEPT && each.begin >= end - JOURNAL_BYTES_KEPT)),
        ),
      );
  }

  remove(machine: MachineId): void {
    this.#entries.delete(machine);
  }

  rows(query: JournalQuery): readonly JournalRow[] {
    const { machine, oldestFirst = false, before = Number.POSITIVE_INFINITY, after = 0 } = query;
    const rows = (this.#entries.get(machine) ?? []).map(({ row }) => row);
    const fitting = rows.filter(({ seq }) => seq < before && seq > after);
    return (oldestFirst ? fitting : fitting.reverse()).slice(0, rowLimit(query));
  }

  snapshot(machine: MachineId, seq: number): JournalSnapshot | undefined {
    return (this.#entries.get(machine) ?? []).findLast(({ snapshot }) => snapshot && snapshot.seq <= seq)?.snapshot;
  }
}
