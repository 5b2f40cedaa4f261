import type { Address } from '../../shared/ids.ts';
import { matcherOf } from '../../shared/pattern.ts';
import { type FindOptions, isWanted, looksAtStates, type MachineState } from './finding.ts';
import type { MachineInfo, Registry } from './registry.ts';
import type { MachineChange } from './registry-sync.ts';

/** Which machines: all conditions hold at once. */
export interface MachineQuery extends FindOptions {
  readonly type?: string;
  /** Of types: `Service_*`. */
  readonly pattern?: string;
  /** An id, or an address. */
  readonly machine?: string;
}

/** What can be ended. Ending it twice does nothing. */
export interface Subscription extends Disposable {
  unsubscribe(): void;
}

export const subscription = (end: () => void): Subscription => ({ unsubscribe: end, [Symbol.dispose]: end });

interface Subscriber {
  readonly query: MachineQuery;
  readonly fits: (machine: MachineInfo) => boolean;
  readonly listener: (change: MachineChange) => void;
  /** What it was told of and not yet told to be lost. */
  readonly known: Map<Address, MachineInfo>;
}

/** Tells whoever subscribed which machines fit a query: those of now, and then what changes. */
export class Subscriptions {
  readonly #registry: Registry;
  readonly #stateOf: (machine: MachineInfo) => MachineState | undefined;
  readonly #subscribers = new Set<Subscriber>();

  constructor(registry: Registry, stateOf: (machine: MachineInfo) => MachineState | undefined) {
    this.#registry = registry;
    this.#stateOf = stateOf;
  }

  subscribe(query: MachineQuery, listener: (change: MachineChange) => void): Subscription {
    const subscriber: Subscriber = { query, fits: fitterOf(query), listener, known: new Map() };
    this.#subscribers.add(subscriber);
    const candidates = query.type === undefined ? this.#registry.all() : this.#registry.ofType(query.type);
    for (const machine of candidates) this.#tell(subscriber, machine);
    return subscription(() => this.#subscribers.delete(subscriber));
  }

  /** Something of a machine is another, or it is no longer there. */
  changed({ type, machine }: MachineChange): void {
    for (const subscriber of [...this.#subscribers]) {
      if (type === 'lost') this.#lose(subscriber, machine);
      else this.#tell(subscriber, machine);
    }
  }

  /** These machines do something else now: only those who look at that may see a difference. */
  statesChanged(machines: readonly MachineInfo[]): void {
    for (const subscriber of [...this.#subscribers]) {
      if (!looksAtStates(subscriber.query)) continue;
      for (const machine of machines) this.#tell(subscriber, machine, { isStateAlone: true });
    }
  }

  #tell(subscriber: Subscriber, machine: MachineInfo, { isStateAlone = false } = {}): void {
    const { query, fits, known, listener } = subscriber;
    if (!this.#subscribers.has(subscriber)) return;
    if (!fits(machine) || !isWanted(machine, query, this.#stateOf)) return this.#lose(subscriber, machine);
    const before = known.get(machine.address);
    known.set(machine.address, machine);
    if (before && isStateAlone) return;
    listener({ type: before ? 'changed' : 'found', machine });
  }

  #lose({ known, listener }: Subscriber, machine: MachineInfo): void {
    if (known.delete(machine.address)) listener({ type: 'lost', machine });
  }
}

function fitterOf({ type, pattern, machine: wanted }: MachineQuery): (machine: MachineInfo) => boolean {
  const fits = pattern === undefined ? undefined : matcherOf(pattern);
  return (machine) =>
    (type === undefined || machine.type === type) &&
    (fits === undefined || fits(machine.type.toLowerCase())) &&
    (wanted === undefined || machine.id === wanted || machine.address === wanted);
}
