import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goodbyesTo, packetsOf, recordsOf, SERVICE, subtypeOf } from '../../../main/adapters/discovery/mdns-records.ts';
import { announcementOf, dnsPacket } from '../../support/discovery.ts';

const instance = `im-oneaaaaaaaaa.${SERVICE}`;

describe('The records of a node', () => {
  test('are PTR, SRV, TXT, addresses, the kind of service and sub-types, all for 120 s', () => {
    const records = recordsOf(announcementOf('one'), ['192.0.2.1', 'fd00::1']);
    expect(records.map(({ type, name, data }) => (type === 'TXT' ? [type, name] : [type, name, data]))).toEqual([
      ['PTR', SERVICE, instance],
      ['SRV', instance, { port: 4_000, target: 'im-oneaaaaaaaaa.local' }],
      ['TXT', instance],
      ['A', 'im-oneaaaaaaaaa.local', '192.0.2.1'],
      ['AAAA', 'im-oneaaaaaaaaa.local', 'fd00::1'],
      ['PTR', '_services._dns-sd._udp.local', SERVICE],
      ['PTR', `${subtypeOf('PingService')}._sub.${SERVICE}`, instance],
    ]);
    expect(records.every((record) => record.ttl === 120)).toBe(true);
  });

  test('have the flush bit, but for those that are shared', () => {
    for (const record of recordsOf(announcementOf('one'), ['192.0.2.1']))
      expect(record.flush).toBe(record.type === 'PTR' ? undefined : true);
  });

  test('the first five types have sub-types', () => {
    const types = ['A', 'B', 'C', 'D', 'E', 'F'];
    const names = recordsOf(announcementOf('one', { types }), []).map((record) => record.name);
    expect(names.filter((name) => name.includes('._sub.'))).toEqual(
      types.slice(0, 5).map((type) => `${subtypeOf(type)}._sub.${SERVICE}`),
    );
  });

  test("a sub-type is ten base32 characters of its type's SHA-256", () => {
    // Worked out bit by bit, another way than the product does.
    const bits = [...createHash('sha256').update('PingService').digest()]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('');
    const digits = Array.from({ length: 10 }, (_, at) => Number.parseInt(bits.slice(at * 5, at * 5 + 5), 2));
    expect(subtypeOf('PingService')).toBe(
      `_m${digits.map((digit) => 'abcdefghijklmnopqrstuvwxyz234567'[digit]).join('')}`,
    );
  });

  test('a goodbye takes back all but the kind of service', () => {
    const records = recordsOf(announcementOf('one'), ['192.0.2.1']);
    const goodbyes = goodbyesTo(records);
    expect(goodbyes.every((record) => record.ttl === 0)).toBe(true);
    expect(goodbyes).toHaveLength(records.length - 1);
    expect(goodbyes.some((record) => record.name.startsWith('_services.'))).toBe(false);
    expect(records.every((record) => record.ttl === 120)).toBe(true);
  });

  test('no packet is larger than 1,200 bytes, and none is lost, whatever the types and addresses', () => {
    const type = fc.stringMatching(/^[a-zA-Z0-9_]{1,50}$/);
    const address = fc.constantFrom('192.0.2.1', '198.51.100.200', 'fd00::1', '2001:db8:1:2:3:4:5:6');
    fc.assert(
      fc.property(fc.array(type, { maxLength: 60 }), fc.array(address, { maxLength: 6 }), (types, addresses) => {
        const name = 'n'.repeat(63);
        const namespace = 'x'.repeat(64);
        const records = recordsOf(announcementOf('one', { types, name, namespace, port: 65_535 }), addresses);
        const packets = packetsOf(records);
        for (const answers of packets)
          expect(dnsPacket.encode({ type: 'response', answers }).length).toBeLessThanOrEqual(1_200);
        expect(packets.flat()).toEqual(records);
      }),
      { seed: 20261123, numRuns: 200 },
    );
  });

  test('the answer to a question is never larger than one frame', () => {
    const types = Array.from({ length: 13 }, (_, at) => `${at}`.padStart(2, '0').padEnd(43, 'x'));
    const addresses = ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4', 'fd00::1', 'fd00::2'];
    const self = announcementOf('one', { types, name: 'n'.repeat(63), namespace: 'x'.repeat(64) });
    const records = recordsOf(self, addresses);
    const answers = records.slice(0, 1);
    const additionals = records.slice(1, 3 + addresses.length);
    // 1,500 bytes of Ethernet without the headers of IP and UDP.
    expect(dnsPacket.encode({ type: 'response', answers, additionals }).length).toBeLessThanOrEqual(1_472);
  });
});
