import type { AnyActor, AnyActorRef, EventObject } from 'xstate';
import { jsonFault } from '../../shared/event.ts';
import { originOf } from './acting.ts';
import { JOURNAL_SNAPSHOT_EVERY, JOURNAL_SNAPSHOT_EVERY_LENGTH } from './defaults.ts';
import { snapshotText } from './machine-record.ts';
import type { NewJournalRow } from './ports.ts';
import { eventFor, isDelayId, isStart, isStop, stepEnded } from './xstate-internals.ts';

export type JournalEntry = Omit<NewJournalRow, 'machine'>;

/** A definition, as it is stored. */
export interface JournaledDefinition {
  /** Its digest. */
  readonly definition: string;
  readonly chartJson: string;
}

export interface JournalParts extends JournaledDefinition {
  readonly wallTime: () => number;
  readonly told: (entry: JournalEntry) => void;
  /** A state cannot be stored: nothing more is told of this actor. */
  readonly failed: (error: unknown) => void;
}

/**
 * Tells of each event that an actor processed: those that it was sent, those of its timers and of its children. A snapshot goes with the first one, with
 * one after so many or so much, and with an event that is no plain JSON, so that no replay meets that.
 */
export class Journal {
  readonly #actor: AnyActor;
  readonly #parts: JournalParts;
  readonly #sources = new WeakMap<EventObject, AnyActorRef>();
  #sinceSnapshot = 0;
  #lengthSinceSnapshot = 0;
  #snapshotLength = 0;
  #hasFailed = false;

  /** Of one that did not begin yet. */
  constructor(actor: AnyActor, parts: JournalParts) {
    this.#actor = actor;
    this.#parts = parts;
    actor.system.inspect((inspection) => {
      const { event: coming, source } = eventFor(inspection, actor) ?? {};
      if (coming && source) this.#sources.set(coming, source);
      const event = stepEnded(inspection, actor);
      if (event && !isStop(event)) this.#processed(event);
    });
  }

  #processed(event: EventObject): void {
    const snapshot = this.#actor.getSnapshot();
    // A step that fails did not happen.
    if (this.#hasFailed || snapshot.status === 'error') return;
    const isPlain = jsonFault(event, 'event') === undefined;
    const { wallTime, told, failed } = this.#parts;
    try {
      const eventJson = JSON.stringify(isPlain ? event : withoutObjects(event));
      const stateJson = stateText(snapshot);
      this.#sinceSnapshot++;
      this.#lengthSinceSnapshot += eventJson.length + stateJson.length;
      const isDue = isStart(event) || !isPlain || this.#hasMuch();
      told({
        at: wallTime(),
        ...this.#from(event),
        eventJson,
        stateJson,
        ...(isDue && { snapshot: this.#snapshot() }),
      });
    } catch (thrown) {
      this.#hasFailed = true;
      failed(thrown);
    }
  }

  #hasMuch(): boolean {
    return (
      this.#sinceSnapshot >= JOURNAL_SNAPSHOT_EVERY ||
      this.#lengthSinceSnapshot >= Math.max(JOURNAL_SNAPSHOT_EVERY_LENGTH, this.#snapshotLength)
    );
  }

  #snapshot(): NonNullable<JournalEntry['snapshot']> {
    const { definition, chartJson } = this.#parts;
    const snapshot = snapshotText(this.#actor);
    this.#sinceSnapshot = 0;
    this.#lengthSinceSnapshot = 0;
    this.#snapshotLength = snapshot.length;
    return { snapshot, definition, chartJson };
  }

  #from(event: EventObject): Pick<JournalEntry, 'from' | 'envelopeId' | 'isAsk'> {
    const origin = originOf(event);
    if (origin) {
      const { address: from, envelopeId, isAsk } = origin;
      return isAsk ? { from, envelopeId, isAsk } : { from, envelopeId };
    }
    if (isStart(event)) return { from: 'start' };
    if (isDelayId(event.type)) return { from: 'timer' };
    const source = this.#sources.get(event);
    if (!source) return { from: 'program' };
    return { from: source === this.#actor ? 'self' : `child ${source.id}` };
  }
}

/** Of an event that is no plain JSON what people read in a list. */
const withoutObjects = (event: EventObject): object =>
  Object.fromEntries(Object.entries(event).filter(([, value]) => typeof value !== 'object'));

/** A state's value, the same text for the same one: XState has the parts of parallel states in the order in which they were entered. */
export const stateText = (snapshot: object): string =>
  JSON.stringify(ordered('value' in snapshot ? snapshot.value : null));

const ordered = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([key, below]) => [key, ordered(below)]),
      )
    : value;
