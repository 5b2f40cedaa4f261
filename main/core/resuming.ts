import gt from 'semver/functions/gt.js';
import { type AnyActorLogic, createActor, type Snapshot } from 'xstate';
import { reasonOf } from '../../shared/errors.ts';
import { carryOver } from './carry-over.ts';
import { type MachineRecord, readRecord, recordText } from './machine-record.ts';
import { isMachine } from './xstate-internals.ts';

/** Makes of a stored state one that the present definition can go on from. */
export type Migrate = (snapshot: Snapshot<unknown>, fromVersion: string) => Snapshot<unknown>;

export interface PresentDefinition extends Pick<MachineRecord, 'version' | 'definition'> {
  readonly logic: AnyActorLogic;
  readonly migrate?: Migrate | undefined;
}

/** How a persisted machine goes on under the definition that it has now. */
export type Resuming =
  /** `isCarried`: under another definition than the one that left it. */
  { readonly record: string; readonly isCarried: boolean } | { readonly misfit: Misfit };

/** Why it cannot, and what a person may do if it is not to begin anew. */
export interface Misfit {
  readonly code: 'MACHINE_STOPPED' | 'STATE_DAMAGED';
  readonly reason: string;
  readonly remedy: string;
}

const DAMAGED: Misfit = {
  code: 'STATE_DAMAGED',
  reason: 'its stored state is damaged on the disk',
  remedy: 'Stop the node and restore a backup',
};

/** Whatever was stored, or `null` where the disk did not keep it: it never throws, so that no start of a node ends at it. */
export function resuming(text: string | null, present: PresentDefinition): Resuming {
  if (text === null) return { misfit: DAMAGED };
  let left = 'stored';
  try {
    const record = readRecord(text);
    left = `left by version ${record.version}`;
    const isSame = record.definition === present.definition && record.version === present.version;
    const snapshot = isSame ? record.snapshot : snapshotFor(record, present);
    assertTaken(present.logic, snapshot);
    return { record: isSame ? text : recordText({ ...record, snapshot }), isCarried: !isSame };
  } catch (thrown) {
    const why = reasonOf(thrown).replaceAll('\n', ' ');
    const reason = `its state, ${left}, does not fit version ${present.version}: ${why}`;
    return { misfit: { code: 'MACHINE_STOPPED', reason, remedy: 'Register it with "migrate" or as it was' } };
  }
}

function snapshotFor({ snapshot, version }: MachineRecord, present: PresentDefinition): Snapshot<unknown> {
  if (present.migrate) return present.migrate(snapshot, version);
  if (gt(version, present.version)) throw new Error('what is newer cannot be understood here');
  // Other logic has no states that could be missing, and what has ended stays so.
  if (!isMachine(present.logic) || snapshot.status !== 'active') return snapshot;
  const over = carryOver(snapshot, present.logic);
  if ('restart' in over) throw new Error(over.restart);
  return over.snapshot;
}

/** XState tells of some faults by an error, of others by an actor that failed before it began. */
function assertTaken(logic: AnyActorLogic, snapshot: Snapshot<unknown>): void {
  if (typeof snapshot !== 'object' || snapshot === null || typeof snapshot.status !== 'string')
    throw new Error('it is no snapshot of a machine');
  const taken = createActor(logic, { snapshot }).getSnapshot();
  if (taken.status === 'error') throw taken.error;
}
