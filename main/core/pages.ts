import { MAX_BATCH_BYTES } from './defaults.ts';

/** Cuts a list that goes into frames. At least one page, so that an empty list is told too. */
export function pagesOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const pages: Item[][] = [[]];
  let length = 0;
  for (const item of items) {
    const more = JSON.stringify(item).length;
    if (length + more > MAX_BATCH_BYTES) {
      pages.push([]);
      length = 0;
    }
    pages.at(-1)?.push(item);
    length += more;
  }
  return pages;
}
