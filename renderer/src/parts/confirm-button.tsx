import { useEffect, useState } from 'react';

/** Milliseconds in which the second click counts. */
const SURE_MS = 4_000;

interface ConfirmButtonProps {
  readonly children: string;
  /** What the button says before the click that counts. */
  readonly sure: string;
  readonly label?: string;
  readonly disabled: boolean;
  readonly onConfirm: () => void;
}

/** For what cannot be undone with a click: asks once more, in its place. */
export function ConfirmButton({ children, sure, label, disabled, onConfirm }: ConfirmButtonProps) {
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    if (!isAsked) return;
    const timer = setTimeout(() => setAsked(false), SURE_MS);
    return () => clearTimeout(timer);
  }, [isAsked]);
  const text = isAsked ? sure : children;
  return (
    <button
      type="button"
      className={isAsked ? 'button danger' : 'button'}
      disabled={disabled}
      aria-label={label === undefined ? undefined : `${text} ${label}`}
      onBlur={() => setAsked(false)}
      onClick={() => {
        setAsked(!isAsked);
        if (isAsked) onConfirm();
      }}
    >
      {text}
    </button>
  );
}
