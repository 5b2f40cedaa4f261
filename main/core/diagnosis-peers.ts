import type { AnnouncementFact, EndpointFact, Facts, Finding, PeerFact, TripFault } from '../../shared/diagnosis.ts';
import type { NodeId } from '../../shared/ids.ts';
import { endpointText } from './peer-addresses.ts';

/** What can be wrong with other nodes, and on the way to them. */
export function peerFindings(facts: Facts): Finding[] {
  return [
    ...twins(facts),
    ...facts.peers.flatMap((peer) => onePeer(peer, facts)),
    ...deafness(facts),
    ...linked(facts),
  ];
}

/** One id, announced by several starts at once. */
function* twins({ node, announcements }: Facts): Iterable<Finding> {
  const own = announcements.filter(({ id, incarnation }) => id === node?.id && incarnation !== node.incarnation);
  if (own.length > 0)
    yield {
      id: 'identity-copied',
      severity: 'error',
      text: `Another node with the id of this one answers from ${places(own)}.`,
      cure: COPIED,
    };
  const byId = Map.groupBy(
    announcements.filter(({ id }) => id !== node?.id),
    ({ id }) => id,
  );
  for (const same of byId.values()) {
    const [first] = same;
    if (!first || new Set(same.map(({ incarnation }) => incarnation)).size < 2) continue;
    yield {
      id: 'two-nodes-one-id',
      severity: 'error',
      text: `Two nodes with one id answer as "${first.name}", from ${places(same)}.`,
      cure: COPIED,
    };
  }
}

const COPIED =
  'A data directory was copied, and with it the identity. Stop one of them and give it a data directory of its own (--data-dir).';

const places = (announcements: readonly AnnouncementFact[]): string =>
  [...new Set(announcements.map(({ from }) => from))].join(' and ');

function onePeer(peer: PeerFact, facts: Facts): Finding[] {
  const name = nameOf(peer);
  if (peer.isUnstable)
    return [
      {
        id: 'peer-unstable',
        severity: 'warning',
        text: `The line to ${name} opens and breaks again and again.`,
        cure: 'Look at the cable, the wireless signal, and whether that node is restarted in a loop. It is dialled more slowly meanwhile.',
      },
    ];
  if (peer.state === 'alive') return [];
  if (peer.state === 'untrusted')
    return [
      {
        id: 'peer-untrusted',
        severity: 'warning',
        text: `${name} is there, and not connected: ${peer.problem ?? 'it is not trusted'}.`,
        cure: peer.problem?.includes('protocol')
          ? 'Run the same version of InterMachine on both computers.'
          : 'Give both nodes the same network key: docs/security.md says how.',
      },
    ];
  return unreachable(peer, name, facts);
}

function unreachable(peer: PeerFact, name: string, { platform }: Facts): Finding[] {
  const trips = peer.endpoints.flatMap(({ trip }) => (trip ? [trip] : []));
  const faults = trips.flatMap((trip) => ('fault' in trip ? [trip.fault] : []));
  const reaches = trips.some((trip) => 'ms' in trip);
  const tried = peer.endpoints.map(tripText).join('; ');
  const [worst] = (['silent', 'unreachable', 'refused', 'other'] as const).filter((fault) => faults.includes(fault));
  if (peer.state === 'announced' && reaches)
    return [{ id: 'peer-reachable', severity: 'ok', text: `${name} answers, and can be reached: ${tried}.` }];
  // One that nobody hears any more is most likely switched off.
  const isGone = !peer.isHeard && !reaches;
  return [
    {
      id: isGone ? 'peer-away' : 'peer-unreachable',
      severity: isGone ? 'hint' : 'error',
      text: isGone
        ? `${name} is away: it is not heard, and nothing answers at ${tried || 'any address that is known'}.`
        : `${name} ${peer.isHeard ? 'is heard' : 'is there'}, and cannot be connected: ${peer.problem ?? (tried || 'no address is known')}.`,
      ...(!isGone && { cure: cureFor(reaches ? 'other' : worst, platform) }),
    },
  ];
}

function cureFor(fault: TripFault | undefined, platform: string): string {
  switch (fault) {
    case 'refused':
      return 'Nothing listens there: the node ended without a goodbye, or a firewall of that computer refuses. Start it again, or let its TCP port through.';
    case 'silent':
      return 'Its computer, or something on the way, swallows the connection: let its TCP port through the firewall there, and look whether the access point isolates its clients.';
    case 'unreachable':
      return `There is no way to its address from here: both computers must be on one network, or a router between them.${
        platform === 'darwin'
          ? ' On a Mac this is also what a missing permission for the local network looks like.'
          : ''
      } Where addresses are translated, it must --advertise the outer one.`;
    default:
      return 'See what that node says about it: its own doctor, or its log.';
  }
}

/** Connected, so on the network, and deaf to our question or unheard by us. */
function* deafness({ peers, announcements, isLoopback }: Facts): Iterable<Finding> {
  const unheard = peers.filter(
    ({ state, isHeard, endpoints }) =>
      state === 'alive' && !isHeard && endpoints.some(({ link }) => link !== undefined),
  );
  if (unheard.length === 0 || isLoopback) return;
  const isTotal = announcements.length === 0;
  yield {
    id: 'multicast-filtered',
    severity: 'warning',
    text: `${unheard.map(nameOf).join(', ')} ${unheard.length === 1 ? 'is' : 'are'} connected on this network, but ${
      unheard.length === 1 ? 'its' : 'their'
    } answer by multicast is not heard.`,
    cure: isTotal
      ? 'Something filters multicast: switch off the isolation of clients at the access point, and IGMP snooping at switches that have no querier. Until then, nodes are found by --peer and by what peers tell.'
      : 'Something filters multicast on the way to them, or there: let UDP port 5353 through the firewall of those computers. They are found by other ways meanwhile.',
  };
}

function* linked({ peers }: Facts): Iterable<Finding> {
  const alive = peers.filter(({ state }) => state === 'alive');
  if (alive.length === 0) return;
  const trips = alive.flatMap(({ roundTripMs }) => roundTripMs ?? []);
  const slowest = trips.length > 0 ? `, the slowest in ${Math.max(...trips).toFixed(1)} ms there and back` : '';
  yield {
    id: 'peers',
    severity: 'ok',
    text: `${alive.length} ${alive.length === 1 ? 'node is' : 'nodes are'} connected${slowest}.`,
  };
}

const tripText = (endpoint: EndpointFact): string => {
  const { trip } = endpoint;
  const how = trip === undefined ? '' : 'ms' in trip ? ` in ${trip.ms.toFixed(1)} ms` : ` (${trip.reason})`;
  return `${endpointText(endpoint)}${how}`;
};

const nameOf = ({ name, id }: { readonly name: string; readonly id: NodeId }): string =>
  name === '' ? `node ${id.slice(0, 12)}…` : `"${name}" (${id.slice(0, 6)})`;
