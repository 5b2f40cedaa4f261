import type { EndpointFact, Facts, MulticastFact, PeerFact } from '../../../../shared/diagnosis.ts';
import { PeerBadge } from '../../parts/badges.tsx';
import { roundTrip } from '../../parts/format.ts';
import { plain, Text } from '../../parts/text.tsx';

/** What was looked at, as it is: interfaces with their multicast, and the way to each node. */
export function Looked({ facts }: { readonly facts: Facts }) {
  return (
    <div className="looked">
      <Interfaces facts={facts} />
      <Ways peers={facts.peers} />
    </div>
  );
}

function Interfaces({ facts: { interfaces, multicast, isLoopback } }: { readonly facts: Facts }) {
  const rows = isLoopback ? [{ name: 'loopback', addresses: ['127.0.0.1'] }] : interfaces;
  return (
    <section className="card" aria-labelledby="interfaces-title">
      <div className="card-head">
        <h2 id="interfaces-title">Interfaces</h2>
      </div>
      {rows.length === 0 && <p className="looked-none muted">None that leads out of this computer.</p>}
      <ul className="looked-list">
        {rows.map(({ name, addresses, ...row }) => (
          <li key={name}>
            <p>
              <strong>
                <Text length={40}>{name}</Text>
              </strong>{' '}
              <span className="muted">{addresses.map((address) => plain(address, 60)).join(', ')}</span>
            </p>
            {'unused' in row && row.unused !== undefined ? (
              <p className="muted">Not used: it {row.unused}.</p>
            ) : (
              multicast
                .filter(({ link }) => link === name)
                .map((trip) => (
                  <p key={trip.family} className="muted">
                    {trip.family} multicast: {multicastWords(trip)}
                  </p>
                ))
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function multicastWords({ problem, returned, answeredAfterMs }: MulticastFact): string {
  if (problem !== undefined) return plain(problem, 200);
  if (!returned) return 'our own question was not heard';
  return answeredAfterMs === undefined ? 'nobody answered' : `answered after ${roundTrip(answeredAfterMs)}`;
}

/** More are in the list of peers. */
const MOST = 100;

function Ways({ peers }: { readonly peers: readonly PeerFact[] }) {
  return (
    <section className="card" aria-labelledby="ways-title">
      <div className="card-head">
        <h2 id="ways-title">Ways to nodes</h2>
      </div>
      {peers.length === 0 && <p className="looked-none muted">No other node is known.</p>}
      <ul className="looked-list">
        {peers.slice(0, MOST).map(({ id, name, state, isHeard, roundTripMs, endpoints }) => (
          <li key={id}>
            <p>
              <strong>
                <Text length={60}>{name}</Text>
              </strong>{' '}
              {state !== 'announced' && <PeerBadge state={state} />}
              <span className="muted">
                {' '}
                {isHeard ? 'heard by multicast' : 'not heard by multicast'}
                {state === 'alive' && roundTripMs !== undefined && `, ${roundTrip(roundTripMs)} there and back`}
              </span>
            </p>
            {endpoints.map((endpoint) => (
              <p key={`${endpoint.host} ${endpoint.port}`} className="muted">
                {endpointWords(endpoint)}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

function endpointWords({ host, port, link, trip }: EndpointFact): string {
  const at = `${host.includes(':') ? `[${plain(host, 60)}]` : plain(host, 60)}:${port}`;
  const on = link === undefined ? '' : ` on ${plain(link, 40)}`;
  if (trip === undefined) return at + on;
  return `${at}${on}: ${'ms' in trip ? `TCP in ${roundTrip(trip.ms)}` : plain(trip.reason, 200)}`;
}
