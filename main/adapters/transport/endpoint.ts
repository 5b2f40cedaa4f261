import { BlockList, isIPv4, isIPv6, type Socket } from 'node:net';
import type { Endpoint } from '../../core/ports.ts';
import { MAX_ENDPOINTS } from './defaults.ts';

/** The other end of a socket; `undefined` once it is closed. */
export function endpointOf({ remoteAddress, remotePort }: Socket): Endpoint | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { host: remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''), port: remotePort };
}

/** As a person writes it, so with brackets around an IPv6 address. */
export const formatEndpoint = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The first few, each once. */
export const worthTrying = (endpoints: readonly Endpoint[]): Endpoint[] =>
  [...new Map(endpoints.map((endpoint) => [formatEndpoint(endpoint), endpoint])).values()].slice(0, MAX_ENDPOINTS);

type Subnet = readonly [net: string, prefix: number];

// One list for each family: in a list of both, an IPv4 address dressed up as IPv6 would pass.

/** Nobody's address (RFC 1122, 3.2.1.3), and groups and what is reserved behind them. */
const NO_IPV4_HOST = blockList('ipv4', ['0.0.0.0', 8], ['224.0.0.0', 3]);
/** Nobody's address (RFC 4291, 2.5.2), IPv4 dressed up, what needs a zone, and groups. */
const NO_IPV6_HOST = blockList('ipv6', ['::', 128], ['::ffff:0:0', 96], ['fe80::', 10], ['ff00::', 8]);
const IPV4_LOOPBACK = blockList('ipv4', ['127.0.0.0', 8]);

export const isLoopback = (host: string): boolean =>
  isIPv4(host) ? IPV4_LOOPBACK.check(host, 'ipv4') : host === '::1';

/** Whether `host` is the address of a single other host, or of this one (SECURITY: M4). No names. */
export function isHostAddress(host: string): boolean {
  if (isIPv4(host)) return !NO_IPV4_HOST.check(host, 'ipv4');
  return isIPv6(host) && !host.includes('%') && !NO_IPV6_HOST.check(host, 'ipv6');
}

function blockList(family: 'ipv4' | 'ipv6', ...subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family);
  return list;
}
