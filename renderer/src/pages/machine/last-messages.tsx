import type { MachineView, MessageView } from '../../../../shared/api.ts';
import { NODE_MACHINE_ID } from '../../../../shared/ids.ts';
import { OutcomeBadge } from '../../parts/badges.tsx';
import { timeOfDay } from '../../parts/format.ts';
import { Skeleton } from '../../parts/notice.tsx';
import { plain } from '../../parts/text.tsx';
import { machineHref } from '../../router.ts';
import { endOf } from '../messages/message-filter.ts';
import { useLastMessages } from './use-last-messages.ts';

/** What went to the machine and came from it, newest first. */
export function LastMessages({ machine }: { readonly machine: MachineView }) {
  const { rows, loading, error } = useLastMessages(machine);
  if (loading) return <Skeleton rows={4} height={28} />;
  if (error !== undefined) return <p className="fault">{plain(error, 300)}</p>;
  if (rows.length === 0) return <p className="muted">This node has seen none yet.</p>;
  return (
    <ol className="last-messages">
      {rows.map((row) => (
        <LastMessage key={row.place} row={row} isFrom={row.from === machine.address} />
      ))}
    </ol>
  );
}

function LastMessage({ row, isFrom }: { readonly row: MessageView; readonly isFrom: boolean }) {
  const other = isFrom ? row.to : row.from;
  const end = endOf(other);
  return (
    <li>
      <time className="muted" dateTime={timeOfDay(row.loggedAt)}>
        {timeOfDay(row.loggedAt).slice(0, 8)}
      </time>
      <span className="last-what" title={plain(row.eventJson, 400)}>
        <code>{plain(row.eventType, 60)}</code>{' '}
        <span className="muted">
          {isFrom ? 'to ' : 'from '}
          {end.machine === NODE_MACHINE_ID ? 'a node' : <a href={machineHref(other)}>{plain(end.machine, 60)}</a>}
        </span>
      </span>
      <OutcomeBadge status={row.status} code={row.code} />
    </li>
  );
}
