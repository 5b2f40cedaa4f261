import type { MachineId } from '../../shared/ids.ts';
import type { JournalEntry } from './journal.ts';
import type { Parcel } from './parcel.ts';
import type { Processed } from './receiving.ts';

/** What one step of a persisted machine came to: all of it is one commit, or none of it happened. */
export interface PersistedStep {
  readonly machine: MachineId;
  /** What it goes on from after this step. */
  readonly snapshot: string;
  /** In the order in which it sent them. Their ids follow from their places. */
  readonly sends: readonly Parcel[];
  /** What its actor processed, where it has a journal. */
  readonly journal?: readonly JournalEntry[];
  /** The envelope that it took; missing where something else made it step, such as a timer. */
  readonly processed?: Processed;
}
