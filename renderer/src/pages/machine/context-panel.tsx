import { useMemo } from 'react';
import type { MachineLive } from '../../../../shared/api.ts';
import { plainBlock } from '../../parts/text.tsx';
import { JsonTree } from './json-tree.tsx';

/** What the machine remembers. */
export function ContextPanel({ live }: { readonly live: MachineLive | undefined }) {
  const read = useMemo(() => (live ? readJson(live.context) : undefined), [live]);
  if (!live || !read) return <p className="muted">Not told yet.</p>;
  return (
    <>
      {live.error !== undefined && <p className="fault">{plainBlock(live.error.slice(0, 2_000))}</p>}
      {live.contextIsCut && <p className="muted">Too long to show in full: this is how it begins.</p>}
      {read.ok ? <JsonTree value={read.value} /> : <pre className="tree-raw">{plainBlock(live.context)}</pre>}
    </>
  );
}

/** A context that was cut is no JSON any more, but still worth reading. */
function readJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false };
  }
}
