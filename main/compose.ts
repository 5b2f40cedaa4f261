import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Diagnosis } from '../shared/diagnosis.ts';
import { InterMachineError } from '../shared/errors.ts';
import { SystemClock, SystemScheduler } from './adapters/clock/system.ts';
import { CombinedDiscovery } from './adapters/discovery/combined.ts';
import { FileDiscovery } from './adapters/discovery/file.ts';
import { MdnsDiscovery } from './adapters/discovery/mdns.ts';
import { StaticDiscovery } from './adapters/discovery/static.ts';
import { nodeIdOf } from './adapters/identity/certificate.ts';
import { createKeyMaterial, readOrCreateKeyMaterial } from './adapters/identity/file.ts';
import { NetworkIdentity } from './adapters/identity/network-identity.ts';
import { followNetworkKey, NetworkKey, readOrCreateNetworkKey } from './adapters/identity/network-key.ts';
import { writableByOthers } from './adapters/identity/private-directory.ts';
import { readOrCreatePrivateFile } from './adapters/identity/private-file.ts';
import { restoreDatabase } from './adapters/store/backup.ts';
import { MemoryStore } from './adapters/store/memory.ts';
import { SqliteStore } from './adapters/store/sqlite.ts';
import { sqliteVersion } from './adapters/store/sqlite-version.ts';
import { tryPort } from './adapters/transport/try-port.ts';
import { WebSocketTransport } from './adapters/transport/websocket.ts';
import { dashboardTokenFile, type Environment, homeFrom, type NodeConfig, nodesIn, viewerTokenFile } from './config.ts';
import type { AnyTypes } from './core/machine-types.ts';
import type { InterMachineNode } from './core/node.ts';
import type { Clock, Discovery, Store, StoreState } from './core/ports.ts';
import { startNode } from './core/start-node.ts';
import { diagnose, type Patient } from './doctor.ts';
import { digestOf } from './in-process.ts';
import { type Loaded, loadFile } from './machine-files/load-file.ts';
import { MachineFiles } from './machine-files/machine-files.ts';
import { NodeHost } from './machine-files/node-host.ts';

export { shippedMachine } from './machines/shipped.ts';

/** As in package.json; a test holds the two together. */
const VERSION = '0.1.0';
/** Data directories that are tried for a name before giving up: one for each node of that name on this host. */
const MAX_DATA_DIRS = 99;

/** What a node keeps, opened and locked for it alone. */
interface Opened {
  readonly store: Store;
  readonly stored: StoreState;
  /** Missing where nothing is kept. */
  readonly dataDir?: string;
  readonly name: string;
}

/** A running node, and what people want to know about how it was set up. */
export interface Started<Types extends object = AnyTypes> {
  readonly node: InterMachineNode<Types>;
  /** Missing where nothing is kept. */
  readonly dataDir?: string;
  /** Missing where there is no folder for them. */
  readonly files?: MachineFiles;
  /** Wall clock, milliseconds. */
  readonly startedAt: number;
  /** Of InterMachine. */
  readonly version: string;
  /** Looks at this computer, its networks and the way to each peer, for some three seconds. */
  readonly diagnose: () => Promise<Diagnosis>;
}

/**
 * A running node from its configuration: the only place that names technologies. `report` is told what goes wrong where
 * nobody listens. Throws DATA_DIR_LOCKED, DATA_DIR_UNUSABLE, STORE_CORRUPT, STORE_NEWER, IDENTITY_INVALID,
 * NETWORK_KEY_INVALID, CONFIG_INVALID, PORT_IN_USE, PORT_UNUSABLE, NODE_TOO_OLD.
 */
export async function startFrom<Types extends object = AnyTypes>(
  config: NodeConfig,
  report: (message: string) => void,
): Promise<Started<Types>> {
  const networkKey = config.open ? undefined : await networkKeyOf(config);
  const clock = new SystemClock();
  const opened = await open(config);
  try {
    const material = opened.dataDir
      ? await readOrCreateKeyMaterial(join(opened.dataDir, 'identity.pem'))
      : createKeyMaterial();
    const node = await startNode<Types>({
      name: opened.name,
      namespace: namespaceDigest(config.namespace),
      identity: new NetworkIdentity(material.node),
      open: config.open,
      ...(networkKey && { networkKey }),
      keyReplaced: async (key, replaced) => {
        if (config.networkKey === undefined) await followNetworkKey(networkKeyFile(config), key, replaced);
      },
      discovery: discoveryOf(config, clock),
      transport: new WebSocketTransport({
        ...material,
        nodeIdOf,
        port: config.port,
        log: report,
        maxConnections: config.limits.connections,
        ...(config.loopbackPort !== undefined && { host: '127.0.0.1' }),
      }),
      store: opened.store,
      stored: opened.stored,
      clock,
      scheduler: new SystemScheduler(),
      random: Math.random,
      advertiseTypes: config.advertiseTypes,
      exchangesPeers: config.exchangePeers,
      timings: config.timings,
      limits: config.limits,
      deliveryLimits: { ttlMs: config.storage.ttlMs, outboxRows: config.storage.outboxRows },
      ...(config.advertise && { advertise: config.advertise }),
      newId: randomUUID,
      newEpoch: () => randomBytes(8).toString('hex'),
      digest: digestOf,
      report,
    });
    const startedAt = clock.wallTime();
    const { dataDir } = opened;
    for (const open of await writableByOthers([config.home, ...(dataDir ? [dataDir, machinesIn(dataDir)] : [])]))
      report(
        `Other users of this computer may put files into ${open}, and files there decide who comes in and what runs. ` +
          `Run: chmod go-w '${open}'`,
      );
    if (config.networkKey !== undefined && networkKey && node.trust.keyId !== networkKey.id)
      report(
        `The network key that this node was given (${networkKey.id}) was replaced since; it keeps ${node.trust.keyId}. ` +
          'To go back: intermachine join <key>.',
      );
    const files =
      opened.dataDir !== undefined && config.machineFiles
        ? runFiles(node as unknown as InterMachineNode, machinesIn(opened.dataDir), clock, report)
        : undefined;
    return {
      node,
      startedAt,
      version: VERSION,
      diagnose: () => diagnose(patientOf(config, node)),
      ...(opened.dataDir && { dataDir: opened.dataDir }),
      ...(files && { files }),
    };
  } catch (thrown) {
    await opened.store.close();
    throw thrown;
  }
}

/** The node is there at once; the machines of its folder follow, so that no file can keep it from starting. */
function runFiles(
  node: InterMachineNode,
  folder: string,
  clock: Clock,
  report: (message: string) => void,
): MachineFiles {
  const files = new MachineFiles({ folder, clock, host: new NodeHost(node), report });
  void files.start();
  node.on('stopping', () => files.stop());
  return files;
}

/** What a node would say of a machine file. */
export const checkFile = (path: string): Promise<Loaded> => loadFile(path, new SystemClock());

/**
 * Puts a backup in the place of the database of a node that does not run: that of a data directory, of a name, or the only one that this user has.
 * Throws DATA_DIR_LOCKED, DATA_DIR_UNUSABLE, NODE_AMBIGUOUS, NODE_UNKNOWN, BACKUP_FAILED.
 */
export async function restoreNode(
  backup: string,
  choice: { readonly name?: string; readonly dataDir?: string },
  environment: Environment,
): Promise<RestoredNode> {
  const dataDir = await dataDirOf(choice, environment);
  // The database belongs to a node: under another identity its peers would not know it.
  const identityFile = join(dataDir, 'identity.pem');
  if (!existsSync(identityFile))
    throw new InterMachineError('DATA_DIR_UNUSABLE', `${dataDir} has no identity.pem: no node was there. Copy it, too`);
  // One that is damaged keeps nobody from restoring: the start of the node tells of it.
  const self = await readOrCreateKeyMaterial(identityFile).then(
    ({ node }) => node,
    () => undefined,
  );
  const { kept, of } = restoreDatabase(backup, join(dataDir, 'node.db'));
  return { dataDir, kept, otherNode: of === '' || self === undefined || of === self ? undefined : of };
}

export interface RestoredNode {
  readonly dataDir: string;
  /** Where what was there is now. */
  readonly kept: string | undefined;
  /** The node that the backup is of, where it is another one. */
  readonly otherNode: string | undefined;
}

async function dataDirOf(
  { name, dataDir }: { readonly name?: string; readonly dataDir?: string },
  environment: Environment,
): Promise<string> {
  if (dataDir !== undefined) return resolve(dataDir);
  const nodes = nodesIn(homeFrom(environment));
  if (name !== undefined) return join(nodes, fileNameOf(name));
  const [only, ...more] = await readdir(nodes).catch(() => []);
  if (only === undefined) throw new InterMachineError('NODE_UNKNOWN', `There is no node in ${nodes}: say --data-dir`);
  if (more.length > 0)
    throw new InterMachineError('NODE_AMBIGUOUS', `You have several nodes, ${[only, ...more].join(', ')}: say --name`);
  return join(nodes, only);
}

/** As `Started.diagnose`, where no node runs that could be asked. */
export const diagnoseHost = (config: NodeConfig): Promise<Diagnosis> => diagnose(patientOf(config));

function patientOf(config: NodeConfig, node?: Patient['node']): Patient {
  const { loopbackPort, port, open: isOpen } = config;
  return {
    version: VERSION,
    namespace: namespaceDigest(config.namespace),
    isOpen,
    advertises: config.advertise !== undefined,
    loopbackPort,
    port,
    tryPort: (wanted) => tryPort(wanted, loopbackPort === undefined ? undefined : '127.0.0.1'),
    sqliteVersion,
    ...(node && { node }),
  };
}

function discoveryOf({ loopbackPort, advertise, peers, peersFile }: NodeConfig, clock: Clock): Discovery {
  const mdns = new MdnsDiscovery({
    clock,
    ...(advertise && { advertise }),
    ...(loopbackPort !== undefined && { loopback: { port: loopbackPort } }),
  });
  const others = [
    ...(peers.length > 0 ? [new StaticDiscovery({ peers, clock })] : []),
    ...(peersFile !== undefined ? [new FileDiscovery({ file: peersFile, clock })] : []),
  ];
  return others.length > 0 ? new CombinedDiscovery([mdns, ...others]) : mdns;
}

/** What opens the dashboard of this node: 256 random bits each, kept in the data directory, so that a bookmark stays good. */
export async function dashboardTokensOf({ dataDir }: Started): Promise<{ token: string; viewerToken: string }> {
  const create = () => `${randomBytes(32).toString('base64url')}\n`;
  const tokenIn = async (fileIn: (dataDir: string) => string) => {
    const text = dataDir ? await readOrCreatePrivateFile(fileIn(dataDir), 'dashboard token', create) : create();
    return text.trim();
  };
  return { token: await tokenIn(dashboardTokenFile), viewerToken: await tokenIn(viewerTokenFile) };
}

/** An implicit data directory that another node of this host uses leaves the next one free: two terminals are two nodes. */
async function open(config: NodeConfig): Promise<Opened> {
  if (config.store === 'memory') {
    const store = new MemoryStore();
    return { store, stored: await store.open(), name: config.name };
  }
  if (config.dataDir !== undefined) return await openDirectory(config.dataDir, config.name, config.storage);
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? '' : `-${n}`;
    try {
      const name = config.nameIsImplicit ? config.name + suffix : config.name;
      return await openDirectory(join(nodesIn(config.home), fileNameOf(config.name) + suffix), name, config.storage);
    } catch (thrown) {
      const isLocked = thrown instanceof InterMachineError && thrown.code === 'DATA_DIR_LOCKED';
      if (!isLocked || n === MAX_DATA_DIRS) throw thrown;
    }
  }
}

async function openDirectory(
  dataDir: string,
  name: string,
  { logMs, logBytes, maxBytes }: NodeConfig['storage'],
): Promise<Opened> {
  const store = new SqliteStore({
    file: join(dataDir, 'node.db'),
    ...(logMs !== undefined && { keepMs: logMs }),
    ...(logBytes !== undefined && { keepBytes: logBytes }),
    ...(maxBytes !== undefined && { maxBytes }),
  });
  return { store, stored: await store.open(), dataDir, name };
}

async function networkKeyOf({ networkKey, home }: NodeConfig): Promise<NetworkKey> {
  if (networkKey !== undefined) return NetworkKey.parse(networkKey);
  return await readOrCreateNetworkKey(networkKeyFile({ home }));
}

/** The folder of machine files. */
const machinesIn = (dataDir: string): string => join(dataDir, 'machines');

const networkKeyFile = ({ home }: Pick<NodeConfig, 'home'>): string => join(home, 'network-key');

/** A name may hold what a file name may not. */
const fileNameOf = (name: string): string => name.replace(/[^\w.-]/g, '_').replace(/^\.+/, '_');

/** What is announced tells which nodes share a namespace, not what it is called. */
const namespaceDigest = (namespace: string): string => digestOf(`namespace:${namespace}`).slice(0, 12);
