import { type FormEvent, useId, useState } from 'react';
import type { Bring, TrustView } from '../../../../shared/api.ts';
import { useMayAct } from '../../network.tsx';
import { asError, useClient } from '../../node-link.tsx';
import { BringChoice } from '../../pairing/bring-choice.tsx';
import { ConfirmButton } from '../../parts/confirm-button.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { dateAndTime } from '../../parts/format.ts';
import { QrCode } from '../../parts/qr-code.tsx';
import { plain, Text } from '../../parts/text.tsx';
import { useAct } from '../../parts/use-act.ts';

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
        {fault && (
          <p className="fault" role="alert">
            <Text length={300}>{fault}</Text>
          </p>
        )}
      </div>
      {shows === 'key' && <KeyView key={keyId} />}
      {shows === 'join' && <JoinForm members={members} done={() => setShows('nothing')} />}
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
  if (fault !== undefined)
    return (
      <p className="fault network-text" role="alert">
        <Text length={300}>{fault}</Text>
      </p>
    );
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

function JoinForm({ members, done }: { readonly members: number; readonly done: () => void }) {
  const { act, ready, fault } = useAct();
  const [key, setKey] = useState('');
  const [bring, setBring] = useState<Bring>();
  const id = useId();
  const join = async (event: FormEvent) => {
    event.preventDefault();
    if (await act('join', { key: key.trim(), ...(bring && { bring }) })) done();
  };
  return (
    <form className="node-row-form network-text" onSubmit={(event) => void join(event)}>
      <label htmlFor={id}>The key of the other network</label>
      <input
        id={id}
        className="field mono"
        autoComplete="off"
        spellCheck={false}
        maxLength={60}
        placeholder="26 characters"
        value={key}
        onChange={({ target }) => setKey(target.value)}
      />
      <BringChoice members={members} value={bring} onChange={setBring} />
      <button
        type="submit"
        className="button primary"
        disabled={!ready || key.trim() === '' || (members > 0 && bring === undefined)}
      >
        Move to it
      </button>
      {fault && (
        <p className="fault" role="alert">
          <Text length={300}>{fault}</Text>
        </p>
      )}
    </form>
  );
}
