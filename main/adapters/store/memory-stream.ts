import { isFinal } from '../../../shared/envelope.ts';
import { linesOf } from '../../../shared/envelope-text.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { Mark, OpenRow, OutboxRow, Page, RowsStatus, Stream } from '../../core/ports.ts';
import { interimStatus, type RowStatus, type StoredPage, textAt } from './page-rows.ts';

type Placed<Row> = Row & { readonly place: number };

/** One stream in a MemoryStore: its pages, and what became of its rows. */
export class MemoryStream {
  readonly stream: Stream;
  readonly #isVolatile: boolean;
  readonly pages: StoredPage[] = [];
  readonly #final = new Map<number, RowStatus>();
  /** The last row, or the mark. */
  last = 0;
  acknowledged = 0;
  refusalsKnown = 0;

  constructor({ direction, peer, epoch }: Stream, isVolatile: boolean) {
    this.stream = { direction, peer, epoch };
    this.#isVolatile = isVolatile;
  }

  /** What is in the stream already stays as it is. Returns what was added. */
  add(page: Page, place: number): StoredPage | undefined {
    const known = Math.max(0, this.last - page.first + 1);
    if (known >= page.count) return undefined;
    const text =
      known === 0
        ? page.text
        : linesOf(page.text)
            .slice(2 * known)
            .join('\n');
    const added = { ...page, place, text, first: page.first + known, count: page.count - known };
    this.pages.push(added);
    this.last = page.first + page.count - 1;
    return added;
  }

  became({ first, last, status, code }: RowsStatus): void {
    if (!isFinal(status)) return;
    for (const page of this.#pagesOf(first, last)) {
      const end = Math.min(last, page.first + page.count - 1);
      for (let sequence = Math.max(first, page.first); sequence <= end; sequence++)
        if (!this.#final.has(sequence)) this.#final.set(sequence, { status, ...(code && { code }) });
    }
  }

  statusOf(sequence: number): RowStatus {
    return this.#final.get(sequence) ?? { status: interimStatus(this.stream, sequence, this.acknowledged) };
  }

  texts(first: number, last: number): readonly string[] {
    const rows = [...this.#rows(this.#pagesOf(first, last))];
    return rows.filter(({ sequence }) => first <= sequence && sequence <= last).map(({ text }) => text);
  }

  outbox(): readonly Placed<OutboxRow>[] {
    if (this.stream.direction !== 'out' || this.#isVolatile) return [];
    const { peer, epoch } = this.stream;
    const waiting = [...this.#rows()].filter(({ sequence }) => sequence > this.acknowledged);
    return waiting.map(({ place, sequence, text }) => {
      const gone = this.#final.get(sequence)?.code;
      return { place, peer, epoch, sequence, text, ...(gone && { gone }) };
    });
  }

  mark(): Mark | undefined {
    if (this.stream.direction !== 'in' || this.#isVolatile) return undefined;
    const { peer, epoch } = this.stream;
    const refused = [...this.#final]
      .filter(([sequence, { status }]) => status === 'refused' && sequence > this.refusalsKnown)
      .map(([sequence, { code }]): [number, ErrorCode] => [sequence, code ?? 'INTERNAL'])
      .sort(([a], [b]) => a - b);
    return { peer, epoch, sequence: this.last, refused };
  }

  open(): readonly Placed<OpenRow>[] {
    if (this.stream.direction === 'out' || this.#isVolatile) return [];
    return [...this.#rows()].flatMap(({ place, sequence, text, clockOffset }) =>
      this.#final.has(sequence) ? [] : [{ place, ...this.stream, sequence, text, clockOffset }],
    );
  }

  /** Those with rows from `first` to `last`; looked for from the end, since what is asked about is mostly new. */
  #pagesOf(first: number, last: number): readonly StoredPage[] {
    const end = this.pages.findLastIndex((page) => page.first <= last);
    const before = this.pages.findLastIndex((page, index) => index <= end && page.first + page.count <= first);
    return this.pages.slice(before + 1, end + 1);
  }

  *#rows(pages: readonly StoredPage[] = this.pages) {
    for (const { place, first, count, text, clockOffset } of pages) {
      const lines = linesOf(text);
      for (let index = 0; index < count; index++)
        yield { place: place + index, sequence: first + index, text: textAt(lines, index), clockOffset };
    }
  }
}
