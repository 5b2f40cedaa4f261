import { useEffect } from 'react';
import type { AuditView, TrustView } from '../../../../shared/api.ts';
import { useNetwork } from '../../network.tsx';
import { useCall } from '../../node-link.tsx';
import { dateAndTime } from '../../parts/format.ts';
import { Text } from '../../parts/text.tsx';

const NEWEST = { limit: 50 };
/** Characters of an id that tell nodes apart for a person. */
const SHORT_ID = 12;

/** What people did with this node, newest first. */
export function DoneByHand({ trust }: { readonly trust: TrustView }) {
  const { value: rows = [], reload } = useCall('audit', NEWEST);
  // Each of these changes with something that somebody did.
  const changed = JSON.stringify([trust.keyId, trust.blocked, trust.trusted, trust.pairing?.stage]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is what makes it read again
  useEffect(() => reload(), [changed, reload]);
  return (
    <section className="card" aria-labelledby="audit-title">
      <div className="card-head">
        <h2 id="audit-title">Done by hand</h2>
        <button type="button" className="button push" onClick={reload}>
          Read again
        </button>
      </div>
      {rows.length === 0 ? (
        <p className="muted network-text">Nothing yet. Whatever people do with this node is written down here.</p>
      ) : (
        <ol className="node-rows audit">
          {rows.map((row) => (
            <Row key={row.place} row={row} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Row({ row: { at, by, action, subject, detail } }: { readonly row: AuditView }) {
  const { peers = [], trust } = useNetwork();
  const [, address] = /^im:\/\/[a-z2-7]{52}\/(.*)$/s.exec(subject) ?? [];
  const known = [...peers, ...(trust?.blocked ?? []), ...(trust?.strangers ?? [])].find(({ id }) => id === subject);
  const name = address ?? known?.name ?? (subject.length > SHORT_ID ? `${subject.slice(0, SHORT_ID)}…` : subject);
  return (
    <li>
      <span className="muted">{dateAndTime(at).slice(0, 19)}</span>
      <b>
        <Text length={20}>{action}</Text>
      </b>
      <span className="audit-text">
        {name !== '' && <Text length={60}>{name}</Text>} {detail !== '' && <Text length={100}>{detail}</Text>}
      </span>
      <span className="muted">
        <Text length={30}>{by}</Text>
      </span>
    </li>
  );
}
