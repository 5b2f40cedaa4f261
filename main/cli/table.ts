import { dim } from './text.ts';

/** One column: its heading, what each row has there, and how it looks. */
export interface Column<Row> {
  readonly heading: string;
  readonly text: (row: Row) => string;
  readonly look?: (text: string, row: Row) => string;
}

/** Aligned under quiet headings; `below` adds a line under a row that has more to say. */
export function writeTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  below: (row: Row) => string | undefined = () => undefined,
): void {
  const widths = columns.map(({ heading, text }) => Math.max(heading.length, ...rows.map((row) => text(row).length)));
  const line = (cells: readonly string[]) => process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  const padded = (text: string, column: number) => text.padEnd(widths[column] ?? 0);
  line(columns.map(({ heading }, column) => dim(padded(heading, column))));
  for (const row of rows) {
    line(columns.map(({ text, look = (same) => same }, column) => look(padded(text(row), column), row)));
    const more = below(row);
    if (more !== undefined) process.stdout.write(`  ${more}\n`);
  }
}
