import { useState } from 'react';
import type { StrangerView } from '../../../../shared/api.ts';
import { useMayAct, useNetwork } from '../../network.tsx';
import { ConfirmButton } from '../../parts/confirm-button.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { Fault } from '../../parts/fault.tsx';
import { duration } from '../../parts/format.ts';
import { useNow } from '../../parts/hooks.ts';
import { Notice } from '../../parts/notice.tsx';
import { plain, Text } from '../../parts/text.tsx';
import { useAct } from '../../parts/use-act.ts';
import { JoiningForm } from './joining-form.tsx';

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
      <Fault text={fault} className="node-row-fault" />
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
      {isTyping && (
        <JoiningForm
          label="The eight digits that it shows"
          submit="Join its network"
          field={{ autoFocus: true, inputMode: 'numeric', maxLength: 12, placeholder: '1234 5678' }}
          members={trust?.members ?? 0}
          isWhole={(code) => code.replace(/\D/g, '').length === 8}
          call={(act, code, bring) => act('typeCode', { node: id, code, ...bring })}
          done={() => setTyping(false)}
        />
      )}
      <Fault text={fault} className="node-row-fault" />
    </li>
  );
}

function Knocked({ at }: { readonly at: number }) {
  const now = useNow(1_000);
  return <span>knocked {duration(now - at)} ago</span>;
}
