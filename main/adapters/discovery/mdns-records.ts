import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { InterMachineError } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import { utf8Length } from '../../../shared/utf8.ts';
import type { Announcement } from '../../core/ports.ts';
import { encodeTxt } from './mdns-txt.ts';

/** What all nodes announce themselves under. */
export const SERVICE = '_intermachine._tcp.local';
/** Where browsers of everything look for kinds of services (RFC 6763, 9). */
const ALL_SERVICES = '_services._dns-sd._udp.local';
/** Seconds. What RFC 6762, 10 gives records that name a host; for all of ours, so that a node without power is gone in two minutes. */
export const TTL_SECONDS = 120;
/** Bytes of one packet: an IPv6 path carries 1,280, so it is never cut in pieces. */
export const MAX_PACKET_BYTES = 1_200;
/** Types that a browser can ask for by a sub-type of their own. */
const MAX_SUBTYPES = 5;
const HEADER_BYTES = 12;

/** A record of ours, as dns-packet encodes it. */
export type OwnRecord = { readonly name: string; readonly ttl: number; readonly flush?: true } & (
  | { readonly type: 'PTR' | 'A' | 'AAAA'; readonly data: string }
  | { readonly type: 'SRV'; readonly data: { readonly port: number; readonly target: string } }
  | { readonly type: 'TXT'; readonly data: readonly Buffer[] }
);

/** The name of a node's service: unique, so that nobody ever has to probe for it or give it up. */
export const instanceOf = (node: NodeId): string => `${labelOf(node)}.${SERVICE}`;

/** Never the machine's own name: an avahi on the same host would see a conflict and rename the machine. */
const hostOf = (node: NodeId): string => `${labelOf(node)}.local`;

const labelOf = (node: NodeId): string => `im-${node.slice(0, 12)}`;

/** Names of instances that can be ours, in lower case. */
export const INSTANCE = new RegExp(`^im-[a-z2-7]{12}\\.${SERVICE.replaceAll('.', '\\.')}$`);

/** Everything one node says on one link, the most important first. Throws CONFIG_INVALID. */
export function recordsOf(self: Announcement, addresses: readonly string[]): OwnRecord[] {
  if (!Number.isInteger(self.port) || self.port < 1 || self.port > 65_535)
    throw new InterMachineError('CONFIG_INVALID', `Port ${self.port} cannot be announced: 1 to 65535 is expected`);
  const instance = instanceOf(self.node);
  const host = hostOf(self.node);
  const ttl = TTL_SECONDS;
  // The flush bit says "forget what you had"; PTR records are shared with other nodes, so it must not be on them (RFC 6762, 10.2).
  return [
    { type: 'PTR', name: SERVICE, ttl, data: instance },
    { type: 'SRV', name: instance, ttl, flush: true, data: { port: self.port, target: host } },
    { type: 'TXT', name: instance, ttl, flush: true, data: encodeTxt(self) },
    ...addresses.map(
      (address): OwnRecord => ({ type: isIPv4(address) ? 'A' : 'AAAA', name: host, ttl, flush: true, data: address }),
    ),
    { type: 'PTR', name: ALL_SERVICES, ttl, data: SERVICE },
    ...self.types
      .slice(0, MAX_SUBTYPES)
      .map((type): OwnRecord => ({ type: 'PTR', name: `${subtypeOf(type)}._sub.${SERVICE}`, ttl, data: instance })),
  ];
}

/** The records that take back what `records` said; not the kind of service, which others here may have too. */
export const goodbyesTo = (records: readonly OwnRecord[]): OwnRecord[] =>
  records.filter((record) => record.name !== ALL_SERVICES).map((record) => ({ ...record, ttl: 0 }));

/** A type's DNS label: types may hold characters and lengths that labels may not. */
export function subtypeOf(type: string): string {
  const bits = createHash('sha256').update(type).digest().readBigUInt64BE();
  const digits = Array.from({ length: 10 }, (_, at) => BASE32[Number((bits >> BigInt(59 - 5 * at)) & 31n)]);
  return `_m${digits.join('')}`;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** The records in as few packets as hold them, none of them larger than MAX_PACKET_BYTES. */
export function packetsOf(records: readonly OwnRecord[]): OwnRecord[][] {
  const packets: OwnRecord[][] = [];
  let room = 0;
  for (const record of records) {
    const bytes = bytesOf(record);
    if (bytes > room) {
      packets.push([]);
      room = MAX_PACKET_BYTES - HEADER_BYTES;
    }
    packets.at(-1)?.push(record);
    room -= bytes;
  }
  return packets;
}

/** Bytes on the wire; names are never compressed by dns-packet. */
function bytesOf(record: OwnRecord): number {
  const head = nameBytes(record.name) + 10;
  switch (record.type) {
    case 'PTR':
      return head + nameBytes(record.data);
    case 'SRV':
      return head + 6 + nameBytes(record.data.target);
    case 'TXT':
      return head + record.data.reduce((sum, string) => sum + string.length + 1, 0);
    case 'A':
      return head + 4;
    case 'AAAA':
      return head + 16;
  }
}

const nameBytes = (name: string): number => utf8Length(name) + 2;
