import { memo, useRef, useState } from 'react';
import { plain } from '../../parts/text.tsx';

/** Entries of one object that are shown at once. */
const PAGE = 50;
/** Levels that are open at first. */
const OPEN_LEVELS = 2;
/** An object with more entries is closed at first. */
const OPEN_ENTRIES = 24;

/** A JSON value, to be opened level by level; what changed since the value before lights up. */
export const JsonTree = memo(function JsonTree({ value }: { readonly value: unknown }) {
  return isHolder(value) && entriesOf(value).length > 0 ? (
    <ul className="json-tree">
      <Entries value={value} level={1} />
    </ul>
  ) : (
    <p className="json-tree">
      <Leaf value={value} />
    </p>
  );
});

function Entries({ value, level }: { readonly value: object; readonly level: number }) {
  const [shown, setShown] = useState(PAGE);
  const entries = entriesOf(value);
  return (
    <>
      {entries.slice(0, shown).map(([key, below]) => (
        <Entry key={key} name={key} value={below} level={level} />
      ))}
      {entries.length > shown && (
        <li>
          <button type="button" className="tree-more" onClick={() => setShown(shown + PAGE)}>
            {entries.length - shown} more
          </button>
        </li>
      )}
    </>
  );
}

interface EntryProps {
  readonly name: string;
  readonly value: unknown;
  readonly level: number;
}

function Entry({ name, value, level }: EntryProps) {
  const holds = isHolder(value);
  const entries = holds ? entriesOf(value) : [];
  const [isOpen, setOpen] = useState(level <= OPEN_LEVELS && entries.length <= OPEN_ENTRIES);
  const key = <span className="tree-key">{plain(name, 80)}</span>;
  if (!holds || entries.length === 0)
    return (
      <li>
        {key}: <Changing value={value} />
      </li>
    );
  return (
    <li>
      <button type="button" className="tree-fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {key}: <Changing value={value} isFolded={!isOpen} />
      </button>
      {isOpen && (
        <ul>
          <Entries value={value} level={level + 1} />
        </ul>
      )}
    </li>
  );
}

/** An element of its own for each value, so that its light starts anew. What is open shows its own changes. */
function Changing({ value, isFolded = true }: { readonly value: unknown; readonly isFolded?: boolean }) {
  const text = isFolded ? JSON.stringify(value) : '';
  const seen = useRef({ text, count: 0, isFolded });
  if (seen.current.isFolded !== isFolded) seen.current = { text, count: 0, isFolded };
  else if (seen.current.text !== text) seen.current = { text, count: seen.current.count + 1, isFolded };
  const { count } = seen.current;
  return (
    <span key={count} className={count > 0 ? 'tree-changed' : ''}>
      {isHolder(value) ? <Summary value={value} /> : <Leaf value={value} />}
    </span>
  );
}

function Summary({ value }: { readonly value: object }) {
  const count = entriesOf(value).length;
  if (count === 0) return <span className="muted">{Array.isArray(value) ? '[]' : '{}'}</span>;
  return <span className="muted">{Array.isArray(value) ? `[${count}]` : `{${count}}`}</span>;
}

function Leaf({ value }: { readonly value: unknown }) {
  if (typeof value === 'string') return <span className="tree-text">"{plain(value, 400)}"</span>;
  if (isHolder(value)) return <Summary value={value} />;
  return <span className={`tree-${value === null ? 'null' : typeof value}`}>{String(value)}</span>;
}

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;
const entriesOf = (value: object): readonly (readonly [string, unknown])[] => Object.entries(value);
