import { createSocket, type RemoteInfo } from 'node:dgram';
import Bonjour from 'bonjour-service';
import type { Voice } from './mdns-links.ts';
import type { OwnRecord } from './mdns-records.ts';

/** A multicast group in each family of addresses, and the UDP port that everybody in it uses. */
export interface MulticastGroup {
  readonly IPv4: string;
  readonly IPv6: string;
  readonly port: number;
}

/** The groups and the port of mDNS (RFC 6762, 3). */
const MDNS_GROUP: MulticastGroup = { IPv4: '224.0.0.251', IPv6: 'ff02::fb', port: 5353 };
/** Out of the range that a site may use as it likes (RFC 2365, 6.2), and of this interface alone (RFC 4291, 2.7). */
const LOOPBACK_GROUP = { IPv4: '239.255.77.1', IPv6: 'ff11::4d' };

/** That of everybody, or on a port of its own that of nodes which keep to this host. */
export const groupFor = (loopbackPort: number | undefined): MulticastGroup =>
  loopbackPort === undefined ? MDNS_GROUP : { ...LOOPBACK_GROUP, port: loopbackPort };

type Done = (error?: unknown) => void;

/** What we use of multicast-dns, which bonjour-service holds inside. */
interface MulticastDns {
  /** `networkInterface`: the group was joined. */
  on(event: 'ready' | 'networkInterface', listener: () => void): void;
  on(event: 'error' | 'warning', listener: (error: unknown) => void): void;
  on(event: 'query' | 'response', listener: (packet: unknown, from: RemoteInfo) => void): void;
  query(packet: { questions: { name: string; type: 'PTR' | 'SRV' | 'TXT' }[] }, done: Done): void;
  respond(packet: { answers: readonly OwnRecord[] }, done: Done): void;
  destroy(done: Done): void;
}

/** What we use of bonjour-service's own server: it answers every query with what is registered. */
interface BonjourServer {
  readonly mdns: MulticastDns;
  register(records: readonly OwnRecord[]): void;
  /** Takes away everything of the same kind and name. */
  unregister(records: readonly OwnRecord[]): void;
}

/** Bytes. The largest mDNS packet there may be (RFC 6762, 17); larger ones only cost time to decode. */
const MAX_PACKET_BYTES = 9_000;
/** Each question is answered by a packet of its own, so one packet must not hold thousands. */
const MAX_QUESTIONS = 64;
/** Where a DNS header counts its questions (RFC 1035, 4.1.1). */
const QUESTION_COUNT_AT = 4;

/**
 * Opens bonjour-service 1.4.4 for one family of addresses on one interface, as socket, codec and answerer. Only that: its publishing probes, announces stale
 * records and frees names of others; its browser keeps dead peers. It has no typed access to any of this, so test/adapters/discovery
 * holds a contract test for everything declared above. Listeners for `error` and `warning` must be attached in the same turn: without them
 * a busy port ends the process.
 *
 * `admits` says which source addresses are heard at all: others on the wire are off-link, and none of their business (RFC 6762, 11).
 */
export function openBonjour(
  { family, at }: Voice,
  group: MulticastGroup,
  admits: (source: string) => boolean,
  onError: (error: unknown) => void,
): BonjourServer {
  const type = family === 'IPv4' ? 'udp4' : 'udp6';
  // An IPv6 socket that took IPv4 too would hold the port that the IPv4 ones need.
  const socket = createSocket({ type, reuseAddr: true, ipv6Only: family === 'IPv6' });
  const emit = socket.emit.bind(socket);
  // multicast-dns decodes whatever arrives; what is not worth it must be stopped before.
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean =>
    event === 'message' && !isWorthDecoding(args[0], args[1], admits) ? false : emit(event, ...args);
  // Bound to the interface's own address, a socket would not hear multicast at all.
  const bind = family === 'IPv4' ? '0.0.0.0' : '::';
  const options = { type, ip: group[family], port: group.port, interface: at, bind, socket };
  const bonjour: object = new Bonjour(options as ConstructorParameters<typeof Bonjour>[0], onError);
  return (bonjour as { readonly server: BonjourServer }).server;
}

function isWorthDecoding(message: unknown, from: unknown, admits: (source: string) => boolean): boolean {
  if (!Buffer.isBuffer(message) || message.length > MAX_PACKET_BYTES || message.length < QUESTION_COUNT_AT + 2)
    return false;
  if (message.readUInt16BE(QUESTION_COUNT_AT) > MAX_QUESTIONS) return false;
  const source: unknown = typeof from === 'object' && from !== null ? Reflect.get(from, 'address') : undefined;
  return typeof source === 'string' && admits(source);
}
