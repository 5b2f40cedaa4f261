import type { NodeId } from '../../shared/ids.ts';
import type { Generation } from './wire.ts';

/**
 * Which of several connections between two nodes counts: that with the highest generation. The node with the smaller id
 * makes them, so that only one side chooses.
 */
export class Generations {
  #incarnation: number;
  #count = 0;
  readonly #highest = new Map<NodeId, Generation>();

  constructor(incarnation: number) {
    this.#incarnation = incarnation;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** For a new connection; higher than all before. */
  next(): Generation {
    return [this.#incarnation, ++this.#count];
  }

  /** Takes a peer's generation if it is newer than those before. Else returns the one that is known, which it must be told. */
  take(peer: NodeId, generation: Generation): Generation | undefined {
    const known = this.#highest.get(peer);
    if (known && !isNewer(generation, known)) return known;
    this.#highest.set(peer, generation);
    return undefined;
  }

  /** A peer remembers a later incarnation of ours: we were restored, and our clock too. */
  raise(incarnation: number): void {
    this.#incarnation = Math.max(this.#incarnation, incarnation + 1);
  }
}

const isNewer = ([incarnation, count]: Generation, [oldIncarnation, oldCount]: Generation): boolean =>
  incarnation > oldIncarnation || (incarnation === oldIncarnation && count > oldCount);
