import { type AnyActor, type AnyActorLogic, createActor, type EventObject, type Snapshot } from 'xstate';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { jsonFault } from '../../shared/event.ts';
import { isObject, type Json } from '../../shared/json-kinds.ts';
import { delayedEvents, pathFrom } from './xstate-internals.ts';

/** An event that waits for its time, as it is stored. */
export interface StoredDelay {
  /** The ids that lead from the machine to the actor that scheduled it, and to the one that gets it. */
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly event: EventObject;
  readonly id: string;
  /** Milliseconds, as its author wrote it. */
  readonly delay: number;
  /** On the node's own time. */
  readonly due: number;
}

/** What a persisted machine goes on from: all that a step left of it. */
export interface MachineRecord {
  /** Of the definition that the snapshot was made by. */
  readonly version: string;
  readonly definition: string;
  /** When the step was, on the node's own time. */
  readonly at: number;
  readonly snapshot: Snapshot<unknown>;
  readonly delays: readonly StoredDelay[];
}

/** Grows when what is written has another meaning. */
const FORMAT = 1;

/** Throws NOT_PERSISTABLE with the path of what is not plain JSON. `dueOf` tells when a delayed event is due. */
export function writeRecord(
  actor: AnyActor,
  { version, definition, at }: Pick<MachineRecord, 'version' | 'definition' | 'at'>,
  dueOf: (delayed: object) => number,
): string {
  const snapshot = persistedSnapshot(actor);
  const delays = delayedEvents(actor).map((each) => {
    const { event, id, delay } = each;
    const [source, target] = [pathFrom(actor, each.source), pathFrom(actor, each.target)];
    if (source && target) return { source, target, event, id, delay, due: dueOf(each) };
    throw notPersistable(actor.id, `the event "${event.type}" waits for an actor that is not of this machine`);
  });
  const fault = jsonFault(snapshot, 'snapshot') ?? jsonFault(delays, 'delays');
  if (fault !== undefined) throw notPersistable(actor.id, fault);
  return recordText({ version, definition, at, snapshot: snapshot as Snapshot<unknown>, delays });
}

export const recordText = (record: MachineRecord): string => JSON.stringify({ format: FORMAT, ...record });

/** What it is, for a journal. Throws NOT_PERSISTABLE. */
export function snapshotText(actor: AnyActor): string {
  const snapshot = persistedSnapshot(actor);
  const fault = jsonFault(snapshot, 'snapshot');
  if (fault !== undefined) throw notPersistable(actor.id, fault);
  return JSON.stringify(snapshot);
}

/** Throws NOT_PERSISTABLE where already the state in which a machine begins cannot be stored. */
export function assertPersistable(id: string, logic: AnyActorLogic, input: unknown): void {
  const actor = createActor(logic, { id, input });
  // One that fails when it begins is its supervision's business.
  if (actor.getSnapshot().status !== 'error') writeRecord(actor, { version: '', definition: '', at: 0 }, () => 0);
}

/** Throws an error that says what is wrong with it. */
export function readRecord(text: string): MachineRecord {
  const read: unknown = JSON.parse(text);
  if (!isObject(read) || typeof read.format !== 'number') throw new Error('it is no state of a machine');
  if (read.format > FORMAT) throw new Error('a newer InterMachine wrote it');
  const { format: _, ...record } = read;
  if (!isRecord(record)) throw new Error('parts of it are missing');
  return record;
}

/** When it was written, on the node's own time; `undefined` where that cannot be read. */
export function recordedAt(text: string | null): number | undefined {
  try {
    return text === null ? undefined : readRecord(text).at;
  } catch {
    return undefined;
  }
}

const isRecord = (read: Json): read is Json & MachineRecord =>
  typeof read.version === 'string' &&
  typeof read.definition === 'string' &&
  typeof read.at === 'number' &&
  isObject(read.snapshot) &&
  Array.isArray(read.delays);

function persistedSnapshot(actor: AnyActor): unknown {
  try {
    return withPlainErrors(actor.getPersistedSnapshot());
  } catch (thrown) {
    throw notPersistable(actor.id, reasonOf(thrown));
  }
}

/** An actor that a machine started and that failed stays among its children, with an error that is no JSON. */
function withPlainErrors(persisted: unknown): unknown {
  if (typeof persisted !== 'object' || persisted === null) return persisted;
  const { error, children } = persisted as {
    readonly error?: unknown;
    readonly children?: Readonly<Record<string, { readonly snapshot: unknown }>>;
  };
  if (!(error instanceof Error) && !children) return persisted;
  return {
    ...persisted,
    ...(error instanceof Error && { error: { name: error.name, message: error.message } }),
    ...(children && {
      children: Object.fromEntries(
        Object.entries(children).map(([id, child]) => [id, { ...child, snapshot: withPlainErrors(child.snapshot) }]),
      ),
    }),
  };
}

const notPersistable = (machine: string, what: string) =>
  new InterMachineError('NOT_PERSISTABLE', `The state of machine "${machine}" cannot be stored: ${what}`);
