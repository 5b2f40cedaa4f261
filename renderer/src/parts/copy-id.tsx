import { useEffect, useState } from 'react';
import { Icon } from './icon.tsx';
import { plain } from './text.tsx';

/** Milliseconds that the tick is seen. */
const TICK_MS = 1_500;

/** An id in short; all of it on hover, and in the clipboard on a click. */
export function CopyId({
  id,
  label,
  length = 8,
}: {
  readonly id: string;
  readonly label: string;
  readonly length?: number;
}) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), TICK_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const short = plain(id.slice(0, length));
  const copy = () => {
    void navigator.clipboard?.writeText(id).then(
      () => setCopied(true),
      () => {},
    );
  };
  return (
    <button
      type="button"
      className="copy-id"
      title={`${plain(id, 200)} – click to copy`}
      aria-label={`${short}: copy ${label}`}
      onClick={(event) => {
        event.stopPropagation();
        copy();
      }}
    >
      <code>{short}</code>
      <Icon name={copied ? 'check' : 'copy'} size={12} />
    </button>
  );
}
