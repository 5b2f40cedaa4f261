import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { MessageView } from '../../../../shared/api.ts';
import type { InterMachineError } from '../../../../shared/errors.ts';
import { asError, useClient, useItems } from '../../node-link.tsx';
import { asCallFilter, type Filters, wants } from './message-filter.ts';
import { EMPTY, type MessageList, released, withLive, withNewest, withOlder } from './message-list.ts';

/** Rows of one page of the log. */
const PAGE = 200;
const NOTHING = {};

export interface Messages {
  readonly list: MessageList;
  /** The first page for these filters is here. */
  readonly loaded: boolean;
  readonly error?: InterMachineError;
  readonly loadOlder: () => void;
  readonly reload: () => void;
  /** Shows what was held back. */
  readonly release: () => void;
  /** Event types seen so far. */
  readonly types: readonly string[];
}

/** The log as a list that grows on top by itself and at its end when asked. While `hold`, what is new is kept back. */
export function useMessages(filters: Filters, hold: boolean): Messages {
  const client = useClient();
  const key = JSON.stringify(filters);
  const [state, setState] = useState<{ key: string; list: MessageList; loaded: boolean; error?: InterMachineError }>({
    key,
    list: EMPTY,
    loaded: false,
  });
  const [reloads, setReloads] = useState(0);
  const loadingOlder = useRef(false);
  const current = state.key === key ? state : { key, list: EMPTY, loaded: false };
  const wanted = useMemo(() => wants(JSON.parse(key)), [key]);
  const types = useTypes();

  /** Changes the list of these filters; an answer that comes too late for them changes nothing. */
  const change = useCallback(
    (to: (list: MessageList) => MessageList, more: { loaded?: boolean; error?: InterMachineError } = {}) =>
      setState((was) => {
        const start = was.key === key ? was : { key, list: EMPTY, loaded: false };
        const { error: _, ...answered } = start;
        // Only an answer of the log takes an error of the log away.
        return { ...(more.loaded ? answered : start), list: to(start.list), ...more };
      }),
    [key],
  );

  // Before the page is asked for: what happens while it is read comes here.
  useItems('log', NOTHING, {
    item(item) {
      types.learn(item.rows);
      change((list) => withLive(list, item, wanted, hold));
    },
    failed: (error) => change((list) => list, { error }),
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: reloads makes it run again
  useEffect(() => {
    if (!client) return;
    let stale = false;
    client.call('messages', { limit: PAGE, ...asCallFilter(JSON.parse(key)) }).then(
      (page) => {
        if (stale) return;
        types.learn(page);
        change((list) => withNewest(list, page, PAGE), { loaded: true });
      },
      (thrown) => {
        const error = asError(thrown);
        if (!stale && error.code !== 'PIPE_CLOSED') change((list) => list, { loaded: true, error });
      },
    );
    return () => {
      stale = true;
    };
  }, [client, key, reloads, change, types.learn]);

  const oldest = current.list.rows.at(-1)?.place;
  const complete = current.list.complete;
  const loadOlder = useCallback(() => {
    if (!client || loadingOlder.current || complete || oldest === undefined) return;
    loadingOlder.current = true;
    client
      .call('messages', { limit: PAGE, before: oldest, ...asCallFilter(JSON.parse(key)) })
      .then((page) => {
        types.learn(page);
        change((list) => withOlder(list, page, PAGE));
      })
      // Scrolling on asks again.
      .catch(() => {})
      .finally(() => {
        loadingOlder.current = false;
      });
  }, [client, key, oldest, complete, change, types.learn]);

  const release = useCallback(() => change(released), [change]);
  useEffect(() => {
    if (!hold) release();
  }, [hold, release]);

  return {
    list: current.list,
    loaded: current.loaded,
    ...(state.key === key && state.error && { error: state.error }),
    loadOlder,
    reload: useCallback(() => setReloads((count) => count + 1), []),
    release,
    types: types.known,
  };
}

/** Types that a filter can offer; a flood of different ones ends the list, not the page. */
const MOST_TYPES = 200;

function useTypes() {
  const [known, setKnown] = useState<readonly string[]>([]);
  const learn = useCallback((rows: readonly MessageView[]) => {
    setKnown((was) => {
      const next = new Set(was);
      for (const { eventType } of rows) if (next.size < MOST_TYPES) next.add(eventType);
      return next.size === was.length ? was : [...next].toSorted();
    });
  }, []);
  return { known, learn };
}
