import type { ReactNode } from 'react';
import type { JudgedView, PeerView } from '../../../../shared/api.ts';
import { useMayAct } from '../../network.tsx';
import { PeerBadge } from '../../parts/badges.tsx';
import { ConfirmButton } from '../../parts/confirm-button.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { Fault } from '../../parts/fault.tsx';
import { dateAndTime } from '../../parts/format.ts';
import { plain, Text } from '../../parts/text.tsx';
import { useAct } from '../../parts/use-act.ts';

const MOST = 200;

/** Nodes that are let in. */
export function Members({
  peers,
  trusted,
}: {
  readonly peers: readonly PeerView[];
  readonly trusted: readonly JudgedView[];
}) {
  const members = peers.filter(
    ({ state, incarnation }) => incarnation > 0 && state !== 'untrusted' && state !== 'blocked',
  );
  const byId = trusted.filter(({ id }) => !members.some((peer) => peer.id === id));
  if (members.length + byId.length === 0) return null;
  return (
    <section className="card" aria-labelledby="members-title">
      <div className="card-head">
        <h2 id="members-title">Let in</h2>
        <span className="muted">{members.length + byId.length}</span>
      </div>
      <ul className="node-rows">
        {members.slice(0, MOST).map((peer) => (
          <KnownNode key={peer.id} node={peer} canRevoke canBlock>
            <PeerBadge state={peer.state} />
            {trusted.some(({ id }) => id === peer.id) && <span>trusted by its id</span>}
          </KnownNode>
        ))}
        {byId.map((node) => (
          <KnownNode key={node.id} node={node} canRevoke canBlock>
            <span>trusted by its id since {dateAndTime(node.at).slice(0, 16)}, not seen</span>
          </KnownNode>
        ))}
      </ul>
    </section>
  );
}

/** Nodes that are shut out for good. */
export function Blocked({ blocked }: { readonly blocked: readonly JudgedView[] }) {
  if (blocked.length === 0) return null;
  return (
    <section className="card" aria-labelledby="blocked-title">
      <div className="card-head">
        <h2 id="blocked-title">Blocked</h2>
        <span className="muted">{blocked.length}</span>
      </div>
      <ul className="node-rows">
        {blocked.map((node) => (
          <KnownNode key={node.id} node={node} canUnblock>
            <span>since {dateAndTime(node.at).slice(0, 16)}</span>
          </KnownNode>
        ))}
      </ul>
    </section>
  );
}

interface KnownNodeProps {
  readonly node: { readonly id: string; readonly name: string };
  readonly canRevoke?: boolean;
  readonly canBlock?: boolean;
  readonly canUnblock?: boolean;
  readonly children: ReactNode;
}

function KnownNode({ node: { id, name }, canRevoke, canBlock, canUnblock, children }: KnownNodeProps) {
  const mayAct = useMayAct();
  const { act, ready, fault } = useAct();
  const shown = plain(name, 40) || 'a node without a name';
  return (
    <li className="node-row">
      <div className="node-row-name">
        <Text length={60}>{name}</Text>
        <CopyId id={id} label={`the id of ${shown}`} />
      </div>
      <div className="node-row-text muted">{children}</div>
      {mayAct && (
        <div className="node-row-buttons">
          {canRevoke && (
            <ConfirmButton
              sure="Shut it out?"
              label={shown}
              disabled={!ready}
              onConfirm={() => void act('revoke', { node: id })}
            >
              Take trust back
            </ConfirmButton>
          )}
          {canBlock && (
            <ConfirmButton
              sure="Block it?"
              label={shown}
              disabled={!ready}
              onConfirm={() => void act('block', { node: id })}
            >
              Block
            </ConfirmButton>
          )}
          {canUnblock && (
            <button
              type="button"
              className="button"
              disabled={!ready}
              aria-label={`Unblock ${shown}`}
              onClick={() => void act('unblock', { node: id })}
            >
              Unblock
            </button>
          )}
        </div>
      )}
      <Fault text={fault} className="node-row-fault" />
    </li>
  );
}
