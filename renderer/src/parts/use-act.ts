import { useState } from 'react';
import type { Calls } from '../../../shared/api.ts';
import { asError, useClient } from '../node-link.tsx';

export interface Acting {
  /** Calls the node; resolves to whether it worked. One at a time. */
  readonly act: <Name extends keyof Calls>(name: Name, input: Parameters<Calls[Name]>[0]) => Promise<boolean>;
  readonly busy: boolean;
  /** Why the last one did not work. */
  readonly fault: string | undefined;
  /** Whether there is anybody to call. */
  readonly ready: boolean;
}

/** What a button does, and what came of it. */
export function useAct(): Acting {
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  return {
    busy,
    fault,
    ready: client !== undefined && !busy,
    async act(name, input) {
      if (!client || busy) return false;
      setBusy(true);
      setFault(undefined);
      try {
        await client.call(name, input as never);
        return true;
      } catch (thrown) {
        setFault(asError(thrown).message);
        return false;
      } finally {
        setBusy(false);
      }
    },
  };
}
