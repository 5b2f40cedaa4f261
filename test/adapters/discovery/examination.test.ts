import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { SystemClock } from '../../../main/adapters/clock/system.ts';
import { examineNetwork } from '../../../main/adapters/discovery/examination.ts';
import { MdnsDiscovery } from '../../../main/adapters/discovery/mdns.ts';
import { announcementOf, nodeOf, RecordingReader } from '../../support/discovery.ts';
import { freeUdpPort } from '../../support/udp-port.ts';

const running: MdnsDiscovery[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((discovery) => discovery.stop()));
});

async function start(id: string, port: number, changes = {}): Promise<void> {
  const discovery = new MdnsDiscovery({ clock: new SystemClock(), loopback: { port } });
  running.push(discovery);
  await discovery.start(announcementOf(id, changes), new RecordingReader());
}

const examine = (loopbackPort: number, more = {}) =>
  examineNetwork({ loopbackPort, namespace: 'namespace-1', listenMs: 400, ...more });

test('everybody who is there answers, with namespace and start, and our own question comes back', async () => {
  const port = await freeUdpPort();
  await start('one', port, { port: 4_001 });
  await start('two', port, { namespace: 'other', incarnation: 9 });
  const { multicast, announcements, linkOf } = await examine(port);
  expect(multicast).toMatchObject([
    { link: 'loopback', family: 'IPv4', returned: true, answeredAfterMs: expect.any(Number) },
  ]);
  expect(announcements).toHaveLength(2);
  expect(announcements).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        id: nodeOf('one'),
        name: 'node one',
        isOurs: true,
        port: 4_001,
        protocol: 1,
        from: '127.0.0.1',
      }),
      expect.objectContaining({ id: nodeOf('two'), isOurs: false, incarnation: 9 }),
    ]),
  );
  expect([linkOf('127.0.0.1'), linkOf('192.0.2.1')]).toEqual(['loopback', undefined]);
});

test('where only we ourselves answer, nobody did', async () => {
  const port = await freeUdpPort();
  await start('one', port);
  const { multicast } = await examine(port, { own: nodeOf('one') });
  expect(multicast[0]).toMatchObject({ returned: true });
  expect(multicast[0]).not.toHaveProperty('answeredAfterMs');
});

test('a port that another program holds is told as the system says it', async () => {
  const port = await freeUdpPort();
  const holder = createSocket({ type: 'udp4', reuseAddr: false }).bind({ port, address: '0.0.0.0', exclusive: true });
  await once(holder, 'listening');
  const { multicast } = await examine(port);
  expect(multicast).toMatchObject([{ returned: false, problem: expect.stringContaining('EADDRINUSE') }]);
  holder.close();
});

test('a host without a network has nothing to examine', async () => {
  const { interfaces, multicast } = await examineNetwork({ namespace: 'n', interfaces: () => ({}), listenMs: 10 });
  expect([interfaces, multicast]).toEqual([[], []]);
});
