import { useCallback, useEffect, useRef, useState } from 'react';
import type { DeadLetterFilter, DeadLetterView } from '../../../../shared/api.ts';
import type { InterMachineError } from '../../../../shared/errors.ts';
import { asError, useClient } from '../../node-link.tsx';

/** Milliseconds. Letters are rare; whoever looks sees a new one soon. */
const AGAIN_MS = 3_000;
/** What the node gives, and is told, in one go. */
export const MOST = 1_000;
const PAGE = 100;

export interface Letters {
  /** Newest first; missing while they were never read. */
  readonly letters?: readonly DeadLetterView[];
  /** Whether there may be more. */
  readonly isCut: boolean;
  readonly error?: InterMachineError;
  readonly more: () => void;
  readonly reload: () => void;
}

/** The newest letters that fit, read again and again. */
export function useLetters(filter: Omit<DeadLetterFilter, 'limit' | 'before'>): Letters {
  const client = useClient();
  const key = JSON.stringify(filter);
  const [limit, setLimit] = useState(PAGE);
  const [read, setRead] = useState<{ key: string; letters?: readonly DeadLetterView[]; error?: InterMachineError }>({
    key,
  });
  const asked = useRef(0);
  const load = useCallback(async () => {
    if (!client) return;
    const turn = ++asked.current;
    try {
      const letters = await client.call('deadLetters', { ...JSON.parse(key), limit });
      if (turn === asked.current) setRead({ key, letters });
    } catch (thrown) {
      const error = asError(thrown);
      // The link says this itself.
      if (turn === asked.current && error.code !== 'PIPE_CLOSED') setRead((was) => ({ ...was, key, error }));
    }
  }, [client, key, limit]);
  useEffect(() => {
    void load();
    const timer = setInterval(() => void load(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [load]);
  const { letters, error } = read.key === key ? read : {};
  return {
    ...(letters && { letters }),
    ...(error && { error }),
    isCut: (letters?.length ?? 0) >= limit && limit < MOST,
    more: () => setLimit(Math.min(MOST, limit * 3)),
    reload: () => void load(),
  };
}
