import { useEffect, useRef, useState } from 'react';
import type { MessageView } from '../../../../shared/api.ts';
import { OutcomeBadge } from '../../parts/badges.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { dateAndTime } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Json } from '../../parts/json.tsx';
import { plain, Text } from '../../parts/text.tsx';
import { machineHref } from '../../router.ts';
import { End } from './end.tsx';

const DIRECTIONS = { in: 'came in', out: 'went out', local: 'stayed on this node' } as const;
const MEANINGS = {
  accepted: 'On disk here; its receiver does not have it yet.',
  delivered: 'On disk at its receiver, whose machine did not take it yet.',
  handled: 'The machine took it.',
  ignored: 'The machine, in the state it was in, has no transition for it.',
  refused: 'It was not let in.',
  dead: 'It will never be delivered.',
  expired: 'It was not delivered in time.',
  lost: 'The connection was cut on the way, and it was not to be sent again.',
} as const;

interface DrawerProps {
  readonly message: MessageView;
  /** Those that answer it, or were sent while it was handled, as far as they are loaded. */
  readonly followers: readonly MessageView[];
  /** Resolves to false where the log does not have it. */
  readonly onJump: (id: string) => Promise<boolean>;
  readonly onClose: () => void;
}

/** All that is known of one message. */
export function MessageDrawer({ message, followers, onJump, onClose }: DrawerProps) {
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus(), []);
  const isNode = (address: string) => address.endsWith('/$node');
  return (
    <aside
      className="drawer card"
      aria-label="Message details"
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <header className="drawer-head">
        <h2>
          <Text length={80}>{message.eventType}</Text>
        </h2>
        <button ref={close} type="button" className="icon-button" aria-label="Close details" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="drawer-body">
        <p className="drawer-outcome">
          <OutcomeBadge status={message.status} code={message.code} />
          {message.code && <code>{plain(message.code, 60)}</code>}
          <span className="muted">{MEANINGS[message.status]}</span>
        </p>
        <dl className="facts">
          {(['from', 'to'] as const).map((end) => (
            <div key={end}>
              <dt>{end === 'from' ? 'From' : 'To'}</dt>
              <dd>
                {isNode(message[end]) ? (
                  <End address={message[end]} />
                ) : (
                  <a href={machineHref(message[end])}>
                    <End address={message[end]} />
                  </a>
                )}
              </dd>
            </div>
          ))}
          <div>
            <dt>Sent</dt>
            <dd>{dateAndTime(message.sentAt)}</dd>
          </div>
          <div>
            <dt>Logged</dt>
            <dd>
              {dateAndTime(message.loggedAt)} <span className="muted">{DIRECTIONS[message.direction]}</span>
            </dd>
          </div>
          <div>
            <dt>Id</dt>
            <dd>
              <CopyId id={message.id} label="the id of this message" length={36} />
            </dd>
          </div>
          <Related title="Caused by" id={message.causationId} onJump={onJump} />
          <Related title="Answers" id={message.correlationId} onJump={onJump} />
        </dl>
        {followers.length > 0 && (
          <section>
            <h3 className="drawer-title">Led to</h3>
            <ul className="followers">
              {followers.map((row) => (
                <li key={`${row.direction} ${row.id}`}>
                  <button type="button" className="link-button" onClick={() => void onJump(row.id)}>
                    <Text length={40}>{row.eventType}</Text>
                  </button>
                  <Icon name="right" size={12} />
                  <End address={row.to} />
                  <OutcomeBadge status={row.status} code={row.code} />
                </li>
              ))}
            </ul>
          </section>
        )}
        <section>
          <h3 className="drawer-title">Event</h3>
          <Json text={message.eventJson} />
        </section>
      </div>
    </aside>
  );
}

interface RelatedProps {
  readonly title: string;
  readonly id: string | undefined;
  readonly onJump: (id: string) => Promise<boolean>;
}

function Related({ title, id, onJump }: RelatedProps) {
  const [state, setState] = useState<'idle' | 'searching' | 'missing'>('idle');
  if (id === undefined) return null;
  const jump = async () => {
    setState('searching');
    setState((await onJump(id)) ? 'idle' : 'missing');
  };
  return (
    <div>
      <dt>{title}</dt>
      <dd>
        <button type="button" className="link-button" onClick={() => void jump()} title={plain(id, 80)}>
          <code>{plain(id, 36)}</code>
        </button>
        {state === 'searching' && <span className="muted"> looking…</span>}
        {state === 'missing' && <span className="muted"> not among the newest messages of this node’s log</span>}
      </dd>
    </div>
  );
}
