import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { InterMachineError } from '../shared/errors.ts';
import { isName } from '../shared/ids.ts';
import { utf8Length } from '../shared/utf8.ts';
import type { Limits, Timings } from './core/defaults.ts';
import { type Advertised, advertise, limits, timings } from './network-config.ts';
import { type Storage, storage } from './storage-config.ts';

/** Bytes. A node's name is a DNS label in the announcement (RFC 1035, 2.3.4). */
const MAX_NODE_NAME_BYTES = 63;

/** What a program or the command line may set; everything has a default. */
export interface NodeOptions {
  /** Shown to people; the host's name unless told. 63 bytes at most. */
  readonly name?: string;
  /** Where identity and database live; one for each name unless told. */
  readonly dataDir?: string;
  /** `memory` leaves nothing behind: a new identity and an empty log at each start. */
  readonly store?: 'file' | 'memory';
  /** Nodes of different namespaces do not see each other. */
  readonly namespace?: string;
  /** 26 characters; that of the user of the operating system unless told. */
  readonly networkKey?: string;
  /** Lets anybody on the network in. For demos and closed labs. */
  readonly open?: boolean;
  /** TCP port for peers; a free one unless told. */
  readonly port?: number;
  /** Addresses, `host:port`, of nodes that discovery cannot see. */
  readonly peers?: readonly string[];
  /** A file with such addresses, one in a line; read again whenever it changes. */
  readonly peersFile?: string;
  /** IP addresses, with a port or without, to announce in place of our own: `192.0.2.7`, `[fd00::7]:4000`. */
  readonly advertise?: readonly string[];
  /** Tell peers about each other, and listen to what they tell; else only where this node itself is. */
  readonly exchangePeers?: boolean;
  /** Stay on this machine: nodes that name the same UDP port find each other, and nobody else does. */
  readonly loopbackPort?: number;
  /** Tell machine types to everybody on the link. */
  readonly advertiseTypes?: boolean;
  /** Run the machines of the files in the folder `machines` of the data directory; unless told not to. */
  readonly machineFiles?: boolean;
  /** How patient it is with its peers. */
  readonly timings?: Partial<Timings>;
  /** How much it takes on. */
  readonly limits?: Partial<Limits>;
  /** How long what was accepted may wait, and how much is kept. */
  readonly storage?: Partial<Storage>;
}

/** Options with their defaults, checked. */
export interface NodeConfig {
  readonly name: string;
  /** Nobody chose the name, so a second node on this host may take another. */
  readonly nameIsImplicit: boolean;
  readonly dataDir: string | undefined;
  /** Where data directories and the network key are kept for this user of the operating system. */
  readonly home: string;
  readonly store: 'file' | 'memory';
  readonly namespace: string;
  readonly networkKey: string | undefined;
  readonly open: boolean;
  readonly port: number;
  readonly peers: readonly string[];
  readonly peersFile: string | undefined;
  readonly advertise: Advertised | undefined;
  readonly exchangePeers: boolean;
  readonly loopbackPort: number | undefined;
  readonly advertiseTypes: boolean;
  readonly machineFiles: boolean;
  readonly timings: Timings;
  readonly limits: Limits;
  readonly storage: Storage;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const name = z
  .string()
  .refine((text) => text.trim() !== '', 'a text that is not empty is expected')
  .refine((text) => utf8Length(text) <= MAX_NODE_NAME_BYTES, `${MAX_NODE_NAME_BYTES} bytes at most`)
  .refine((text) => !/\p{C}/u.test(text), 'control characters are not allowed');
const port = z
  .int('a whole number from 0 to 65535 is expected')
  .min(0, 'from 0 to 65535')
  .max(65_535, 'from 0 to 65535');

const OPTIONS = z
  .strictObject({
    name: name.optional(),
    dataDir: z.string().min(1, 'a path is expected').optional(),
    store: z.enum(['file', 'memory']).default('file'),
    namespace: z
      .string()
      .refine(isName, '1 to 50 characters without spaces, "/", "*", "?", "," or quotes are expected')
      .default('default'),
    networkKey: z.string().optional(),
    open: z.boolean().default(false),
    port: port.default(0),
    peers: z.array(z.string()).default([]),
    peersFile: z.string().min(1, 'a path is expected').optional(),
    advertise,
    exchangePeers: z.boolean().default(true),
    loopbackPort: port.min(1, 'from 1 to 65535').optional(),
    advertiseTypes: z.boolean().default(true),
    machineFiles: z.boolean().default(true),
    timings,
    limits,
    storage,
  })
  .refine(
    ({ open, networkKey }) => !open || networkKey === undefined,
    'open and networkKey exclude each other: an open network has no key',
  );

/** Options, then environment, then defaults. Throws CONFIG_INVALID with everything that is wrong, each with its name. */
export function configFrom(options: NodeOptions, environment: Environment): NodeConfig {
  const { networkKey, ...surroundings } = fromEnvironment(environment);
  const given = { ...surroundings, ...(!options.open && networkKey && { networkKey }), ...definedOf(options) };
  const parsed = OPTIONS.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join('.')}: ${message}` : message,
    );
    throw new InterMachineError('CONFIG_INVALID', problems.join('; '));
  }
  const { data } = parsed;
  return {
    ...data,
    name: data.name ?? shortHostName(),
    nameIsImplicit: data.name === undefined,
    dataDir: data.dataDir,
    home: homeFrom(environment),
    networkKey: data.networkKey,
    peersFile: data.peersFile,
    advertise: data.advertise,
    loopbackPort: data.loopbackPort,
  };
}

function fromEnvironment(environment: Environment): Pick<NodeOptions, 'name' | 'networkKey' | 'loopbackPort'> {
  const { INTERMACHINE_NAME, INTERMACHINE_NETWORK_KEY, INTERMACHINE_LOOPBACK } = environment;
  return {
    ...(INTERMACHINE_NAME && { name: INTERMACHINE_NAME }),
    ...(INTERMACHINE_NETWORK_KEY && { networkKey: INTERMACHINE_NETWORK_KEY }),
    ...(INTERMACHINE_LOOPBACK && { loopbackPort: Number(INTERMACHINE_LOOPBACK) }),
  };
}

const definedOf = (options: NodeOptions): NodeOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

const shortHostName = (): string => hostname().split('.')[0]?.slice(0, MAX_NODE_NAME_BYTES) || 'node';

/** Where data directories and the network key of this user are kept. A variable that is empty is none: `''` would be the working directory. */
export const homeFrom = (environment: Environment): string =>
  environment.INTERMACHINE_HOME || applicationData(environment);

/** Where the data directories of nodes are that were not given one. */
export const nodesIn = (home: string): string => join(home, 'nodes');

/** Where each system wants the data of an application. */
function applicationData(environment: Environment): string {
  const home = homedir();
  if (process.platform === 'darwin') return join(home, 'Library', 'Application Support', 'InterMachine');
  if (process.platform === 'win32')
    return join(environment.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'InterMachine');
  return join(environment.XDG_DATA_HOME || join(home, '.local', 'share'), 'intermachine');
}

/** What opens the dashboard of the node whose data directory this is. */
export const dashboardTokenFile = (dataDir: string): string => join(dataDir, 'dashboard-token');
/** The same for those who may only look. */
export const viewerTokenFile = (dataDir: string): string => join(dataDir, 'viewer-token');
