/** Places of a stream that are kept together. */
const PAGE = 256;

interface Page<Item> {
  readonly items: (Item | undefined)[];
  /** Of its places that are taken. */
  taken: number;
}

/**
 * What stands at places of one stream. They are taken about in order and given back about in order, with thousands in between: so they are pages, as
 * a map of as many entries costs several times that. One that is never given back keeps its page and no other.
 */
export class Places<Item> {
  readonly #pages = new Map<number, Page<Item>>();

  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  get(place: number): Item | undefined {
    return this.#pages.get(Math.floor(place / PAGE))?.items[place % PAGE];
  }

  /** A place that is free. */
  set(place: number, item: Item): void {
    const number = Math.floor(place / PAGE);
    const page = this.#pages.get(number) ?? { items: [], taken: 0 };
    if (page.taken === 0) this.#pages.set(number, page);
    page.items[place % PAGE] = item;
    page.taken++;
  }

  /** A place that is taken. */
  delete(place: number): void {
    const number = Math.floor(place / PAGE);
    const page = this.#pages.get(number);
    if (!page) return;
    page.items[place % PAGE] = undefined;
    if (--page.taken === 0) this.#pages.delete(number);
  }

  /** In no order. */
  *values(): Iterable<Item> {
    for (const { items } of this.#pages.values()) for (const item of items) if (item !== undefined) yield item;
  }
}
