import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';

/** One host of the LAN: a network namespace with one interface, `eth0`. */
export interface LanHost {
  readonly address: string;
  /** The name of its network namespace. */
  readonly namespace: string;
  /** Its port on the switch, for rules of what is dropped. */
  readonly port: string;
  /** Runs a command on this host; the child is the command itself, and IPC works. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** Runs a command on this host to its end; its output, or an error with what it complained. */
  run(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): string;
  /** The host's own end: an interface that is switched off loses its routes. */
  link(state: 'up' | 'down'): void;
  /** The end at the switch: a cable that is pulled. */
  cable(state: 'up' | 'down'): void;
  /** Takes the IPv4 address away and gives it another one, of the same network. */
  readdress(address: string): void;
  /** Takes the interface out and puts another one in, `eth1`, at another address. */
  replaceInterface(address: string): void;
}

export interface Lan {
  readonly hosts: readonly LanHost[];
  /** What the switch drops from now on, and nothing else: conditions of nftables. Without any it is whole again. */
  drop(...conditions: readonly string[]): void;
  /**
   * Each host knows the hardware address of each other from now on, and need not ask for it. The kernel keeps at most 1,024 learned ones for all namespaces together
   * (net.ipv4.neigh.default.gc_thresh3), which 33 hosts that all talk to each other exceed: packets are dropped then, as on no LAN of real machines.
   */
  acquaint(): void;
  /** Puts a host of another LAN on this one too, with its interface `eth1`; it passes packets on between the two. */
  join(host: LanHost, address: string): void;
  /** Ends what was started on its hosts, and takes the hosts away. May be called twice. */
  down(): Promise<void>;
}

let probed: string | undefined | null = null;
let lans = 0;

/** Why there can be no LAN here; with CI_REQUIRE_LAN=1 it throws instead, so that no test is skipped unnoticed. */
export function lanUnavailable(): string | undefined {
  if (probed === null) probed = probe();
  if (probed !== undefined && process.env.CI_REQUIRE_LAN === '1')
    throw new Error(`CI_REQUIRE_LAN=1, but there can be no LAN: ${probed}`);
  return probed;
}

function probe(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (spawnSync('ip', ['-V']).error) return 'the command "ip" (iproute2) is missing';
  const name = `im-${process.pid}-probe`;
  const added = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (added.status !== 0)
    return `network namespaces may not be made here (${added.stderr.trim()}); npm run test:lan needs no root`;
  const entered = spawnSync('ip', ['netns', 'exec', name, 'true'], { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'del', name]);
  return entered.status === 0 ? undefined : `network namespaces may not be entered here (${entered.stderr.trim()})`;
}

/** So much of everything is lost, at random. */
export const loss = (percent: number): string => `numgen random mod 100 < ${percent}`;

/** No multicast reaches this host; what it sends itself is heard. */
export const deafTo = ({ port }: LanHost): string[] =>
  ['ip daddr 224.0.0.0/4', 'ip6 daddr ff02::fb'].map((group) => `oifname "${port}" ${group}`);

/** Nothing passes from any of the one to any of the others, nor back. */
export const between = (some: readonly LanHost[], others: readonly LanHost[]): string[] => {
  const [one, other] = [some, others].map((hosts) => `{ ${hosts.map(({ port }) => `"${port}"`).join(', ')} }`);
  return [`iifname ${one} oifname ${other}`, `iifname ${other} oifname ${one}`];
};

/**
 * A LAN of `count` hosts, 10.77.0.1 and up, unless it is another network than 10.77: veth pairs on a bridge that has a namespace of its own, so that nothing is made on the real
 * host but the namespaces' names, which hold this process's id.
 */
export function createLan(count: number, network = 77): Lan {
  const prefix = `im-${process.pid}-${++lans}`;
  const bridge = `${prefix}-br`;
  const children = new Set<ChildProcess>();
  const namespaces: string[] = [];
  const hostNames = Array.from({ length: count }, (_, at) => `${prefix}-${at + 1}`);

  let joined = 0;

  /** A cable from a port of the switch to a host's new interface. */
  const plug = (namespace: string, device: string, port: string, address: string) => {
    batch(bridge, [
      `link add ${port} type veth peer name ${device} netns ${namespace}`,
      `link set ${port} master br0 up`,
    ]);
    batch(namespace, [`addr add ${address}/24 brd + dev ${device}`, `link set ${device} up`]);
    // Where it was the only interface, its route went with it.
    spawnSync('ip', ['-n', namespace, 'route', 'add', 'default', 'dev', device]);
  };

  const remove = () => {
    process.off('exit', remove);
    for (const namespace of namespaces.splice(0)) {
      // Only what runs in a namespace of ours: what our children started there.
      const pids = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).stdout.split('\n');
      for (const pid of pids.filter(Boolean).map(Number)) kill(pid);
      spawnSync('ip', ['netns', 'del', namespace]);
    }
  };
  process.once('exit', remove);

  try {
    for (const namespace of [bridge, ...hostNames]) {
      ip(['netns', 'add', namespace]);
      namespaces.push(namespace);
    }
    batch(bridge, [
      'link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
      'link set br0 up',
      ...hostNames.flatMap((namespace, at) => [
        `link add p${at + 1} netns ${bridge} type veth peer name eth0 netns ${namespace}`,
        `link set p${at + 1} master br0 up`,
      ]),
    ]);
    hostNames.forEach((namespace, at) => {
      // Duplicate address detection would keep IPv6 addresses unusable for seconds.
      const settings = ['accept_dad', 'dad_transmits', 'accept_ra'];
      const paths = settings.flatMap((setting) => ['all', 'default', 'eth0'].map((on) => `${on}/${setting}`));
      const lines = paths.map((path) => `echo 0 > /proc/sys/net/ipv6/conf/${path}`);
      execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-c', lines.join('; ')], { stdio: 'ignore' });
      batch(namespace, [
        'link set lo up',
        `addr add 10.${network}.0.${at + 1}/24 brd + dev eth0`,
        ...linkUp(at, network),
      ]);
    });
  } catch (error) {
    remove();
    throw error;
  }

  return {
    hosts: hostNames.map((namespace, at) => ({
      address: `10.${network}.0.${at + 1}`,
      namespace,
      port: `p${at + 1}`,
      spawn(command, args, options = {}) {
        const child = spawn('ip', ['netns', 'exec', namespace, command, ...args], options);
        children.add(child);
        child.once('exit', () => children.delete(child));
        child.on('error', () => children.delete(child));
        return child;
      },
      run: (command, args, env) =>
        execFileSync('ip', ['netns', 'exec', namespace, command, ...args], {
          encoding: 'utf8',
          timeout: 10_000,
          env: { ...process.env, ...env },
        }),
      link: (state) => batch(namespace, state === 'up' ? linkUp(at, network) : ['link set eth0 down']),
      cable: (state) => batch(bridge, [`link set p${at + 1} ${state}`]),
      readdress: (address) =>
        batch(namespace, [
          'addr flush dev eth0 scope global',
          `addr add ${address}/24 brd + dev eth0`,
          'route replace default dev eth0',
        ]),
      replaceInterface(address) {
        batch(namespace, ['link del eth0']);
        plug(namespace, 'eth1', `p${at + 1}`, address);
      },
    })),
    drop(...conditions) {
      const rules = conditions.map((condition) => `add rule bridge faults forward ${condition} drop`);
      const table = 'add table bridge faults\nflush table bridge faults';
      const chain = 'add chain bridge faults forward { type filter hook forward priority 0; }';
      ip(['netns', 'exec', bridge, 'nft', '-f', '-'], [table, chain, ...rules, ''].join('\n'));
    },
    acquaint() {
      const hosts = hostNames.map((namespace, at) => {
        const shown = execFileSync('ip', ['-n', namespace, '-json', 'addr', 'show', 'dev', 'eth0'], {
          encoding: 'utf8',
        });
        const [device] = JSON.parse(shown) as [{ address: string; addr_info: { local: string }[] }];
        const mac = device.address;
        return { at, namespace, entries: device.addr_info.map(({ local }) => `${local} lladdr ${mac}`) };
      });
      for (const { at, namespace } of hosts) {
        const others = hosts.flatMap((other) => (other.at === at ? [] : other.entries));
        batch(
          namespace,
          others.map((entry) => `neigh replace ${entry} dev eth0 nud permanent`),
        );
      }
    },
    join(host, address) {
      plug(host.namespace, 'eth1', `p${count + ++joined}`, address);
      execFileSync('ip', ['netns', 'exec', host.namespace, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    },
    async down() {
      const exits = [...children].map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) return resolve();
            child.once('exit', () => resolve());
            child.kill('SIGKILL');
          }),
      );
      await Promise.all(exits);
      remove();
    },
  };
}

/** Without a default route multicast has nowhere to go: ENETUNREACH. */
const linkUp = (at: number, network: number): string[] => [
  'link set eth0 up',
  `addr replace fd${network}::${(at + 1).toString(16)}/64 dev eth0 nodad`,
  'route replace default dev eth0',
];

function ip(args: readonly string[], input?: string): void {
  execFileSync('ip', args, { input, stdio: ['pipe', 'ignore', 'pipe'] });
}

const batch = (namespace: string, commands: readonly string[]): void =>
  ip(['-n', namespace, '-batch', '-'], commands.join('\n'));

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
