import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

export type NetworkInterfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** One network interface as mDNS uses it: where we speak from, and which addresses can be reached directly through it. */
export interface Link {
  /** Changes whenever anything of the link does, so that sockets are made anew. */
  readonly key: string;
  /** As the operating system calls it. */
  readonly name: string;
  /** How we speak on it: once in each family of addresses that it has. */
  readonly voices: readonly Voice[];
  /** Our addresses on this link, IPv4 first. */
  readonly addresses: readonly string[];
  /** The host to dial for an address on this link, with its zone where it needs one; undefined where the address is not on this link. */
  hostOf(address: string): string | undefined;
  /** The same for where a packet came from, which names its zone itself. */
  hostOfSource(source: string): string | undefined;
}

/** One way to speak on a link. */
export interface Voice {
  readonly family: 'IPv4' | 'IPv6';
  /** What names the interface to the system: an IPv4 address of it, or `::%` and its zone. */
  readonly at: string;
}

/** IPv6 addresses announced beside the IPv4 ones: one global and one local say enough, and the answer stays in one frame. */
const MAX_IPV6 = 2;
const MAX_IPV4 = 4;

/** A network of a single host has nobody to talk to. */
const MAX_IPV4_PREFIX = 30;
/** What tunnels have, which carry no multicast. */
const NO_MAC = '00:00:00:00:00:00';

/** What one interface is to mDNS: a link, or why it is none, in words that follow its name. */
export type Use = { readonly link: Link } | { readonly unused: string };

/** Every interface of the host that has an address and leads out of it. */
export function interfaceUses(interfaces: NetworkInterfaces): Map<string, Use> {
  return new Map(
    Object.entries(interfaces).flatMap(([name, infos]) =>
      infos?.some((info) => !info.internal) ? [[name, judged(name, infos)]] : [],
    ),
  );
}

/** The links that can carry mDNS, one per interface, however many addresses it has. */
export const linksOf = (interfaces: NetworkInterfaces): Link[] =>
  [...interfaceUses(interfaces).values()].flatMap((use) => ('link' in use ? [use.link] : []));

function judged(name: string, infos: readonly NetworkInterfaceInfo[]): Use {
  if (infos.every((info) => info.mac === NO_MAC)) return { unused: 'is a tunnel, which carries no multicast' };
  const link = linkOf(name, infos);
  return link.voices.length > 0 ? { link } : { unused: 'has an address, but no network with room for others' };
}

type LinkAddress = Pick<NetworkInterfaceInfo, 'address' | 'cidr'> & Partial<NetworkInterfaceInfo>;

function linkOf(name: string, infos: readonly LinkAddress[]): Link {
  // One list per family: in a list of both, an IPv4 address dressed up as IPv6 would pass.
  const onLink = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const info of infos) {
    const family = isIPv4(info.address) ? 'ipv4' : 'ipv6';
    onLink[family].addSubnet(info.address.split('%')[0] ?? '', prefixOf(info), family);
  }
  const zone = zoneOf(name, infos);
  const ipv4 = infos.map((info) => info.address).filter(isIPv4);
  const ipv6 = infos.map((info) => info.address).filter((each) => isIPv6(each) && !isLinkLocal(each));
  const hostOf = (address: string) => {
    if (isIPv4(address)) return isHost(address) && onLink.ipv4.check(address, 'ipv4') ? address : undefined;
    if (!isIPv6(address) || address.includes('%')) return;
    if (isLinkLocal(address)) return zone === undefined ? undefined : `${address}%${zone}`;
    return onLink.ipv6.check(address, 'ipv6') ? address : undefined;
  };
  const addresses = [...ipv4.slice(0, MAX_IPV4), ...ipv6.slice(0, MAX_IPV6)];
  return {
    key: [name, ...infos.map((info) => `${info.mac} ${info.cidr}`)].join(' '),
    name,
    voices: voicesOf(infos, zone),
    addresses: addresses.length > 0 ? addresses : infos.map((info) => info.address).slice(0, 1),
    hostOf,
    hostOfSource(source) {
      const [address = '', from, ...rest] = source.split('%');
      if (from === undefined) return hostOf(source);
      return from === zone && rest.length === 0 && isLinkLocal(address) ? hostOf(address) : undefined;
    },
  };
}

/** IPv4 where it has a network, IPv6 where it has a link-local address: that is what the multicast goes out from. */
function voicesOf(infos: readonly LinkAddress[], zone: string | undefined): Voice[] {
  const ipv4 = infos.find(
    (info) => isIPv4(info.address) && info.address !== '0.0.0.0' && prefixOf(info) <= MAX_IPV4_PREFIX,
  );
  return [
    ...(ipv4 ? [{ family: 'IPv4', at: ipv4.address } as const] : []),
    ...(zone !== undefined ? [{ family: 'IPv6', at: `::%${zone}` } as const] : []),
  ];
}

/** No network at all, multicast and broadcast are no addresses of a host (SECURITY: M4). */
const isHost = (ipv4: string): boolean => !/^(0|22[4-9]|23\d|24\d|25[0-5])\./.test(ipv4);

const isLinkLocal = (ipv6: string): boolean => /^fe[89ab]/i.test(ipv6);

/** Windows knows the zones of link-local addresses by number, everybody else by the interface's name. */
function zoneOf(name: string, infos: readonly LinkAddress[]): string | undefined {
  const linkLocal = infos.find((info) => isIPv6(info.address) && isLinkLocal(info.address));
  if (!linkLocal) return;
  return process.platform === 'win32' ? String(linkLocal.scopeid ?? 0) : name;
}

const prefixOf = ({ cidr }: LinkAddress): number => Number(cidr?.split('/')[1] ?? 128);

/** The host's own loopback, for nodes that shall not be heard outside. */
export const LOOPBACK_LINK: Link = linkOf('loopback', [{ address: '127.0.0.1', cidr: '127.0.0.1/8' }]);
