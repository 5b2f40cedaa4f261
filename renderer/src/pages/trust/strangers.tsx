import { type FormEvent, useId, useState } from 'react';
import type { Bring, StrangerView } from '../../../../shared/api.ts';
import { useMayAct, useNetwork } from '../../network.tsx';
import { BringChoice } from '../../pairing/bring-choice.tsx';
import { ConfirmButton } from '../../parts/confirm-button.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { duration } from '../../parts/format.ts';
import { useNow } from '../../parts/hooks.ts';
import { Notice } from '../../parts/notice.tsx';
import { plain, Text } from '../../parts/text.tsx';
import { useAct } from '../../parts/use-act.ts';

/** A table of hundreds helps nobody here. */
const MOST = 100;

/** Nodes that are around, or knocked, and are not let in. */
export function Strangers({ strangers }: { readonly strangers: readonly StrangerView[] }) {
  const mayAct = useMayAct();
  const { act, ready, fault } = useAct();
  const { trust } = useNetwork();
  return (
    <section className="card" aria-labelledby="strangers-title">
      <div className="card-head">
        <h2 id="strangers-title">Found, not trusted</h2>
        {mayAct && trust?.keyId !== undefined && (
          <button
            type="button"
            className="button push"
            disabled={!ready || isRunning(trust.pairing?.stage)}
            onClick={() => void act('showCode', {})}
          >
            Show a code
          </button>
        )}
      </div>
      {fault && (
        <p className="fault node-row-fault" role="alert">
          <Text length={300}>{fault}</Text>
        </p>
      )}
      {strangers.length === 0 ? (
        <Notice icon="search" title="Nobody else is around">
          <p>
            Nodes of other networks on this link appear here by themselves. Nothing but their name and their advertised
            types is known of them before they are paired.
          </p>
        </Notice>
      ) : (
        <ul className="node-rows">
          {strangers.slice(0, MOST).map((stranger) => (
            <Stranger key={stranger.id} stranger={stranger} />
          ))}
        </ul>
      )}
    </section>
  );
}

export const isRunning = (stage: string | undefined): boolean =>
  stage !== undefined && stage !== 'paired' && stage !== 'failed';

export function Stranger({ stranger }: { readonly stranger: StrangerView }) {
  const { id, name, types, knockedAt, namesake, endpoints } = stranger;
  const mayAct = useMayAct();
  const { trust } = useNetwork();
  const { act, ready, fault } = useAct();
  const [isTyping, setTyping] = useState(false);
  const shown = plain(name, 40) || 'a node without a name';
  const busy = !ready || isRunning(trust?.pairing?.stage);
  return (
    <li className="node-row">
      <div className="node-row-name">
        <Text length={60}>{name}</Text>
        <CopyId id={id} label={`the id of ${shown}`} />
      </div>
      <div className="node-row-text muted">
        {endpoints[0] && <Text length={60}>{`${endpoints[0].host}:${endpoints[0].port}`}</Text>}
        {types.length > 0 && <Text length={120}>{types.join(', ')}</Text>}
        {knockedAt !== undefined && <Knocked at={knockedAt} />}
        {namesake !== undefined && (
          <span className="node-row-warning">
            Another node ({namesake.slice(0, 8)}…) has this name: compare the ids, not the names.
          </span>
        )}
      </div>
      {mayAct && trust?.keyId !== undefined && (
        <div className="node-row-buttons">
          <button
            type="button"
            className="button primary"
            disabled={busy}
            aria-label={`Pair with ${shown}`}
            onClick={() => void act('compareDigits', { node: id })}
          >
            Pair
          </button>
          <button
            type="button"
            className="button"
            disabled={busy}
            aria-expanded={isTyping}
            aria-label={`Type code of ${shown}`}
            onClick={() => setTyping(!isTyping)}
          >
            Type code
          </button>
          <ConfirmButton
            sure="Block it?"
            label={shown}
            disabled={!ready}
            onConfirm={() => void act('block', { node: id })}
          >
            Block
          </ConfirmButton>
        </div>
      )}
      {isTyping && <CodeForm node={id} members={trust?.members ?? 0} done={() => setTyping(false)} />}
      {fault && (
        <p className="fault node-row-fault" role="alert">
          <Text length={300}>{fault}</Text>
        </p>
      )}
    </li>
  );
}

interface CodeFormProps {
  readonly node: string;
  readonly members: number;
  readonly done: () => void;
}

function CodeForm({ node, members, done }: CodeFormProps) {
  const { act, ready, fault } = useAct();
  const [code, setCode] = useState('');
  const [bring, setBring] = useState<Bring>();
  const id = useId();
  const isWhole = code.replace(/\D/g, '').length === 8;
  const type = async (event: FormEvent) => {
    event.preventDefault();
    if (await act('typeCode', { node, code, ...(bring && { bring }) })) done();
  };
  return (
    <form className="node-row-form" onSubmit={(event) => void type(event)}>
      <label htmlFor={id}>The eight digits that it shows</label>
      <input
        id={id}
        className="field mono"
        inputMode="numeric"
        autoComplete="off"
        // biome-ignore lint/a11y/noAutofocus: it was opened to be typed into
        autoFocus
        maxLength={12}
        placeholder="1234 5678"
        value={code}
        onChange={({ target }) => setCode(target.value)}
      />
      <BringChoice members={members} value={bring} onChange={setBring} />
      <button
        type="submit"
        className="button primary"
        disabled={!ready || !isWhole || (members > 0 && bring === undefined)}
      >
        Join its network
      </button>
      {fault && (
        <p className="fault" role="alert">
          <Text length={300}>{fault}</Text>
        </p>
      )}
    </form>
  );
}

function Knocked({ at }: { readonly at: number }) {
  const now = useNow(1_000);
  return <span>knocked {duration(now - at)} ago</span>;
}
