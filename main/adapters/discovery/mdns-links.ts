import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';

export type NetworkInterfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** One network interface as mDNS uses it: where we speak from, and which addresses can be reached directly through it. */
export interface Link {
  /** Changes whenever anything of the link does, so that sockets are made anew. */
  readonly key: string;
  /** As the operating system calls it. */
  readonly name: string;
  /** The IPv4 address whose interface carries the multicast. */
  readonly address: string;
  /** Our addresses on this link, IPv4 first. */
  readonly addresses: readonly string[];
  /** The host to dial for an address on this link, with its zone where it needs one; undefined where the address is not on this link. */
  hostOf(address: string): string | undefined;
}

/** IPv6 addresses announced beside the IPv4 ones: one global and one local say enough, and the answer stays in one frame. */
const MAX_IPV6 = 2;
const MAX_IPV4 = 4;

/** A network of a single host has nobody to talk to. */
const MAX_IPV4_PREFIX = 30;
/** What tunnels have, which carry no multicast. */
const NO_MAC = '00:00:00:00:00:00';

/** The links that can carry mDNS: up, not loopback, not a tunnel, with an IPv4 network. One per interface, however many addresses it has. */
export function linksOf(interfaces: NetworkInterfaces): Link[] {
  return Object.entries(interfaces).flatMap(([name, infos = []]) => {
    const usable = infos.filter((info) => !info.internal && info.mac !== NO_MAC);
    const first = usable.find(
      (info) => info.family === 'IPv4' && prefixOf(info) <= MAX_IPV4_PREFIX && info.address !== '0.0.0.0',
    );
    return first ? [linkOf(name, first.address, usable)] : [];
  });
}

type LinkAddress = Pick<NetworkInterfaceInfo, 'address' | 'cidr'> & Partial<NetworkInterfaceInfo>;

function linkOf(name: string, address: string, infos: readonly LinkAddress[]): Link {
  // One list per family: in a list of both, an IPv4 address dressed up as IPv6 would pass.
  const onLink = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const info of infos) {
    const family = isIPv4(info.address) ? 'ipv4' : 'ipv6';
    onLink[family].addSubnet(info.address.split('%')[0] ?? '', prefixOf(info), family);
  }
  const zone = zoneOf(name, infos);
  const ipv4 = infos.map((info) => info.address).filter(isIPv4);
  const ipv6 = infos.map((info) => info.address).filter((each) => isIPv6(each) && !isLinkLocal(each));
  return {
    key: [name, ...infos.map((info) => `${info.mac} ${info.cidr}`)].join(' '),
    name,
    address,
    addresses: [...ipv4.slice(0, MAX_IPV4), ...ipv6.slice(0, MAX_IPV6)],
    hostOf(other) {
      if (isIPv4(other)) return isHost(other) && onLink.ipv4.check(other, 'ipv4') ? other : undefined;
      if (!isIPv6(other) || other.includes('%')) return;
      if (isLinkLocal(other)) return zone === undefined ? undefined : `${other}%${zone}`;
      return onLink.ipv6.check(other, 'ipv6') ? other : undefined;
    },
  };
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

const prefixOf = (info: LinkAddress): number => Number(info.cidr?.split('/')[1] ?? 128);

/** The host's own loopback, for nodes that shall not be heard outside. */
export const LOOPBACK_LINK: Link = linkOf('loopback', '127.0.0.1', [{ address: '127.0.0.1', cidr: '127.0.0.1/8' }]);
