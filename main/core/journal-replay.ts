import { type AnyActorLogic, createActor, type Snapshot, transition } from 'xstate';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { Address, MachineId } from '../../shared/ids.ts';
import { setOrigin } from './acting.ts';
import { MESSAGES_MAX } from './defaults.ts';
import { stateText } from './journal.ts';
import type { JournalRow, Store } from './ports.ts';

/** What a machine was, as `actor.getPersistedSnapshot()` tells it, without the actors that it had started: theirs are events of their own. */
export type ReplayedSnapshot = Omit<Snapshot<unknown>, 'children'> & {
  readonly value?: unknown;
  readonly context?: unknown;
  readonly output?: unknown;
};

export interface Replayed {
  readonly machine: MachineId;
  readonly logic: AnyActorLogic;
  /** Its digest. */
  readonly definition: string;
}

/**
 * What a machine was after a row of its journal: from the last snapshot on, its events once more, one transition after the other. Actions are not run, and
 * no actor is started; guards and `assign` are what they were. Rejects with JOURNAL_MISSING, JOURNAL_DAMAGED, REPLAY_DIFFERS.
 */
export async function replay(
  store: Pick<Store, 'journal' | 'journalSnapshot'>,
  { machine, logic, definition }: Replayed,
  seq: number,
): Promise<ReplayedSnapshot> {
  const from = await store.journalSnapshot(machine, seq);
  const rows = from
    ? await store.journal({ machine, after: from.seq, before: seq + 1, oldestFirst: true, limit: MESSAGES_MAX })
    : [];
  if (!from || from.seq + rows.length !== seq)
    throw new InterMachineError('JOURNAL_MISSING', `The journal of machine "${machine}" has no row ${seq}`);
  if (from.definition !== definition)
    throw differs(machine, from.seq, 'was left by another definition than the one that it has now');
  const actor = createActor(logic, { id: machine, snapshot: JSON.parse(from.snapshot) });
  let snapshot: Snapshot<unknown> = actor.getSnapshot();
  for (const row of rows) snapshot = after(row, logic, snapshot);
  const { children: _, ...replayed } = logic.getPersistedSnapshot(snapshot) as ReplayedSnapshot & {
    readonly children?: unknown;
  };
  return replayed;
}

function after({ machine, seq, event, state, ...row }: JournalRow, logic: AnyActorLogic, before: Snapshot<unknown>) {
  const { from, envelopeId, isAsk, damaged } = row;
  if (damaged)
    throw new InterMachineError(
      'JOURNAL_DAMAGED',
      `Row ${seq} of the journal of machine "${machine}" is damaged on the disk: what the machine was after it is known again from the next snapshot on`,
    );
  const address = from as Address;
  if (envelopeId !== undefined) setOrigin(event, isAsk ? { address, envelopeId, isAsk } : { address, envelopeId });
  const next = nextOf(machine, seq, () => transition(logic, before, event)[0]);
  const came = stateText(next);
  const was = JSON.stringify(state);
  if (came === was) return next;
  throw differs(machine, seq, `led to ${was}, and leads to ${came} now: a guard or an assign looks at something else`);
}

function nextOf(machine: MachineId, seq: number, step: () => Snapshot<unknown>): Snapshot<unknown> {
  try {
    return step();
  } catch (thrown) {
    throw differs(machine, seq, `fails now: ${reasonOf(thrown)}`);
  }
}

const differs = (machine: MachineId, seq: number, what: string) =>
  new InterMachineError('REPLAY_DIFFERS', `Row ${seq} of the journal of machine "${machine}" ${what}`);
