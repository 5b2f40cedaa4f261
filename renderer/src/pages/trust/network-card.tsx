import { useState } from 'react';
import type { TrustView } from '../../../../shared/api.ts';
import { useMayAct } from '../../network.tsx';
import { asError, useClient } from '../../node-link.tsx';
import { ConfirmButton } from '../../parts/confirm-button.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { Fault } from '../../parts/fault.tsx';
import { dateAndTime } from '../../parts/format.ts';
import { QrCode } from '../../parts/qr-code.tsx';
import { plain } from '../../parts/text.tsx';
import { useAct } from '../../parts/use-act.ts';
import { JoiningForm } from './joining-form.tsx';

/** The network that this node is in, its key, and the ways out of it. */
export function NetworkCard({ trust }: { readonly trust: TrustView }) {
  const { open, keyId, replaced, members } = trust;
  const mayAct = useMayAct();
  const { act, ready, fault } = useAct();
  const [shows, setShows] = useState<'nothing' | 'key' | 'join'>('nothing');
  const toggle = (what: 'key' | 'join') => setShows(shows === what ? 'nothing' : what);
  return (
    <section className="card network-card" aria-labelledby="network-title">
      <div className="card-head">
        <h2 id="network-title">This network</h2>
        {mayAct && keyId !== undefined && (
          <div className="push card-buttons">
            <button type="button" className="button" aria-expanded={shows === 'key'} onClick={() => toggle('key')}>
              {shows === 'key' ? 'Hide key' : 'Show key'}
            </button>
            <button type="button" className="button" aria-expanded={shows === 'join'} onClick={() => toggle('join')}>
              Join another
            </button>
            <ConfirmButton sure="Replace it?" disabled={!ready} onConfirm={() => void act('rotate', {})}>
              New key
            </ConfirmButton>
          </div>
        )}
      </div>
      <div className="network-text">
        {open ? (
          <p>
            <span className="badge open-network">OPEN</span> Anybody on this network is let in and may send to all
            machines: for demos and closed labs only. Start the node without <code>--open</code> to close it.
          </p>
        ) : (
          <p>
            Nodes with the key <CopyId id={keyId ?? ''} label="the id of the network key" /> are let in:{' '}
            {members === 0 ? 'there is no other yet.' : `${members} ${members === 1 ? 'other' : 'others'} so far.`}
          </p>
        )}
        {replaced.map((old) => (
          <p key={old.keyId} className="muted">
            The key {plain(old.keyId, 20)} was replaced; nodes that were known before may use it until{' '}
            {dateAndTime(old.until).slice(0, 16)}.
          </p>
        ))}
        <Fault text={fault} />
      </div>
      {shows === 'key' && <KeyView key={keyId} />}
      {shows === 'join' && (
        <div className="network-text">
          <JoiningForm
            label="The key of the other network"
            submit="Move to it"
            field={{ maxLength: 60, placeholder: '26 characters' }}
            members={members}
            isWhole={(key) => key !== ''}
            call={(act, key, bring) => act('join', { key, ...bring })}
            done={() => setShows('nothing')}
          />
        </div>
      )}
    </section>
  );
}

/** Asked for when it is to be shown, and forgotten with it. */
function KeyView() {
  const client = useClient();
  const [key, setKey] = useState<string>();
  const [fault, setFault] = useState<string>();
  const [isAsked, setAsked] = useState(false);
  if (client && !isAsked) {
    setAsked(true);
    client.call('networkKey', {}).then(
      (answer) => setKey(answer.key),
      (thrown: unknown) => setFault(asError(thrown).message),
    );
  }
  if (fault !== undefined) return <Fault text={fault} className="network-text" />;
  if (key === undefined) return null;
  return (
    <div className="key-view">
      <QrCode text={key} label="The network key as a QR code" />
      <div>
        <p className="key-text">
          <CopyId id={key} label="the network key" length={26} />
        </p>
        <p className="muted">
          Whoever has it is let in. On another host: <code>intermachine join -</code>, or{' '}
          <code>INTERMACHINE_NETWORK_KEY</code>. That it was shown is written down.
        </p>
      </div>
    </div>
  );
}
