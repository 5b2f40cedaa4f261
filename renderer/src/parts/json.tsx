import { useState } from 'react';
import { plainBlock } from './text.tsx';

/** Characters that are shown at once; a browser needs long for a megabyte of coloured text. */
const FIRST = 20_000;
/** A key or text, a number, a word, or what stands between. */
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)/g;

/** JSON text, indented and coloured; as it is, where it is no JSON. */
export function Json({ text }: { readonly text: string }) {
  const [whole, setWhole] = useState(false);
  const pretty = indented(text);
  const shown = whole ? pretty : pretty.slice(0, FIRST);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard */}
      <pre className="json" tabIndex={0}>
        {pretty.length > FIRST ? plainBlock(shown) : coloured(plainBlock(shown))}
      </pre>
      {shown.length < pretty.length && (
        <button type="button" className="button" onClick={() => setWhole(true)}>
          Show all {Math.ceil(pretty.length / 1_024)} KiB
        </button>
      )}
    </>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function coloured(text: string) {
  const parts: React.ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [whole, quoted, colon, number] = match;
    if (match.index > at) parts.push(text.slice(at, match.index));
    const kind = quoted ? (colon ? 'key' : 'text') : number ? 'number' : 'word';
    parts.push(
      <span key={match.index} className={`json-${kind}`}>
        {whole}
      </span>,
    );
    at = match.index + whole.length;
  }
  parts.push(text.slice(at));
  return parts;
}
