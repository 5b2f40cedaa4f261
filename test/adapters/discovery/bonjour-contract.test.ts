import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRecords } from '../../../main/adapters/discovery/mdns-packet.ts';
import { recordsOf, SERVICE } from '../../../main/adapters/discovery/mdns-records.ts';
import { openBonjour } from '../../../main/adapters/discovery/mdns-socket.ts';
import { announcementOf, dnsPacket, eventually, RawMember } from '../../support/discovery.ts';
import { freeUdpPort } from '../../support/udp-port.ts';

/** What mdns-socket.ts relies on inside bonjour-service. Where a new version breaks this, the adapter must be read again. */
describe('bonjour-service', () => {
  let port: number;
  let stranger: RawMember;
  let server: ReturnType<typeof openBonjour>;
  let errors: unknown[];
  let sources: string[];
  let admitted: boolean;
  const records = recordsOf(announcementOf('one'), ['127.0.0.1']);

  beforeEach(async () => {
    port = await freeUdpPort();
    stranger = await RawMember.open(port);
    errors = [];
    sources = [];
    admitted = true;
    server = openBonjour(
      { family: 'IPv4', at: '127.0.0.1' },
      { IPv4: '239.255.77.1', IPv6: 'ff11::4d', port },
      (source) => {
        sources.push(source);
        return admitted;
      },
      (error) => errors.push(error),
    );
    await new Promise<void>((resolve, reject) => {
      server.mdns.on('ready', resolve);
      server.mdns.on('error', reject);
      server.mdns.on('warning', () => {});
    });
  });

  afterEach(async () => {
    await new Promise<void>((resolve) => server.mdns.destroy(() => resolve()));
    await stranger[Symbol.asyncDispose]();
    expect(errors).toEqual([]);
  });

  const answers = () => stranger.heard.filter((packet) => packet.type === 'response');
  const query = (name: string, type: string) => stranger.send(encodeQuery([{ name, type }]));

  test('is the version that was read', async () => {
    const manifest = JSON.parse(await readFile('node_modules/bonjour-service/package.json', 'utf8')) as object;
    expect(manifest).toMatchObject({ version: '1.4.4' });
  });

  test('answers a question for the service with PTR, and SRV, TXT and addresses beside it, as they were registered', async () => {
    server.register(records);
    await query(SERVICE, 'PTR');
    const answer = await eventually('an answer', () => answers()[0]);
    expect(answer.answers).toMatchObject([{ type: 'PTR', name: SERVICE, ttl: 120, flush: false }]);
    expect(answer.additionals.map(({ type, ttl, flush }) => [type, ttl, flush])).toEqual([
      ['SRV', 120, true],
      ['TXT', 120, true],
      ['A', 120, true],
    ]);
    expect(readRecords(answer)).toHaveLength(4);
  });

  test('answers a question for a sub-type, and for the records of one service', async () => {
    server.register(records);
    const subtype = records.find((record) => record.name.includes('._sub.'))?.name ?? '';
    await query(subtype, 'PTR');
    await eventually('the sub-type', () => answers().some((packet) => packet.answers[0]?.name === subtype));
    await query(`im-oneaaaaaaaaa.${SERVICE}`, 'TXT');
    await eventually('the TXT', () => answers().some((packet) => packet.answers[0]?.type === 'TXT'));
  });

  test('answers nothing after unregister, and the new records after register', async () => {
    server.register(records);
    server.unregister(records);
    await query(SERVICE, 'PTR');
    server.register(recordsOf(announcementOf('one', { port: 4_321 }), ['127.0.0.1']));
    await query(`im-oneaaaaaaaaa.${SERVICE}`, 'SRV');
    await eventually('the new port', () => answers().some((packet) => packet.answers[0]?.type === 'SRV'));
    for (const packet of answers()) {
      const srv = [...packet.answers, ...packet.additionals].find((record) => record.type === 'SRV');
      expect(srv?.data).toMatchObject({ port: 4_321 });
    }
  });

  test('responds and queries from the group port, and hears itself', async () => {
    const own: unknown[] = [];
    server.mdns.on('response', (packet, from) => own.push([from.port, readRecords(packet).length]));
    await new Promise<void>((resolve, reject) =>
      server.mdns.respond({ answers: records }, (error) => (error ? reject(error) : resolve())),
    );
    await eventually('its own response', () => own.length > 0);
    expect(own[0]).toEqual([port, records.length]);
    await new Promise<void>((resolve, reject) =>
      server.mdns.query({ questions: [{ name: SERVICE, type: 'PTR' }] }, (error) =>
        error ? reject(error) : resolve(),
      ),
    );
    await eventually('its question', () => stranger.heard.some((packet) => packet.questions[0]?.name === SERVICE));
  });

  test('tells an error as an error event where the port is taken, and can be destroyed after it', async () => {
    const taken = await freeUdpPort();
    const holder = createSocket({ type: 'udp4', reuseAddr: false });
    await new Promise<void>((resolve) => holder.bind({ port: taken, exclusive: true }, resolve));
    const failing = openBonjour(
      { family: 'IPv4', at: '127.0.0.1' },
      { IPv4: '239.255.77.1', IPv6: 'ff11::4d', port: taken },
      () => true,
      () => {},
    );
    const error = await new Promise((resolve) => failing.mdns.on('error', resolve));
    expect(error).toMatchObject({ code: 'EADDRINUSE' });
    failing.mdns.destroy(() => {});
    holder.close();
  });

  test('joins the group before it is ready', async () => {
    let joined = false;
    const other = openBonjour(
      { family: 'IPv4', at: '127.0.0.1' },
      { IPv4: '239.255.77.1', IPv6: 'ff11::4d', port: await freeUdpPort() },
      () => true,
      () => {},
    );
    other.mdns.on('error', () => {});
    other.mdns.on('warning', () => {});
    other.mdns.on('networkInterface', () => {
      joined = true;
    });
    await new Promise<void>((resolve) => other.mdns.on('ready', resolve));
    expect(joined).toBe(true);
    other.mdns.destroy(() => {});
  });

  test('never gets to see a packet from a source that is not admitted', async () => {
    const queries: unknown[] = [];
    server.mdns.on('query', (packet) => queries.push(packet));
    admitted = false;
    await query(SERVICE, 'PTR');
    await eventually('the packet arrives', () => sources.length === 1);
    admitted = true;
    await query('marker.local', 'A');
    await eventually('the next packet', () => queries.length > 0);
    expect(queries).toMatchObject([{ questions: [{ name: 'marker.local' }] }]);
  });

  test.each([
    ['65 questions', encodeQuery(Array.from({ length: 65 }, () => ({ name: SERVICE, type: 'PTR' })))],
    ['9,001 bytes', Buffer.concat([encodeQuery([{ name: SERVICE, type: 'PTR' }]), Buffer.alloc(9_001)])],
    ['three bytes', Buffer.from('abc')],
  ])('never gets to see a packet of %s', async (_, bytes) => {
    let queries = 0;
    server.mdns.on('query', () => queries++);
    await stranger.send(bytes);
    await query('marker.local', 'A');
    await eventually('the next packet', () => queries === 1);
    expect(stranger.heard.at(-1)?.questions[0]?.name).toBe('marker.local');
  });
});

function encodeQuery(questions: readonly { name: string; type: string }[]): Buffer {
  return dnsPacket.encode({ type: 'query', questions });
}
