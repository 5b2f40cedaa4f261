import fc from 'fast-check';
import { linksOf } from '../../main/adapters/discovery/mdns-links.ts';
import { asksForAll, readRecords } from '../../main/adapters/discovery/mdns-packet.ts';
import { goodbyesTo, recordsOf, SERVICE } from '../../main/adapters/discovery/mdns-records.ts';
import { MAX_PEERS, PeerTable } from '../../main/adapters/discovery/mdns-table.ts';
import { announcementOf, dnsPacket, nodeOf, RecordingReader } from '../support/discovery.ts';
import type { Campaign } from './campaign.ts';
import { changedBytes } from './mutations.ts';

// DNS packets as the socket of the discovery hands them on: the codec, what we read of its answer, and the table of who is around.

const HEALTHY = '192.168.1.77';
const LIAR = '192.168.1.66';
const info = { address: '192.168.1.5', netmask: '', mac: '02:00:00:00:00:01', internal: false, cidr: '192.168.1.5/24' };
const [link] = linksOf({ eth0: [{ ...info, family: 'IPv4' }] });

const response = (...answers: readonly object[]) => dnsPacket.encode({ type: 'response', answers });
const liar = recordsOf(announcementOf('liar', { types: ['One', 'Two'] }), [LIAR, 'fe80::1']);
const PACKETS: readonly Buffer[] = [
  response(...liar),
  response(...goodbyesTo(liar)),
  response(...recordsOf(announcementOf('self', { port: 9 }), [LIAR])),
  response(...goodbyesTo(recordsOf(announcementOf('healthy'), [HEALTHY])).filter(({ type }) => type !== 'TXT')),
  dnsPacket.encode({ type: 'query', questions: [{ type: 'PTR', name: SERVICE }] }),
];

export const PACKETS_HEARD: Campaign = {
  name: 'DNS packets',
  share: 0.3,
  run: async (cases, seed, did) => {
    const reader = Object.assign(new RecordingReader(), { ask: () => {}, denied: () => {} });
    const table = new PeerTable(announcementOf('self'), reader);
    let [now, heard] = [0, 0];
    const hear = (bytes: Buffer, source: string) => {
      let packet: unknown;
      try {
        packet = dnsPacket.decode(bytes);
      } catch {
        // As the socket does: what is no packet is nothing.
        return;
      }
      asksForAll(packet, SERVICE);
      if (link) table.hear(readRecords(packet), source, link, now);
    };
    const property = fc.property(fc.constantFrom(...PACKETS).chain(changedBytes), (bytes) => {
      hear(bytes, LIAR);
      hear(response(...recordsOf(announcementOf('healthy', { revision: ++heard }), [HEALTHY])), HEALTHY);
      now += 20;
      if (heard % 50 === 0) table.sweep(now);
      if (table.size > MAX_PEERS) throw new Error(`${table.size} peers are remembered`);
      did();
    });
    fc.assert(property, { seed, numRuns: cases });
    if (!reader.last(nodeOf('healthy'))?.endpoints.some(({ host }) => host === HEALTHY))
      throw new Error('the healthy node is not where it is');
    if (reader.losses.some(({ node }) => node === nodeOf('healthy'))) throw new Error('the healthy node was lost');
    if (reader.problems.length > 0) throw new Error(`people were bothered: ${reader.problems[0]}`);
    return heard;
  },
};
