import type { NodeView } from '../../../../shared/api.ts';
import { CopyId } from '../../parts/copy-id.tsx';
import { count, duration } from '../../parts/format.ts';
import { useNow } from '../../parts/hooks.ts';
import { plain, Text } from '../../parts/text.tsx';
import { Rate } from './rate.tsx';

interface ThisNodeProps {
  readonly node: NodeView;
  /** Missing in an open network. */
  readonly keyId: string | undefined;
  /** Alive. */
  readonly peers: number;
  /** All that are known. */
  readonly known: number;
  readonly machines: number;
  readonly waiting: number;
  readonly rates: readonly number[];
}

/** Who serves this page, and in numbers how it is. */
export function ThisNode({ node, keyId, peers, known, machines, waiting, rates }: ThisNodeProps) {
  const now = useNow(1_000);
  return (
    <section className="this-node card" aria-label="This node">
      <div className="this-node-name">
        <h1>
          <Text length={60}>{node.name}</Text>
        </h1>
        <p>
          <CopyId id={node.id} label="the id of this node" length={12} />
          <span className="muted">
            up {duration(now - node.startedAt)} · port {node.port} · {plain(node.version, 20)}
          </span>
        </p>
      </div>
      <dl className="numbers">
        <div>
          <dt>Network</dt>
          <dd>
            {keyId === undefined ? (
              <span
                className="badge open-network"
                title="Anybody on this network can join and send: for demos and closed labs only"
              >
                OPEN
              </span>
            ) : (
              <CopyId id={keyId} label="the id of the network key" />
            )}
          </dd>
        </div>
        <div>
          <dt>Peers</dt>
          <dd>
            {count(peers)}
            {known > peers && <small className="muted"> of {count(known)}</small>}
          </dd>
        </div>
        <div>
          <dt>Machines</dt>
          <dd>{count(machines)}</dd>
        </div>
        <div className={waiting > 0 ? 'has-waiting' : ''} title="Envelopes that wait until their receiver is back">
          <dt>Waiting</dt>
          <dd>{count(waiting)}</dd>
        </div>
      </dl>
      <Rate rates={rates} />
    </section>
  );
}
