import { isIPv4, isIPv6 } from 'node:net';

/** A record out of a stranger's packet; names are in lower case, as DNS compares them. */
export type HeardRecord = { readonly name: string /** Seconds; 0 is a goodbye. */; readonly ttl: number } & (
  | { readonly type: 'PTR'; readonly target: string }
  | { readonly type: 'SRV'; readonly target: string; readonly port: number }
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | { readonly type: 'address'; readonly address: string }
);

/** Records of one packet: a node needs ten, and a packet of 9,000 bytes has no room for more that say anything. */
const MAX_RECORDS = 600;

/** The records that mean something to us; what has another shape is left out, and all of it where there is far too much. */
export function readRecords(packet: unknown): HeardRecord[] {
  const records = [...listIn(packet, 'answers'), ...listIn(packet, 'additionals')];
  return records.length > MAX_RECORDS ? [] : records.flatMap((record) => readRecord(record) ?? []);
}

/** Whether a packet asks for `name` and shows no known answers, so that everybody will answer it in full. */
export const asksForAll = (packet: unknown, name: string): boolean =>
  listIn(packet, 'answers').length === 0 &&
  listIn(packet, 'questions').some(
    (question) => textIn(question, 'type') === 'PTR' && textIn(question, 'name')?.toLowerCase() === name,
  );

function readRecord(record: unknown): HeardRecord | undefined {
  const name = textIn(record, 'name')?.toLowerCase();
  const ttl = property(record, 'ttl');
  const data = property(record, 'data');
  if (name === undefined || typeof ttl !== 'number') return;
  switch (property(record, 'type')) {
    case 'PTR':
      return typeof data === 'string' ? { type: 'PTR', name, ttl, target: data.toLowerCase() } : undefined;
    case 'SRV': {
      const target = textIn(data, 'target')?.toLowerCase();
      const port = property(data, 'port');
      if (target === undefined || typeof port !== 'number') return;
      return { type: 'SRV', name, ttl, target, port };
    }
    case 'TXT':
      return Array.isArray(data) && data.every((string) => string instanceof Uint8Array)
        ? { type: 'TXT', name, ttl, strings: data }
        : undefined;
    case 'A':
      return typeof data === 'string' && isIPv4(data) ? { type: 'address', name, ttl, address: data } : undefined;
    case 'AAAA':
      return typeof data === 'string' && isIPv6(data) ? { type: 'address', name, ttl, address: data } : undefined;
    default:
      return;
  }
}

const property = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

function textIn(value: unknown, key: string): string | undefined {
  const text = property(value, key);
  return typeof text === 'string' ? text : undefined;
}

function listIn(packet: unknown, key: string): readonly unknown[] {
  const list = property(packet, key);
  return Array.isArray(list) ? list : [];
}
