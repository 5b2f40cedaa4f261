/** Milliseconds. Both ends of a line within one process see each other at once; a loaded one may take a while. */
const WAIT_MS = 1_000;
/** Lines to ourselves at one time; more are somebody else's work. */
const MAX_KEPT = 64;

/** Tells lines that this node dialled to itself from those that another node with a copy of its key is at the other end of. */
export class OwnEnds {
  /** By what only the two ends of one line share. */
  readonly #dialled = new Set<string>();
  readonly #accepted = new Set<string>();
  readonly #waiting = new Set<() => void>();

  /** This node is at the dialling end. Resolves with whether it is at the other end too. */
  dialled(binding: Uint8Array): Promise<boolean> {
    return this.#meet(binding, this.#dialled, this.#accepted);
  }

  /** This node is at the listening end. */
  accepted(binding: Uint8Array): Promise<boolean> {
    return this.#meet(binding, this.#accepted, this.#dialled);
  }

  async #meet(binding: Uint8Array, own: Set<string>, other: Set<string>): Promise<boolean> {
    const key = Buffer.from(binding).toString('base64');
    own.add(key);
    for (const wake of this.#waiting) wake();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const look = () => {
      if (other.has(key)) resolve(true);
    };
    const timer = setTimeout(() => resolve(false), WAIT_MS);
    if (this.#waiting.size < MAX_KEPT) this.#waiting.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
      // The other end may look a moment later.
      setTimeout(() => own.delete(key), WAIT_MS).unref();
    }
  }
}
