// biome-ignore-all lint/a11y/useSemanticElements: the elements of a table lay themselves out, and cannot leave out rows that nobody sees
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useId, useRef, useState } from 'react';
import { useMedia } from './hooks.ts';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly sorted?: 'ascending' | 'descending' | undefined;
  readonly onSort?: () => void;
  readonly cell: (row: Row) => ReactNode;
}

interface VirtualTableProps<Row> {
  /** For a screen reader, in a few words. */
  readonly label: string;
  readonly className: string;
  readonly rows: readonly Row[];
  /** Unique, and the same for the same thing after every change. */
  readonly keyOf: (row: Row) => string;
  /** Stable from render to render, as a row is drawn again only when it, or these, changed. */
  readonly columns: readonly Column<Row>[];
  readonly classOf?: (row: Row) => string;
  /** A headline across all columns in place of cells. */
  readonly headlineOf?: (row: Row) => ReactNode | undefined;
  readonly onOpen: (row: Row) => void;
  readonly selected?: string | undefined;
  /** At the top, or away from it. */
  readonly onTop?: (isAtTop: boolean) => void;
  readonly onNearEnd?: () => void;
  /** After the last row. */
  readonly foot?: ReactNode;
}

/** Pixels: one line in a wide window, two in a narrow one. As in table.css. */
const ROW = { wide: 36, narrow: 56 };
const HEAD = 34;
const FOOT = 42;
export const NARROW = '(max-width: 760px)';

/** Draws only the rows that are seen. Arrow keys, Page Up and Down, Home and End move; Enter opens. */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { rows, keyOf, columns, onOpen, onTop, onNearEnd } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useMedia(NARROW);
  const height = narrow ? ROW.narrow : ROW.wide;
  const head = narrow ? 0 : HEAD;
  const [activeKey, setActiveKey] = useState<string>();
  const active = activeKey === undefined ? -1 : rows.findIndex((row) => keyOf(row) === activeKey);

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    scrollPaddingStart: head,
    getItemKey: useCallback((index: number) => keyOf(rows[index] as Row), [rows, keyOf]),
    useFlushSync: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: all heights change with the window
  useEffect(() => virtualizer.measure(), [height]);
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 20) onNearEnd?.();
  }, [last, rows.length, onNearEnd]);

  // The next one begins at its top.
  useEffect(() => () => onTop?.(true), [onTop]);

  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[index];
    if (row === undefined) return;
    setActiveKey(keyOf(row));
    virtualizer.scrollToIndex(index, { align: index === 0 ? 'end' : 'auto' });
    if (index === 0) scroller.current?.scrollTo({ top: 0 });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== scroller.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.current.clientHeight - head) / height) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: Math.max(active, 0) + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const step = steps[event.key];
    const row = rows[active];
    if (step !== undefined) move(step);
    else if (event.key === 'Enter' && row !== undefined) onOpen(row);
    else return;
    event.preventDefault();
  };
  const open = useCallback(
    (row: Row) => {
      setActiveKey(keyOf(row));
      onOpen(row);
    },
    [keyOf, onOpen],
  );

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={items.some(({ index }) => index === active) ? `${id}-${active}` : undefined}
      tabIndex={0}
      className={`table card ${props.className}`}
      style={{ maxHeight: head + virtualizer.getTotalSize() + (props.foot ? FOOT : 0) + 2 }}
      onKeyDown={onKeyDown}
      onScroll={(event) => onTop?.(event.currentTarget.scrollTop < 4)}
    >
      <div role="rowgroup" className="table-head-group">
        <div role="row" aria-rowindex={1} className="table-head" tabIndex={-1}>
          {columns.map(({ key, title, sorted, onSort }) => (
            <span key={key} role="columnheader" aria-sort={sorted} data-column={key} tabIndex={-1}>
              {onSort ? (
                <button type="button" onClick={onSort}>
                  {title}
                  <span aria-hidden="true">{sorted === 'ascending' ? '↑' : sorted === 'descending' ? '↓' : ''}</span>
                </button>
              ) : (
                title
              )}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="table-body" style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <MemoLine
              key={key}
              id={`${id}-${index}`}
              row={row}
              index={index}
              top={start}
              height={height}
              columns={columns as readonly Column<unknown>[]}
              className={`${index === active ? 'active' : ''} ${keyOf(row) === props.selected ? 'selected' : ''} ${props.classOf?.(row) ?? ''}`}
              headlineOf={props.headlineOf as LineProps['headlineOf']}
              onOpen={open as LineProps['onOpen']}
            />
          );
        })}
      </div>
      {props.foot}
    </div>
  );
}

interface LineProps {
  readonly id: string;
  readonly row: unknown;
  readonly index: number;
  readonly top: number;
  readonly height: number;
  readonly columns: readonly Column<unknown>[];
  readonly className: string;
  readonly headlineOf: ((row: unknown) => ReactNode | undefined) | undefined;
  readonly onOpen: (row: unknown) => void;
}

function Line({ id, row, index, top, height, columns, className, headlineOf, onOpen }: LineProps) {
  const headline = headlineOf?.(row);
  const style = { transform: `translateY(${top}px)`, height };
  if (headline !== undefined)
    return (
      <div
        id={id}
        role="row"
        tabIndex={-1}
        aria-rowindex={index + 2}
        className={`row group-row ${className}`}
        style={style}
      >
        <span role="gridcell" tabIndex={-1}>
          {headline}
        </span>
      </div>
    );
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the grid, whose active row this is
    <div
      id={id}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      className={`row ${className}`}
      style={style}
      onClick={() => onOpen(row)}
    >
      {columns.map(({ key, cell }) => (
        <span key={key} role="gridcell" tabIndex={-1} data-column={key}>
          {cell(row)}
        </span>
      ))}
    </div>
  );
}

const MemoLine = memo(Line);
