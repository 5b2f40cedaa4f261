import type { AnyActor, InspectionEvent } from 'xstate';
import type { JournalEntry } from './journal.ts';
import { type MachineRecord, writeRecord } from './machine-record.ts';
import type { Parcel } from './parcel.ts';
import type { Clock } from './ports.ts';
import { delayedEvents, isEvent } from './xstate-internals.ts';

/** What a step left of a machine, and what it did meanwhile. */
export interface Kept {
  readonly snapshot: string;
  readonly sends: readonly Parcel[];
  /** Of a machine that has one. */
  readonly journal: readonly JournalEntry[];
  /** To be done when it is on disk. */
  readonly afterwards: readonly (() => void)[];
}

export interface KeepingParts extends Pick<MachineRecord, 'version' | 'definition'> {
  readonly clock: Clock;
  /** The node's own time. */
  readonly now: () => number;
  /** A step ended that nobody began. */
  readonly stepped: () => void;
}

/**
 * Follows the actor of a persisted machine, so that what it does from one event to the next is one step with all that it sends meanwhile. The host
 * begins and ends steps where it hands over an envelope; timers end theirs; any other, such as that of a promise, ends with the present turn's work.
 */
export class Keeping {
  readonly #parts: KeepingParts;
  /** When what waits for its time is due. */
  readonly #due = new WeakMap<object, number>();
  #actor: AnyActor | undefined;
  #inspection: { unsubscribe(): void } | undefined;
  #isOpen = false;
  #sends: Parcel[] = [];
  #journal: JournalEntry[] = [];
  #afterwards: (() => void)[] = [];

  constructor(parts: KeepingParts) {
    this.#parts = parts;
  }

  /** For the actor: what a timer makes it do is a step. */
  get clock(): Clock {
    const { clock } = this.#parts;
    return {
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      setTimeout: (task, delayMs) =>
        clock.setTimeout(() => {
          if (!this.#actor) return;
          this.begin();
          task();
          this.#end();
        }, delayMs),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    };
  }

  follow(actor: AnyActor): void {
    this.#actor = actor;
    this.#inspection = actor.system.inspect((inspection: InspectionEvent) => {
      if (this.#isOpen || !isEvent(inspection)) return;
      this.begin();
      void Promise.resolve().then(() => this.#end());
    });
  }

  begin(): void {
    this.#end();
    this.#isOpen = true;
  }

  get isStepping(): boolean {
    return this.#isOpen;
  }

  /** Of the step that is under way. */
  send(parcel: Parcel): void {
    this.#sends.push(parcel);
  }

  /** Of the step that is under way. */
  journaled(entry: JournalEntry): void {
    this.#journal.push(entry);
  }

  /** What must not be seen before the step is on disk. */
  afterwards(act: () => void): void {
    this.#afterwards.push(act);
  }

  /** Ends the step. Throws NOT_PERSISTABLE. */
  take(): Kept {
    const sends = this.#sends;
    const journal = this.#journal;
    const afterwards = this.#afterwards;
    this.drop();
    return { snapshot: this.#record(), sends, journal, afterwards };
  }

  /** The step came to nothing. */
  drop(): void {
    this.#isOpen = false;
    this.#sends = [];
    this.#journal = [];
    this.#afterwards = [];
  }

  /** Follows it no longer. */
  leave(): void {
    this.#end();
    this.#inspection?.unsubscribe();
    this.#actor = undefined;
  }

  #end(): void {
    if (this.#isOpen) this.#parts.stepped();
  }

  #record(): string {
    const { version, definition, now } = this.#parts;
    const actor = this.#actor as AnyActor;
    const at = now();
    for (const each of delayedEvents(actor)) if (!this.#due.has(each)) this.#due.set(each, at + each.delay);
    return writeRecord(actor, { version, definition, at }, (each) => this.#due.get(each) ?? at);
  }
}
