import type { Pipe } from '../../shared/pipe.ts';

/** Two ends of one pipe; what goes in is copied, as a real one would, and comes out in a later turn. */
export function pipePair(): [Pipe, Pipe] {
  const readers: ((message: unknown) => void)[] = [];
  const closers: (() => void)[][] = [[], []];
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    for (const told of closers.flat()) told();
  };
  const end = (mine: 0 | 1): Pipe => ({
    send: (message) => {
      const copy = structuredClone(message);
      setImmediate(() => {
        if (isOpen) readers[1 - mine]?.(copy);
      });
    },
    onMessage: (read) => {
      readers[mine] = read;
    },
    onClose: (told) => closers[mine]?.push(told),
    close,
  });
  return [end(0), end(1)];
}
