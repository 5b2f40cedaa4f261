import { useState } from 'react';
import type { Bring, PairingView } from '../../../shared/api.ts';
import { useNetwork } from '../network.tsx';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { Fault } from '../parts/fault.tsx';
import { useNow } from '../parts/hooks.ts';
import { Icon } from '../parts/icon.tsx';
import { plain, Text } from '../parts/text.tsx';
import { useAct } from '../parts/use-act.ts';
import { BringChoice } from './bring-choice.tsx';

/** The pairing that is under way, above every page: it waits for a person, and not for long. */
export function PairingPanel() {
  const { trust } = useNetwork();
  if (!trust?.pairing) return null;
  const { pairing, members } = trust;
  // Another pairing begins with nothing chosen.
  return <Panel key={`${pairing.peer?.id} ${pairing.closesAt}`} pairing={pairing} members={members} />;
}

function Panel({ pairing, members }: { readonly pairing: PairingView; readonly members: number }) {
  const { act, ready, fault } = useAct();
  const [bring, setBring] = useState<Bring>();
  const { stage, opened, agreed, digits, code, problem, unanswered, peer } = pairing;
  const name = plain(pairing.peer?.name ?? '', 40) || 'the other node';
  const moves = !opened && members > 0;
  const rotateWithout = async (node: string) => {
    if (await act('revoke', { node })) await act('endPairing', {});
  };
  const isOver = stage === 'paired' || stage === 'failed';
  return (
    <section className={`pairing ${stage}`} aria-label="Pairing" aria-live="polite">
      <span className="pairing-icon">
        <Icon name={stage === 'paired' ? 'check' : stage === 'failed' ? 'warning' : 'link'} size={20} />
      </span>
      <div className="pairing-text">
        <h2>{headingOf(pairing, name)}</h2>
        {stage === 'comparing' && (
          <p>
            {agreed
              ? `Waiting for the person at ${name} to say the same.`
              : `Only if ${name} shows the very same digits, the two talk to each other and to nobody in between. ${
                  opened ? `It then joins this node’s network.` : `This node then joins its network.`
                }`}
          </p>
        )}
        {stage === 'showing' && (
          <p>
            Type it at the other node: in its dashboard, or with <code>intermachine pair --code</code>. It then joins
            this node’s network.
          </p>
        )}
        {stage === 'failed' && (
          <p>
            <Text length={300}>{problem ?? ''}</Text>
          </p>
        )}
        {unanswered && (
          <p>
            The network’s key was sent to {name}, and no answer came: <strong>it may have the key.</strong> Unless you
            trust it, rotate the key without it.
          </p>
        )}
        <Fault text={fault} />
      </div>
      {digits !== undefined && !isOver && <Digits text={digits} size={3} label="The digits of this node" />}
      {code !== undefined && <Digits text={code} size={4} label="The code to type" />}
      <div className="pairing-buttons">
        {stage === 'comparing' && !agreed && (
          <>
            {moves && <BringChoice members={members} value={bring} onChange={setBring} />}
            <button
              type="button"
              className="button primary"
              disabled={!ready || (moves && bring === undefined)}
              onClick={() => void act('agree', bring === undefined ? {} : { bring })}
            >
              They are the same
            </button>
          </>
        )}
        {unanswered && peer && (
          <ConfirmButton sure="Replace the key?" disabled={!ready} onConfirm={() => void rotateWithout(peer.id)}>
            New key without it
          </ConfirmButton>
        )}
        <button type="button" className="button" disabled={!ready} onClick={() => void act('endPairing', {})}>
          {isOver ? 'Close' : stage === 'comparing' && !agreed ? 'They differ' : 'Cancel'}
        </button>
        {!isOver && <Left until={pairing.closesAt} />}
      </div>
    </section>
  );
}

function headingOf({ stage, asked, method }: PairingView, name: string): string {
  switch (stage) {
    case 'reaching':
      return `Reaching ${name} …`;
    case 'showing':
      return 'This code lets one node in';
    case 'comparing':
      return asked ? `${name} asks to pair: does it show the same digits?` : `Does ${name} show the same digits?`;
    case 'handing':
      return `Pairing with ${name} …`;
    case 'paired':
      return `Paired with ${name}`;
    case 'failed':
      return method === 'code' && name === 'the other node' ? 'Nobody was paired' : `Not paired with ${name}`;
  }
}

/** In groups, as people read them aloud. */
function Digits({ text, size, label }: { readonly text: string; readonly size: number; readonly label: string }) {
  const groups = text.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
  return (
    <p className="digits" role="img" aria-label={`${label}: ${[...text].join(' ')}`}>
      {groups.map((group, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two groups may be the same
        <span key={at}>{group}</span>
      ))}
    </p>
  );
}

function Left({ until }: { readonly until: number }) {
  const now = useNow(1_000);
  const seconds = Math.max(0, Math.ceil((until - now) / 1_000));
  return (
    <span className="muted pairing-left">{`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`}</span>
  );
}
