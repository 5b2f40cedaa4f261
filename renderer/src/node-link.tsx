import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import type { Calls, Streams } from '../../shared/api.ts';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { type LinkState, type NodeClient, NodeLink } from './link/node-link.ts';
import { openPipe } from './link/pipes.ts';

// The page's one link to its node, and what components read through it. What was read stays on the screen while the link is lost.

export type { LinkState, NodeClient } from './link/node-link.ts';

const Link = createContext<NodeLink | undefined>(undefined);

export function NodeLinkProvider({ children }: { readonly children: ReactNode }) {
  const [link] = useState(() => new NodeLink(openPipe));
  useEffect(() => {
    link.start();
    return () => link.stop();
  }, [link]);
  return <Link value={link}>{children}</Link>;
}

function useNodeLink(): NodeLink {
  const link = useContext(Link);
  if (!link) throw new Error('There is no NodeLinkProvider around this component');
  return link;
}

export function useLink(): LinkState & { readonly retryNow: () => void } {
  const link = useNodeLink();
  const state = useSyncExternalStore(link.watch, link.snapshot);
  return { ...state, retryNow: link.retryNow };
}

/** Missing while the link is not open. */
export function useClient(): NodeClient | undefined {
  const link = useNodeLink();
  return useSyncExternalStore(link.watch, () => link.snapshot().client);
}

/** As errors reach a component: the code to decide by, the sentence to show. */
export const asError = (thrown: unknown): InterMachineError =>
  thrown instanceof InterMachineError ? thrown : new InterMachineError('INTERNAL', reasonOf(thrown));

export interface Called<Value> {
  readonly loading: boolean;
  /** The newest answer; that to an earlier input never shows. It stays while the link is lost. */
  readonly value?: Value;
  readonly error?: InterMachineError;
  readonly reload: () => void;
}

/** Calls once, again when `input` changes (by its JSON), and again when the link is back. */
export function useCall<Name extends keyof Calls>(
  name: Name,
  input: Parameters<Calls[Name]>[0],
): Called<ReturnType<Calls[Name]>> {
  type Value = ReturnType<Calls[Name]>;
  const client = useClient();
  const key = JSON.stringify(input);
  const [asked, setAsked] = useState(0);
  const [answer, setAnswer] = useState<{ key: string; loading: boolean; value?: Value; error?: InterMachineError }>({
    key,
    loading: true,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked makes it run again
  useEffect(() => {
    if (!client) return;
    let current = true;
    setAnswer((was) => (was.key === key ? { ...was, loading: true } : { key, loading: true }));
    client.call(name, JSON.parse(key)).then(
      (value) => current && setAnswer({ key, loading: false, value: value as Value }),
      (thrown) => {
        if (!current) return;
        const error = asError(thrown);
        // The link says this itself, and calls again once it is back.
        if (error.code === 'PIPE_CLOSED') return;
        setAnswer({ key, loading: false, error });
      },
    );
    return () => {
      current = false;
    };
  }, [client, name, key, asked]);
  const reload = useCallback(() => setAsked((count) => count + 1), []);
  return answer.key === key ? { ...answer, reload } : { loading: true, reload };
}

export interface ItemReader<Item> {
  /** Before the first item, and again whenever the stream starts anew. */
  started?(): void;
  /** `first` since it started: what was known before may be gone. */
  item(item: Item, first: boolean): void;
  ended?(): void;
  failed?(error: InterMachineError): void;
}

/** Hands over each item of a stream exactly once; from its start again when `input` changes (by its JSON) or the link is back. */
export function useItems<Name extends keyof Streams>(
  name: Name,
  input: Parameters<Streams[Name]>[0],
  reader: ItemReader<ReturnType<Streams[Name]>>,
): void {
  const client = useClient();
  const key = JSON.stringify(input);
  const newest = useRef(reader);
  newest.current = reader;
  useEffect(() => {
    newest.current.started?.();
    if (!client) return;
    const abort = new AbortController();
    const read = async () => {
      let first = true;
      try {
        for await (const item of client.stream(name, JSON.parse(key), abort.signal)) {
          if (abort.signal.aborted) return;
          newest.current.item(item as ReturnType<Streams[Name]>, first);
          first = false;
        }
        if (!abort.signal.aborted) newest.current.ended?.();
      } catch (thrown) {
        const error = asError(thrown);
        // The link says this itself, and the stream starts again once it is back.
        if (!abort.signal.aborted && error.code !== 'PIPE_CLOSED') newest.current.failed?.(error);
      }
    };
    void read();
    return () => abort.abort();
  }, [client, name, key]);
}

export interface Streamed<Value> {
  readonly value: Value;
  /** `waiting` until the first item, and while the link is lost. */
  readonly state: 'waiting' | 'live' | 'ended' | 'failed';
  readonly error?: InterMachineError;
}

/**
 * What the items of a stream add up to; `reduce` is pure, and its `first` is that of `ItemReader`. The value stays while the
 * link is lost; it is `initial` again when `input` changes.
 */
export function useStream<Name extends keyof Streams, Value>(
  name: Name,
  input: Parameters<Streams[Name]>[0],
  reduce: (value: Value, item: ReturnType<Streams[Name]>, first: boolean) => Value,
  initial: Value,
): Streamed<Value> {
  const key = JSON.stringify(input);
  const [streamed, setStreamed] = useState<Streamed<Value> & { readonly key: string }>({
    key,
    value: initial,
    state: 'waiting',
  });
  const become = (state: Streamed<Value>['state'], error?: InterMachineError) =>
    setStreamed((was) => ({ key, value: was.key === key ? was.value : initial, state, ...(error && { error }) }));
  useItems(name, input, {
    started: () => become('waiting'),
    item: (item, first) =>
      setStreamed(({ value }) => ({ key, value: reduce(value, item, first), state: 'live' as const })),
    ended: () => become('ended'),
    failed: (error) => become('failed', error),
  });
  return streamed.key === key ? streamed : { value: initial, state: 'waiting' };
}
