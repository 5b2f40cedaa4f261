import type { AnyActor, InspectionEvent } from 'xstate';
import type { MachineEvent } from '../../shared/envelope.ts';
import { isMachine, stepEnded, tookTransition, transitionsTaken } from './xstate-internals.ts';

/** What a machine did last. */
export interface Step {
  /** Counts its steps. */
  readonly count: number;
  readonly event: string;
  /** Definitions of the transitions that were taken, in order. */
  readonly transitions: readonly object[];
}

/** What is told of an actor. */
export interface ActorWatcher {
  stepped(): void;
  /** It came to its end or was stopped. */
  completed(): void;
  failed(error: unknown): void;
}

/** An actor, and what it does with its events. */
export class ObservedActor {
  readonly actor: AnyActor;
  readonly #watcher: ActorWatcher;
  /** Whether it is of a kind that leaves events aside for which it has no transition. */
  readonly #ignores: boolean;
  readonly #subscriptions: readonly { unsubscribe(): void }[];
  #handling: MachineEvent | undefined;
  #took = false;
  /** Of the step that is under way. */
  #taking: object[] = [];
  #step: Step | undefined;

  constructor(actor: AnyActor, watcher: ActorWatcher) {
    this.actor = actor;
    this.#watcher = watcher;
    this.#ignores = isMachine(actor.logic);
    this.#subscriptions = [
      actor.system.inspect((inspection) => this.#inspect(inspection)),
      actor.subscribe({ complete: () => watcher.completed(), error: (error: unknown) => watcher.failed(error) }),
    ];
  }

  /** Missing before its first step. */
  get step(): Step | undefined {
    return this.#step;
  }

  /** Hands it an event, which must be a fresh object. Returns whether it took it. */
  handle(event: MachineEvent): boolean {
    this.#handling = event;
    this.#took = false;
    this.actor.send(event);
    this.#handling = undefined;
    return this.#took || !this.#ignores;
  }

  /** Looks at it no longer. */
  leave(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #inspect(inspection: InspectionEvent): void {
    const taken = transitionsTaken(inspection, this.actor);
    if (taken.length > 0) {
      this.#taking.push(...taken);
      if (this.#handling && tookTransition(inspection, this.actor, this.#handling)) this.#took = true;
    }
    const event = stepEnded(inspection, this.actor);
    if (event === undefined) return;
    if (this.#taking.length > 0 || !this.#ignores) {
      this.#step = { count: (this.#step?.count ?? 0) + 1, event: event.type, transitions: this.#taking };
      this.#taking = [];
    }
    this.#watcher.stepped();
  }
}
