import { useMemo, useState } from 'react';
import type { LogItem, MachineView, MessageView } from '../../../../shared/api.ts';
import { useCall, useItems } from '../../node-link.tsx';

/** Rows. A glance; the Messages page has them all. */
const SHOWN = 30;

export interface LastMessages {
  readonly rows: readonly MessageView[];
  readonly loading: boolean;
  readonly error?: string;
}

/** The newest messages that this node saw go to or come from a machine, newest first. */
export function useLastMessages({ address, id, node }: Pick<MachineView, 'address' | 'id' | 'node'>): LastMessages {
  const filter = useMemo(() => ({ limit: SHOWN, machine: id, node }), [id, node]);
  const { value, loading, error } = useCall('messages', filter);
  const [fresh, setFresh] = useState<readonly MessageView[]>([]);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, LogItem['outcomes'][number]>>(new Map());
  const isMine = (row: MessageView) => row.from === address || row.to === address;

  useItems(
    'log',
    {},
    {
      item({ rows, outcomes: told }) {
        const mine = rows.filter(isMine);
        if (mine.length > 0) setFresh((was) => [...was, ...mine].slice(-SHOWN));
        if (told.length > 0) setOutcomes((was) => withOutcomes(was, told));
      },
    },
  );

  const rows = useMemo(() => {
    const byPlace = new Map<number, MessageView>();
    for (const row of [...(value ?? []), ...fresh])
      if (row.from === address || row.to === address) byPlace.set(row.place, row);
    return [...byPlace.values()]
      .sort((one, other) => other.place - one.place)
      .slice(0, SHOWN)
      .map((row) => ({ ...row, ...outcomes.get(keyOf(row)) }));
  }, [value, fresh, outcomes, address]);
  return { rows, loading: loading && rows.length === 0, ...(error && { error: error.message }) };
}

/** A machine that sends to its neighbour on the same node has one envelope in one row; others may share an id across directions. */
const keyOf = ({ direction, id }: Pick<MessageView, 'direction' | 'id'>): string => `${direction} ${id}`;

/** As many as can belong to rows that are shown, also at 1,000 messages a second. */
const MAX_OUTCOMES = 2_000;

function withOutcomes(
  was: ReadonlyMap<string, LogItem['outcomes'][number]>,
  told: LogItem['outcomes'],
): ReadonlyMap<string, LogItem['outcomes'][number]> {
  const next = new Map(was);
  for (const outcome of told) next.set(keyOf(outcome), outcome);
  for (const key of next.keys()) {
    if (next.size <= MAX_OUTCOMES) break;
    next.delete(key);
  }
  return next;
}
