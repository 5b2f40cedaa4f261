import { useEffect, useState } from 'react';
import type { JournalEventView, JournalRowView } from '../../../../shared/api.ts';
import { type Address, isAddress, NODE_MACHINE_ID } from '../../../../shared/ids.ts';
import { useCall } from '../../node-link.tsx';
import { dateAndTime, timeOfDay } from '../../parts/format.ts';
import { Skeleton } from '../../parts/notice.tsx';
import { plain } from '../../parts/text.tsx';
import { machineHref } from '../../router.ts';
import { endOf } from '../messages/message-filter.ts';
import { useLatest } from './use-machine.tsx';

/** Milliseconds until it is read again. */
const AGAIN_MS = 2_000;
const PAGE = 30;
/** What the node gives in one go. */
const MOST = 1_000;

/** What a machine of this node did, newest first: each event, where it came from, and the state after it. */
export function Journal({ machine }: { readonly machine: string }) {
  const [limit, setLimit] = useState(PAGE);
  const { value, error, reload } = useCall('journal', { machine, limit });
  useEffect(() => {
    const timer = setInterval(reload, AGAIN_MS);
    return () => clearInterval(timer);
  }, [reload]);
  // What was read stays until more of it is here.
  const rows = useLatest(value);
  if (error) return <p className="fault">{plain(error.message, 300)}</p>;
  if (!rows) return <Skeleton rows={4} height={28} />;
  return (
    <>
      {rows.some(({ damaged }) => damaged) && (
        <p className="fault">
          The disk did not keep all of it. What the machine was after a damaged row is known again from the next
          snapshot on.
        </p>
      )}
      <ol className="last-messages journal-rows">
        {rows.map((row) => (
          <Row key={row.seq} row={row} />
        ))}
      </ol>
      {rows.length >= limit && limit < MOST && (
        <button type="button" className="button journal-more" onClick={() => setLimit(Math.min(MOST, limit * 3))}>
          Show more
        </button>
      )}
    </>
  );
}

const Row = ({ row }: { readonly row: JournalRowView }) =>
  row.damaged ? (
    <li>
      <span className="muted">row {row.seq}</span>
      <span className="fault">damaged on the disk</span>
    </li>
  ) : (
    <EventRow row={row} />
  );

function EventRow({ row: { seq, at, from, eventType, eventJson, state } }: { readonly row: JournalEventView }) {
  return (
    <li>
      <time className="muted" dateTime={dateAndTime(at)} title={`Row ${seq}, ${dateAndTime(at)}`}>
        {timeOfDay(at).slice(0, 8)}
      </time>
      <span className="last-what" title={plain(eventJson, 400)}>
        {isAddress(from) ? (
          <>
            <code>{plain(eventType, 60)}</code> <From address={from} />
          </>
        ) : (
          <>
            <span className="muted">{plain(from, 60)}</span> <code>{plain(eventType, 60)}</code>
          </>
        )}
      </span>
      <span className="muted journal-state" title={plain(state, 400)}>
        {plain(state, 60)}
      </span>
    </li>
  );
}

function From({ address }: { readonly address: Address }) {
  const { machine } = endOf(address);
  return (
    <span className="muted">
      from {machine === NODE_MACHINE_ID ? 'a node' : <a href={machineHref(address)}>{plain(machine, 60)}</a>}
    </span>
  );
}
