import type { Diagnosis, EndpointFact, Facts, PeerFact } from '../shared/diagnosis.ts';
import { reasonOf } from '../shared/errors.ts';
import type { NodeId } from '../shared/ids.ts';
import { type Examined, examineNetwork } from './adapters/discovery/examination.ts';
import { isContainer } from './adapters/host/container.ts';
import { firewallsOf } from './adapters/host/firewalls.ts';
import { tripTo } from './adapters/transport/trip.ts';
import { PROTOCOL_VERSION } from './core/defaults.ts';
import { diagnosisOf } from './core/diagnosis.ts';
import type { InterMachineNode } from './core/node.ts';
import type { PeerInfo } from './core/peers.ts';
import type { Endpoint } from './core/ports.ts';

/** What a doctor has to know beforehand. */
export interface Patient {
  readonly version: string;
  /** Digest. */
  readonly namespace: string;
  readonly isOpen: boolean;
  readonly advertises: boolean;
  readonly loopbackPort: number | undefined;
  /** Missing where none runs. */
  readonly node?: Pick<InterMachineNode, 'id' | 'name' | 'port' | 'incarnation' | 'peers'>;
  /** Where none runs: what it was told to take, 0 for any. */
  readonly port: number;
  /** Where none runs: throws where the port cannot be had. */
  readonly tryPort: (port: number) => Promise<void>;
  readonly sqliteVersion: () => string;
}

/** Peers whose addresses are tried, and addresses of each. */
const MAX_TRIED_PEERS = 64;
const MAX_TRIED_ENDPOINTS = 4;

/** Looks at this computer, its networks and the way to each node, for some three seconds. */
export async function diagnose(patient: Patient): Promise<Diagnosis> {
  const { node, loopbackPort, namespace } = patient;
  const [examined, firewalls, wantedPort] = await Promise.all([
    examineNetwork({ namespace, ...(node && { own: node.id }), ...(loopbackPort !== undefined && { loopbackPort }) }),
    firewallsOf(process.platform),
    portOf(patient),
  ]);
  const facts: Facts = {
    platform: process.platform,
    versions: versionsOf(patient),
    ...(node && {
      node: { id: node.id, name: node.name, port: node.port, incarnation: node.incarnation, isOpen: patient.isOpen },
    }),
    ...(wantedPort && { wantedPort }),
    isLoopback: loopbackPort !== undefined,
    isContainer: isContainer(process.env),
    advertises: patient.advertises,
    interfaces: examined.interfaces,
    multicast: examined.multicast,
    announcements: examined.announcements.filter(
      (each) => each.id !== node?.id || each.incarnation !== node.incarnation,
    ),
    peers: await Promise.all(
      suspects(patient, examined)
        .slice(0, MAX_TRIED_PEERS)
        .map((peer) => visited(peer, examined)),
    ),
    firewalls,
  };
  return diagnosisOf(facts);
}

function versionsOf({ version, sqliteVersion }: Patient): Facts['versions'] {
  const versions = {
    intermachine: version,
    protocol: PROTOCOL_VERSION,
    node: process.versions.node,
    nodeApi: Number(process.versions.napi),
  };
  try {
    return { ...versions, sqlite: sqliteVersion() };
  } catch {
    return versions;
  }
}

async function portOf({ node, port, tryPort }: Patient): Promise<Facts['wantedPort']> {
  if (node || port === 0) return undefined;
  try {
    await tryPort(port);
    return { port };
  } catch (thrown) {
    return { port, problem: reasonOf(thrown) };
  }
}

type Suspect = Pick<PeerFact, 'id' | 'name' | 'state' | 'problem' | 'isUnstable' | 'roundTripMs' | 'isHeard'> & {
  readonly at: readonly Endpoint[];
};

/** Those that the node knows, or without a node those that answered. */
function suspects({ node }: Patient, { announcements }: Examined): Suspect[] {
  const heard = new Set(announcements.map(({ id }) => id));
  if (node) return node.peers().map((peer) => suspectOf(peer, heard));
  const ours = Map.groupBy(
    announcements.filter(({ isOurs }) => isOurs),
    ({ id }) => id,
  );
  return [...ours].map(([id, same]) => ({
    id,
    name: same[0]?.name ?? '',
    state: 'announced',
    isUnstable: false,
    isHeard: true,
    at: same.flatMap(({ from, port }) => (port === undefined ? [] : [{ host: from, port }])),
  }));
}

const suspectOf = (
  { id, name, state, problem, unstable, roundTripMs, endpoints }: PeerInfo,
  heard: ReadonlySet<NodeId>,
): Suspect => ({
  id,
  name,
  state,
  isUnstable: unstable === true,
  isHeard: heard.has(id),
  at: endpoints,
  ...(problem !== undefined && { problem }),
  ...(roundTripMs !== undefined && { roundTripMs }),
});

/** The way to those that are connected is known to work. */
async function visited({ at, ...peer }: Suspect, { linkOf }: Examined): Promise<PeerFact> {
  const endpoints = at.slice(0, MAX_TRIED_ENDPOINTS).map(async ({ host, port }): Promise<EndpointFact> => {
    const link = linkOf(host);
    const trip = peer.state === 'alive' ? undefined : await tripTo({ host, port });
    return { host, port, ...(link !== undefined && { link }), ...(trip && { trip }) };
  });
  return { ...peer, endpoints: await Promise.all(endpoints) };
}
