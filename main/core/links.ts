/** Which machines are connected with which. A link has two ends and no direction; making it twice makes one. */
export class Links<Name extends string> {
  readonly #ends = new Map<Name, Set<Name>>();

  /** Returns whether they were not linked before. */
  link(one: Name, other: Name): boolean {
    if (this.has(one, other)) return false;
    this.#endsOf(one).add(other);
    this.#endsOf(other).add(one);
    return true;
  }

  /** Returns whether they were linked. */
  unlink(one: Name, other: Name): boolean {
    if (!this.has(one, other)) return false;
    this.#remove(one, other);
    this.#remove(other, one);
    return true;
  }

  has(one: Name, other: Name): boolean {
    return this.#ends.get(one)?.has(other) ?? false;
  }

  /** In the order in which they were made. */
  of(name: Name): readonly Name[] {
    return [...(this.#ends.get(name) ?? [])];
  }

  /** Nothing is linked with it from here on. */
  forget(name: Name): void {
    for (const other of this.of(name)) this.unlink(name, other);
  }

  #endsOf(name: Name): Set<Name> {
    const ends = this.#ends.get(name) ?? new Set();
    this.#ends.set(name, ends);
    return ends;
  }

  #remove(from: Name, end: Name): void {
    const ends = this.#ends.get(from);
    ends?.delete(end);
    if (ends?.size === 0) this.#ends.delete(from);
  }
}
