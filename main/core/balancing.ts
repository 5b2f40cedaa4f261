import { InterMachineError } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import type { FindOptions } from './finding.ts';
import type { MachineInfo } from './registry.ts';

/**
 * Which one of several. `random`: by chance · `roundRobin`: each in turn, for each sender and type · `leastLoaded`: with
 * the fewest envelopes of this node under way · `latency`: on the nearest node · `hash`: always the same one for a key, as long as
 * it is there · `preferLocal`: one on this node where there is one, else by chance.
 */
export type Balance =
  | { readonly strategy: 'random' | 'roundRobin' | 'leastLoaded' | 'latency' | 'preferLocal' }
  | { readonly strategy: 'hash'; readonly key: string };

/** Which machines may be chosen, and how one of them is. */
export type Choice = Balance & Omit<FindOptions, 'health'>;

export interface BalancingParts {
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Envelopes sent to it whose last word is not known yet. */
  readonly inFlight: (address: Address) => number;
  /** Milliseconds there and back; infinite while it is not known. */
  readonly roundTripMs: (machine: MachineInfo) => number;
}

/** Chooses receivers in the name of one sender. */
export class Balancer {
  readonly #parts: BalancingParts;
  /** By what they were chosen from: the one that was chosen last. */
  readonly #turns = new Map<string, Address>();

  constructor(parts: BalancingParts) {
    this.#parts = parts;
  }

  /** `undefined` only where there is nothing to choose from. `turn` names what a round goes through. Throws INPUT_INVALID. */
  choose(from: readonly MachineInfo[], balance: Balance, turn: string): MachineInfo | undefined {
    const { inFlight, roundTripMs } = this.#parts;
    switch (balance.strategy) {
      case 'random':
        return this.#byChance(from);
      case 'roundRobin':
        return this.#next(from, turn);
      case 'leastLoaded':
        return this.#byChance(lowest(from, (machine) => inFlight(machine.address)));
      case 'latency':
        return this.#byChance(lowest(from, roundTripMs));
      case 'preferLocal': {
        const local = from.filter((machine) => machine.local);
        return this.#byChance(local.length > 0 ? local : from);
      }
      case 'hash':
        return ofKey(from, balance.key);
    }
  }

  #byChance(from: readonly MachineInfo[]): MachineInfo | undefined {
    return from[Math.floor(this.#parts.random() * from.length)];
  }

  /** The one after the last in the order of addresses: who comes or goes in between disturbs nobody's turn. */
  #next(from: readonly MachineInfo[], turn: string): MachineInfo | undefined {
    const last = this.#turns.get(turn) ?? '';
    const first = lowestBy(from, ({ address }) => address);
    const after = from.filter(({ address }) => address > last);
    const next = lowestBy(after, ({ address }) => address) ?? first;
    if (next) this.#turns.set(turn, next.address);
    return next;
  }
}

/**
 * Rendezvous hashing: each machine draws a number for the key, and the highest wins. Without one of n machines just the keys of that
 * one move, and every node chooses alike.
 */
function ofKey(from: readonly MachineInfo[], key: unknown): MachineInfo | undefined {
  if (typeof key !== 'string' || key === '')
    throw new InterMachineError('INPUT_INVALID', 'The strategy "hash" needs a key: a text that is not empty');
  return lowestBy(from, ({ address }) => -hash(`${key}\n${address}`));
}

/** FNV-1a, then the finalizer of MurmurHash3: texts that differ in one place get numbers that have nothing in common. */
function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35);
  return (sum ^ (sum >>> 16)) >>> 0;
}

function lowest<Item>(items: readonly Item[], measure: (item: Item) => number): readonly Item[] {
  const values = items.map(measure);
  const least = Math.min(...values);
  return items.filter((_, index) => values[index] === least);
}

function lowestBy<Item, Value extends string | number>(
  items: readonly Item[],
  measure: (item: Item) => Value,
): Item | undefined {
  let best: { readonly item: Item; readonly value: Value } | undefined;
  for (const item of items) {
    const value = measure(item);
    if (!best || value < best.value) best = { item, value };
  }
  return best?.item;
}
