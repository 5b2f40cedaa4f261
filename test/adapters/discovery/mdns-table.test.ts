import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Link, linksOf } from '../../../main/adapters/discovery/mdns-links.ts';
import { readRecords } from '../../../main/adapters/discovery/mdns-packet.ts';
import { goodbyesTo, type OwnRecord, recordsOf, SERVICE } from '../../../main/adapters/discovery/mdns-records.ts';
import { MAX_PEERS, PeerTable } from '../../../main/adapters/discovery/mdns-table.ts';
import { announcementOf, nodeOf, RecordingReader } from '../../support/discovery.ts';

class TableReader extends RecordingReader {
  readonly asked: (string | undefined)[] = [];
  denials = 0;

  ask(instance?: string): void {
    this.asked.push(instance);
  }

  denied(): void {
    this.denials++;
  }
}

function link(name: string, cidr: string): Link {
  const info = { address: cidr.split('/')[0] ?? '', netmask: '', mac: '02:00:00:00:00:01', internal: false, cidr };
  const [only] = linksOf({ [name]: [{ ...info, family: 'IPv4' }] });
  if (!only) throw new Error(`${cidr} is no link`);
  return only;
}

const eth0 = link('eth0', '192.168.1.5/24');
const wlan0 = link('wlan0', '10.0.0.5/24');
const PEER = '192.168.1.77';
const one = nodeOf('one');

let reader: TableReader;
let table: PeerTable;
let now: number;

beforeEach(() => {
  reader = new TableReader();
  table = new PeerTable(announcementOf('self'), reader);
  now = 1_000_000;
});

const records = (changes: Parameters<typeof announcementOf>[1] = {}, id = 'one') =>
  recordsOf(announcementOf(id, changes), [PEER]);

function hear(answers: readonly OwnRecord[], source = PEER, on = eth0): void {
  table.hear(readRecords({ answers, additionals: [] }), source, on, now);
}

/** Seconds pass, each with its sweep. */
function pass(seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    now += 1_000;
    table.sweep(now);
  }
}

const hosts = () => reader.last(one)?.endpoints.map((endpoint) => endpoint.host);

describe('The table of peers', () => {
  test('tells a peer once, however often it is heard', () => {
    for (let time = 0; time < 3; time++) {
      hear(records());
      pass(10);
    }
    expect(reader.sightings).toEqual([
      {
        node: one,
        name: 'node one',
        incarnation: 1,
        types: ['PingService'],
        endpoints: [{ host: PEER, port: 4_000 }],
        links: ['eth0'],
        source: 'mdns',
      },
    ]);
  });

  test('puts a peer together from single records in any order, and tells the same', () => {
    const parts = records().filter((record) => record.name !== SERVICE || record.type !== 'PTR');
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (shuffled) => {
        reader = new TableReader();
        table = new PeerTable(announcementOf('self'), reader);
        for (const record of shuffled) hear([record]);
        expect(reader.sightings).toHaveLength(1);
        expect(reader.sightings[0]).toMatchObject({ node: one, endpoints: [{ host: PEER, port: 4_000 }] });
      }),
      { seed: 20261123, numRuns: 100 },
    );
  });

  test('asks three times for what a peer has not told, then waits until it expires in silence', () => {
    hear(records().slice(0, 1));
    pass(60);
    expect(reader.asked).toEqual(Array(3).fill(`im-oneaaaaaaaaa.${SERVICE}`));
    pass(60);
    expect(table.size).toBe(0);
    expect([reader.sightings, reader.losses]).toEqual([[], []]);
  });

  test('tells every change: types, revision, incarnation, name, port', () => {
    const changes = [{ types: ['New'] }, { revision: 9 }, { name: 'new' }, { port: 4_001 }, { incarnation: 2 }];
    hear(records());
    for (const change of changes) hear(records(change));
    expect(reader.sightings).toHaveLength(1 + changes.length);
    expect(reader.problems).toEqual([]);
  });

  test('puts the source of the packet first, then the addresses that are on this link', () => {
    const named = ['192.168.1.200', '10.1.1.1', '0.0.0.0', '224.0.0.251', '127.0.0.1', '255.255.255.255', PEER];
    hear(recordsOf(announcementOf('one'), named));
    expect(hosts()).toEqual([PEER, '192.168.1.200']);
  });

  test('knows a peer on two links by both addresses, told twice at most, in an order that stands', () => {
    const both = () => {
      hear(records());
      hear(recordsOf(announcementOf('one'), ['10.0.0.77']), '10.0.0.77', wlan0);
    };
    both();
    both();
    both();
    expect(hosts()).toEqual(['10.0.0.77', PEER]);
    expect(reader.sightings).toHaveLength(2);
  });

  test('puts a new address before the one that it had, and forgets that after its time', () => {
    hear(records());
    now += 60_000;
    hear(recordsOf(announcementOf('one'), ['192.168.1.99']), '192.168.1.99');
    expect(hosts()).toEqual(['192.168.1.99', PEER]);
    pass(60);
    expect(hosts()).toEqual(['192.168.1.99']);
  });

  test('takes new addresses that come without anything else', () => {
    hear(records());
    hear(recordsOf(announcementOf('one'), [PEER, '192.168.1.100']).filter((record) => record.type === 'A'));
    expect(hosts()).toEqual([PEER, '192.168.1.100']);
  });

  test('asks again from 80 % of the time to live on, and lets a silent peer go at its end', () => {
    hear(records());
    pass(95);
    expect(reader.asked).toEqual([]);
    pass(24);
    expect(reader.asked).toHaveLength(4);
    expect(reader.losses).toEqual([]);
    pass(1);
    expect(reader.losses).toEqual([{ node: one, reason: 'expired' }]);
    hear(records());
    expect(reader.sightings).toHaveLength(2);
  });

  test('believes nobody for longer than 120 s', () => {
    hear(records().map((record) => ({ ...record, ttl: 2 ** 31 })));
    pass(120);
    expect(reader.losses).toEqual([{ node: one, reason: 'expired' }]);
  });

  test('gives everybody ten seconds to be heard again after the network changed', () => {
    hear(records());
    hear(records({}, 'two'), '192.168.1.78');
    table.recheck(now);
    pass(5);
    hear(records({}, 'two'), '192.168.1.78');
    pass(5);
    expect(reader.losses).toEqual([{ node: one, reason: 'expired' }]);
    expect(reader.seesOf(nodeOf('two'))).toBe(1);
  });

  test('nobody is lost at once after a sleep that outlasted every time to live', () => {
    hear(records());
    now += 3_600_000;
    table.recheck(now);
    table.sweep(now);
    hear(records());
    pass(20);
    expect(reader.losses).toEqual([]);
  });
});

describe('A goodbye', () => {
  test('of this incarnation, from where the peer is, is believed at once', () => {
    hear(records());
    hear(goodbyesTo(records()));
    hear(goodbyesTo(records()));
    expect(reader.losses).toEqual([{ node: one, reason: 'goodbye' }]);
  });

  test.each<[string, readonly OwnRecord[], string]>([
    ['of an older incarnation', goodbyesTo(records({ incarnation: 0 })), PEER],
    ['without an incarnation', goodbyesTo(records()).slice(0, 1), PEER],
    ['from another address', goodbyesTo(records()), '192.168.1.66'],
  ])('%s is doubted: who answers stays, unnoticed', (_, goodbye, source) => {
    hear(records());
    hear(goodbye, source);
    expect(reader.asked).toEqual([undefined]);
    pass(1);
    hear(records());
    pass(10);
    expect(reader.losses).toEqual([]);
    expect(reader.sightings).toHaveLength(1);
  });

  test('that is doubted counts when three questions get no answer', () => {
    hear(records());
    hear(goodbyesTo(records()).slice(0, 1));
    pass(2);
    expect(reader.asked).toHaveLength(3);
    expect(reader.losses).toEqual([]);
    pass(1);
    expect(reader.losses).toEqual([{ node: one, reason: 'goodbye' }]);
  });

  test('of somebody unknown means nothing', () => {
    hear(goodbyesTo(records()));
    expect([reader.losses, reader.asked, table.size]).toEqual([[], [], 0]);
  });

  test('in our own name is told to us', () => {
    hear(goodbyesTo(records({}, 'self')), '192.168.1.66');
    expect(reader.denials).toBe(1);
  });
});

describe('What strangers send', () => {
  test('M1: our own id from a foreign address is ignored', () => {
    hear(records({}, 'self'), '192.168.1.66');
    expect(table.size).toBe(0);
  });

  test('an id that does not fit the name of its service is ignored', () => {
    const other = records({}, 'two').find((record) => record.type === 'TXT');
    if (other?.type !== 'TXT') throw new Error('no TXT');
    hear(records().map((record) => (record.type === 'TXT' ? { ...record, data: other.data } : record)));
    expect(reader.sightings).toEqual([]);
  });

  test('M2: a TXT that breaks the rules changes nothing of a known peer', () => {
    hear(records());
    const broken = { type: 'TXT', name: `im-oneaaaaaaaaa.${SERVICE}`, ttl: 120, data: [Buffer.from('id=x')] } as const;
    hear([broken]);
    expect(reader.sightings).toHaveLength(1);
  });

  test.each([
    ['port 0', 0, 'host.local'],
    ['a target outside .local', 4_000, 'evil.example'],
  ])('M3: an SRV with %s is ignored', (_, port, target) => {
    hear(records().map((record) => (record.type === 'SRV' ? { ...record, data: { port, target } } : record)));
    expect(reader.sightings).toEqual([]);
  });

  test('M4: a peer none of whose addresses is on the link is not told', () => {
    hear(recordsOf(announcementOf('one'), ['8.8.8.8']), '8.8.8.8');
    expect(reader.sightings).toEqual([]);
  });

  test('M5: ten thousand of them leave a thousand, and the ones heard last', () => {
    const label = (at: number) =>
      at
        .toString(32)
        .replace(/[0189]/g, (digit) => ({ 0: 'w', 1: 'x', 8: 'y', 9: 'z' })[digit] ?? digit)
        .padStart(6, 'w');
    for (let at = 0; at < 10_000; at++) hear(records({}, `f${label(at)}`));
    expect(table.size).toBe(MAX_PEERS);
    expect(reader.sightings).toHaveLength(10_000);
    expect(reader.losses).toHaveLength(9_000);
    hear(records({}, `f${label(9_999)}`));
    expect(reader.sightings).toHaveLength(10_000);
  });

  test('M5: a flood of services that tell only half pushes nobody out', () => {
    hear(records());
    for (let at = 0; at < 5_000; at++) {
      const name = `im-${at.toString(2).padStart(12, 'x').replaceAll('0', 'a').replaceAll('1', 'b').slice(-12)}`;
      hear([{ type: 'PTR', name: SERVICE, ttl: 120, data: `${name}.${SERVICE}` }]);
    }
    expect(table.size).toBe(MAX_PEERS);
    expect(reader.losses).toEqual([]);
  });

  test('another namespace is not told; a peer that moves there is gone', () => {
    hear(records({ namespace: 'namespace-2' }, 'two'));
    hear(records());
    hear(records({ namespace: 'namespace-2' }));
    expect(reader.sightings.map((sighting) => sighting.node)).toEqual([one]);
    expect(reader.losses).toEqual([{ node: one, reason: 'expired' }]);
    expect(table.size).toBe(0);
  });

  test('two ids that share a label replace each other, each with its loss', () => {
    const twin = { ...announcementOf('one'), node: nodeOf(`one${'a'.repeat(9)}zzz`) };
    hear(records());
    hear(recordsOf(twin, [PEER]));
    expect(reader.sightings.map((sighting) => sighting.node)).toEqual([one, twin.node]);
    expect(reader.losses).toEqual([{ node: one, reason: 'expired' }]);
  });

  test('two nodes that live with one id are a problem, told once; a restart is none', () => {
    hear(records({ incarnation: 1 }));
    hear(records({ incarnation: 2 }));
    expect(reader.problems).toEqual([]);
    for (let time = 0; time < 5; time++) {
      hear(records({ incarnation: 1 }));
      hear(records({ incarnation: 2 }));
    }
    expect(reader.problems).toEqual([expect.stringContaining('same id')]);
  });

  test('no packet of any shape throws', () => {
    const name = fc.constantFrom(SERVICE, `im-oneaaaaaaaaa.${SERVICE}`, 'im-oneaaaaaaaaa.local', '.', '', 'x.local');
    const data = fc.oneof(
      name,
      fc.anything(),
      fc.record({ port: fc.anything(), target: name }),
      fc.array(fc.uint8Array()),
    );
    const type = fc.constantFrom('PTR', 'SRV', 'TXT', 'A', 'AAAA', 'OPT', 7);
    const record = fc.record({ name, type, ttl: fc.oneof(fc.nat(), fc.anything()), data });
    const packet = fc.record({ answers: fc.array(fc.oneof(record, fc.anything())), additionals: fc.array(record) });
    fc.assert(
      fc.property(fc.oneof(packet, fc.anything()), (any) => {
        table.hear(readRecords(any), PEER, eth0, now);
        table.sweep(now);
      }),
      { seed: 20261123, numRuns: 1_000 },
    );
  });

  test('a packet of more records than make sense is not read', () => {
    const filler: OwnRecord = { type: 'PTR', name: 'x.local', ttl: 1, data: 'y.local' };
    hear([...records(), ...Array<OwnRecord>(600).fill(filler)]);
    expect(reader.sightings).toEqual([]);
  });
});
