/** First in, first out. What was taken is let go in bulk, so that a step costs the same however many wait. */
export class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#items.length;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (this.isEmpty) return undefined;
    this.#head++;
    if (this.isEmpty || this.#head > COMPACT_FROM) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

const COMPACT_FROM = 1_024;
