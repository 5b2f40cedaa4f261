import type { PeerState, PeerView } from '../../../../shared/api.ts';
import type { NodeId } from '../../../../shared/ids.ts';
import { PeerBadge } from '../../parts/badges.tsx';
import { CopyId } from '../../parts/copy-id.tsx';
import { bytes, count, duration, plural, roundTrip } from '../../parts/format.ts';
import { Notice } from '../../parts/notice.tsx';
import { plain, Text } from '../../parts/text.tsx';
import { ForgetButton } from './forget-button.tsx';

const ORDER: Readonly<Record<PeerState, number>> = { alive: 0, suspect: 1, offline: 2, untrusted: 3, blocked: 4 };
/** More are found by the machines' page; a table of thousands helps nobody here. */
const MOST = 200;

interface PeersProps {
  readonly peers: readonly PeerView[];
  readonly machinesOn: ReadonlyMap<NodeId, number>;
}

/** All other nodes that are known. */
export function Peers({ peers, machinesOn }: PeersProps) {
  const sorted = peers.toSorted(
    (a, b) => (ORDER[a.state] ?? 9) - (ORDER[b.state] ?? 9) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const states = Map.groupBy(sorted, ({ state }) => state);
  return (
    <section className="card peers" aria-labelledby="peers-title">
      <div className="card-head">
        <h2 id="peers-title">Peers</h2>
        <span className="muted">
          {[...states].map(([state, all]) => `${all.length} ${plain(state, 20)}`).join(' · ')}
        </span>
      </div>
      {peers.length === 0 ? (
        <Notice icon="overview" title="No other node yet">
          <p>
            Start one in a second terminal, or on another host with the same network key: <code>npm start</code>. It
            appears here by itself.
          </p>
        </Notice>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard
        <section className="peers-scroll" tabIndex={0} aria-label="List of peers">
          <table className="peers-table">
            <thead>
              <tr>
                <th scope="col">Node</th>
                <th scope="col">State</th>
                <th scope="col" className="number">
                  Round trip
                </th>
                <th scope="col" className="number">
                  Machines
                </th>
                <th scope="col" className="number">
                  Waiting
                </th>
                <th scope="col">Address</th>
                <th scope="col">Id</th>
                <th scope="col">
                  <span className="visually-hidden">What can be done</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {sorted.slice(0, MOST).map((peer) => (
                <Peer key={peer.id} peer={peer} machines={machinesOn.get(peer.id) ?? 0} />
              ))}
            </tbody>
          </table>
          {sorted.length > MOST && <p className="table-foot">and {plural(sorted.length - MOST, 'peer')} more</p>}
        </section>
      )}
    </section>
  );
}

function Peer({ peer, machines }: { readonly peer: PeerView; readonly machines: number }) {
  const [endpoint, ...others] = peer.endpoints;
  return (
    <tr className={peer.state}>
      <th scope="row" data-column="name">
        <Text length={60}>{peer.name}</Text>
      </th>
      <td data-column="state">
        <PeerBadge state={peer.state} />
        {peer.unstable && (
          <span
            className="peer-problem muted"
            title="Its line opens and breaks again and again, so it is dialled more slowly"
          >
            unstable
          </span>
        )}
        {peer.problem && (
          <span className="peer-problem muted" title={plain(peer.problem, 600)}>
            <Text length={200}>{peer.problem}</Text>
          </span>
        )}
      </td>
      <td data-column="trip" className="number">
        {peer.roundTripMs === undefined || ORDER[peer.state] > ORDER.suspect ? '–' : roundTrip(peer.roundTripMs)}
      </td>
      <td data-column="machines" className="number">
        {count(machines)}
      </td>
      <td data-column="waiting" className={`number ${peer.waiting > 0 ? 'has-waiting' : ''}`}>
        <Waiting peer={peer} />
      </td>
      <td data-column="address" className="muted">
        {endpoint ? <Text length={60}>{`${endpoint.host}:${endpoint.port}`}</Text> : '–'}
        {others.length > 0 && <span> +{others.length}</span>}
      </td>
      <td data-column="id">
        <CopyId id={peer.id} label="the id of this peer" />
      </td>
      <td data-column="act">
        <ForgetButton peer={peer} />
      </td>
    </tr>
  );
}

/** What waits for it, since when, and while it gets that, how far it is. */
function Waiting({ peer }: { readonly peer: PeerView }) {
  const { waiting, waitingLength, oldestSentAt, syncing } = peer;
  if (syncing)
    return (
      <span className="peer-syncing">
        {count(waiting)}
        <progress
          max={syncing.of}
          value={syncing.acknowledged}
          aria-label={`What waited for ${plain(peer.name, 40)}: ${syncing.acknowledged} of ${syncing.of} delivered`}
        />
        <span className="muted">
          {count(syncing.acknowledged)} of {count(syncing.of)}
        </span>
      </span>
    );
  return (
    <>
      {count(waiting)}
      {waiting > 0 && (
        <span className="peer-backlog muted">
          {bytes(waitingLength)}
          {oldestSentAt !== undefined && ` · ${duration(Date.now() - oldestSentAt)}`}
        </span>
      )}
    </>
  );
}
