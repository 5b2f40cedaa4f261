import { reasonOf } from './errors.ts';

type Listener<Payload> = (payload: Payload) => void;
type Listeners<Events> = { [Name in keyof Events]?: Set<Listener<Events[Name]>> };

/** What can be listened to; `on` returns the function that ends it. */
export interface Observable<Events> {
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void;
}

/** A typed source of events. A listener that throws is reported and never disturbs the others or the source. */
export class Emitter<Events> implements Observable<Events> {
  readonly #listeners: Listeners<Events> = {};
  readonly #report: (message: string) => void;

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Whether anybody listens: what takes work to tell can be left out. */
  has(name: keyof Events): boolean {
    return (this.#listeners[name]?.size ?? 0) > 0;
  }

  /** Returns whether anybody listens. */
  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): boolean {
    const listeners = this.#listeners[name] ?? new Set();
    for (const listener of listeners) {
      try {
        listener(payload);
      } catch (thrown) {
        this.#report(`A listener for "${String(name)}" failed: ${reasonOf(thrown)}`);
      }
    }
    return listeners.size > 0;
  }
}
