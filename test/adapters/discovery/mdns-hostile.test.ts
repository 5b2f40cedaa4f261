import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SystemClock } from '../../../main/adapters/clock/system.ts';
import { MdnsDiscovery } from '../../../main/adapters/discovery/mdns.ts';
import { goodbyesTo, type OwnRecord, recordsOf, SERVICE } from '../../../main/adapters/discovery/mdns-records.ts';
import { announcementOf, dnsPacket, eventually, nodeOf, RawMember, RecordingReader } from '../../support/discovery.ts';
import { freeUdpPort } from '../../support/udp-port.ts';

const clock = new SystemClock();
const liar = (id = 'liar', changes: Parameters<typeof announcementOf>[1] = {}) =>
  recordsOf(announcementOf(id, changes), ['127.0.0.1']);
const withTxt = (...strings: readonly (string | Buffer)[]) =>
  liar().map((record) =>
    record.type === 'TXT' ? { ...record, data: strings.map((string) => Buffer.from(string)) } : record,
  );
const response = (...answers: readonly object[]) => dnsPacket.encode({ type: 'response', answers });
/** A header that promises `answers`, and what follows it. */
const raw = (answers: number, ...rest: readonly Buffer[]) => {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x8400, 2);
  header.writeUInt16BE(answers, 6);
  return Buffer.concat([header, ...rest]);
};
const rest = ['inc=1', 'rev=0', 'ns=namespace-1'];
const id = `id=${nodeOf('liar')}`;

describe('Hostile packets on the group', () => {
  let port: number;
  let victim: MdnsDiscovery;
  let reader: RecordingReader;
  let attacker: RawMember;

  beforeEach(async () => {
    port = await freeUdpPort();
    reader = new RecordingReader();
    victim = new MdnsDiscovery({ clock, loopback: { port } });
    await victim.start(announcementOf('victim'), reader);
    attacker = await RawMember.open(port);
  });

  afterEach(async () => {
    await victim.stop();
    await attacker[Symbol.asyncDispose]();
  });

  /** An honest node shows up after all that was sent, so that it is known to have been read. */
  async function honestIsSeen(): Promise<void> {
    await eventually('the honest node is seen', () => {
      void attacker.respond({ answers: liar('honest') });
      return reader.last(nodeOf('honest'));
    });
  }

  test.each<[string, readonly Buffer[]]>([
    ['M2: an id that is none', [response(...withTxt('v=1', 'id=short', ...rest))]],
    [
      'M2: a TXT of more than 1,300 bytes',
      [response(...withTxt('v=1', id, ...rest, ...Array.from({ length: 8 }, (_, at) => `x${at}=${'y'.repeat(200)}`)))],
    ],
    ['M2: a key without "="', [response(...withTxt('v=1', id, ...rest, 'boolean'))]],
    ['M2: a key twice', [response(...withTxt('v=1', id, ...rest, id))]],
    ['M2: bytes that are not UTF-8', [response(...withTxt('v=1', id, ...rest, Buffer.from([0x78, 0x3d, 0xff])))]],
    ['M2: no TXT at all', [response(...liar().filter((record) => record.type !== 'TXT'))]],
    [
      'M3: port 0',
      [
        response(
          ...liar().map((record) =>
            record.type === 'SRV' ? { ...record, data: { port: 0, target: 'x.local' } } : record,
          ),
        ),
      ],
    ],
    [
      'M3: a target outside .local',
      [
        response(
          ...liar().map((record) =>
            record.type === 'SRV' ? { ...record, data: { port: 1, target: 'evil.example' } } : record,
          ),
        ),
      ],
    ],
    [
      'M3: a name that points to itself',
      [raw(1, Buffer.from([0xc0, 0x0c, 0, 12, 0, 1, 0, 0, 0, 1, 0, 2, 0xc0, 0x0c]))],
    ],
    ['M3: two names that point to each other', [raw(1, Buffer.from([0xc0, 0x0e, 0xc0, 0x0c, 0, 12, 0, 1]))]],
    ['M3: 65,535 answers promised, none sent', [raw(65_535)]],
    [
      'M3: 65,535 answers promised, some sent',
      [raw(65_535, ...Array<Buffer>(600).fill(Buffer.from([0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0])))],
    ],
    ['M3: more than 9,000 bytes', [Buffer.concat([response(...liar()), Buffer.alloc(9_000)])]],
    ['every beginning of a good packet', beginningsOf(response(...liar()))],
    ['random bytes', Array.from({ length: 200 }, () => randomBytes(300))],
    ['random bytes behind a good header', Array.from({ length: 200 }, () => raw(5, randomBytes(300)))],
    [
      'a service of our type with any name',
      [
        response(
          { type: 'PTR', name: SERVICE, ttl: 120, data: `Printer <b>.${SERVICE}` },
          { type: 'SRV', name: `Printer <b>.${SERVICE}`, ttl: 120, data: { port: 9, target: 'x.local' } },
        ),
      ],
    ],
  ])('%s: is ignored, and an honest node is seen after it', async (_, packets) => {
    for (const packet of packets) await attacker.send(packet);
    await honestIsSeen();
    expect(reader.sightings.map((sighting) => sighting.node)).toEqual([nodeOf('honest')]);
    expect([reader.losses, reader.problems]).toEqual([[], []]);
  });

  test('M1: our own id at another port is a hint that somebody has a copy of it, told once, and never where we are', async () => {
    for (let n = 0; n < 5; n++) await attacker.respond({ answers: liar('victim', { port: 6_666, incarnation: 99 }) });
    // Our own words, which come back to us.
    await attacker.respond({ answers: liar('victim') });
    await honestIsSeen();
    expect(reader.sightings.map(({ node, incarnation }) => [node, incarnation])).toEqual([
      [nodeOf('victim'), 99],
      [nodeOf('honest'), 1],
    ]);
    expect([reader.losses, reader.problems]).toEqual([[], []]);
  });

  test('M4: addresses that are not on the link are not in the sighting', async () => {
    const named = ['0.0.0.0', '224.0.0.251', '192.0.2.1', '8.8.8.8', '127.0.0.9'];
    await attacker.respond({ answers: recordsOf(announcementOf('liar'), named) });
    const seen = await eventually('the liar is seen', () => reader.last(nodeOf('liar')));
    // The source of the packet comes first, which is an address of this host.
    expect(seen.endpoints.every(({ host }) => host.startsWith('127.'))).toBe(true);
    expect(seen.endpoints.map(({ host }) => host)).toContain('127.0.0.9');
  });

  test('an answer that does not come from the port of the group is none', async () => {
    await using outsider = await RawMember.open(port, await freeUdpPort());
    await outsider.respond({ answers: liar() });
    await honestIsSeen();
    expect(reader.last(nodeOf('liar'))).toBeUndefined();
  });

  test('M5: a flood of services is survived, and an honest node is seen after it', async () => {
    const letters = 'abcdefghijklmnop';
    for (let at = 0; at < 3_000; at++) {
      const name = [...at.toString(16)].map((digit) => letters[Number.parseInt(digit, 16)]).join('');
      await attacker.respond({ answers: liar(`q${name}z`) });
    }
    await honestIsSeen();
    expect(reader.problems).toEqual([]);
  });

  test('M6: a forged goodbye without the incarnation does not make a live node disappear', async () => {
    const friend = new MdnsDiscovery({ clock, loopback: { port } });
    try {
      await friend.start(announcementOf('friend'), new RecordingReader());
      await eventually('the friend is seen', () => reader.last(nodeOf('friend')));
      const goodbyes = goodbyesTo(liar('friend')).filter((record: OwnRecord) => record.type !== 'TXT');
      for (let time = 0; time < 20; time++) await attacker.respond({ answers: goodbyes });
      await honestIsSeen();
      expect(reader.losses).toEqual([]);
    } finally {
      await friend.stop();
    }
  });

  test('M7, M8: what it claims besides is ignored, and its name is text', async () => {
    await attacker.send(
      response(...withTxt('v=1', id, ...rest, 'trusted=yes', 'role=admin', 'name=<img src=x>\u001b[2J\nok')),
    );
    const seen = await eventually('the liar is seen', () => reader.last(nodeOf('liar')));
    expect(Object.keys(seen).sort()).toEqual(['endpoints', 'incarnation', 'links', 'name', 'node', 'source', 'types']);
    expect(seen.name).toBe('<img src=x>\uFFFD[2J\uFFFDok');
  });

  test('thousands of questions in one packet are not answered one by one', async () => {
    const questions = Array.from({ length: 300 }, () => ({ type: 'PTR', name: SERVICE }));
    await attacker.send(dnsPacket.encode({ type: 'query', questions }));
    await honestIsSeen();
    const answers = attacker.heard.filter(
      (packet) => packet.type === 'response' && packet.answers[0]?.data === `im-victimaaaaaa.${SERVICE}`,
    );
    expect(answers.length).toBeLessThan(10);
  });
});

function beginningsOf(packet: Buffer): Buffer[] {
  return Array.from({ length: packet.length - 1 }, (_, length) => packet.subarray(0, length + 1));
}
