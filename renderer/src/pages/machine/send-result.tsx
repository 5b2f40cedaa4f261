import type { Outcome } from '../../../../shared/envelope.ts';
import { OutcomeBadge } from '../../parts/badges.tsx';
import { plain } from '../../parts/text.tsx';
import type { Sent } from './send-form.tsx';

/** What became of the event that was sent last. */
export function SendResult({ sent }: { readonly sent: Sent }) {
  const event = <code>{plain(sent.event, 60)}</code>;
  switch (sent.state) {
    case 'sending':
      return <span className="muted">Sending {event}…</span>;
    case 'done':
      return (
        <span className="send-result" key={sent.count}>
          <OutcomeBadge status={sent.outcome.status} code={sent.outcome.code} />
          <span>
            {event} {meaningOf(sent.outcome)}
          </span>
        </span>
      );
    case 'failed':
      return (
        <span className="send-result" key={sent.count}>
          <span className="badge bad">not sent</span>
          <span>
            {plain(sent.error.message, 300)} <code>{sent.error.code}</code>
          </span>
        </span>
      );
  }
}

function meaningOf({ status, code }: Outcome): string {
  const because = code ? `: ${code}` : '';
  switch (status) {
    case 'accepted':
      return 'is kept until its node is back';
    case 'delivered':
      return 'has arrived, and waits for its turn';
    case 'handled':
      return 'took a transition';
    case 'ignored':
      return 'fits no transition of its present state';
    case 'refused':
      return `was refused${because}`;
    case 'dead':
      return `will never be delivered${because}`;
    case 'expired':
      return 'waited too long';
    case 'lost':
      return 'was lost with the connection';
  }
}
