import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from '../../../main/adapters/clock/simulated.ts';
import { SystemClock } from '../../../main/adapters/clock/system.ts';
import { MdnsDiscovery } from '../../../main/adapters/discovery/mdns.ts';
import { subtypeOf } from '../../../main/adapters/discovery/mdns-records.ts';
import { discoverySuite } from '../../compliance/discovery.ts';
import { announcementOf, dnsPacket, eventually, nodeOf, RawMember, RecordingReader } from '../../support/discovery.ts';
import { freeUdpPort } from '../../support/udp-port.ts';

const clock = new SystemClock();

discoverySuite('MdnsDiscovery', async () => {
  const port = await freeUdpPort();
  return { create: () => new MdnsDiscovery({ clock, loopback: { port } }) };
});

const running: MdnsDiscovery[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((discovery) => discovery.stop()));
});

function create(options: ConstructorParameters<typeof MdnsDiscovery>[0]): MdnsDiscovery {
  const discovery = new MdnsDiscovery(options);
  running.push(discovery);
  return discovery;
}

describe('MdnsDiscovery on the loopback group', () => {
  test('two nodes see each other at the loopback address', async () => {
    const port = await freeUdpPort();
    const reader = new RecordingReader();
    await create({ clock, loopback: { port } }).start(announcementOf('one'), reader);
    await create({ clock, loopback: { port } }).start(announcementOf('two', { port: 4_002 }), new RecordingReader());
    const seen = await eventually('two is seen', () => reader.last(nodeOf('two')));
    expect(seen.endpoints).toEqual([{ host: '127.0.0.1', port: 4_002 }]);
  });

  test('groups on different ports do not hear each other', async () => {
    const [first, second] = [await freeUdpPort(), await freeUdpPort()];
    const apart = new RecordingReader();
    const together = new RecordingReader();
    await create({ clock, loopback: { port: second } }).start(announcementOf('apart'), apart);
    await create({ clock, loopback: { port: first } }).start(announcementOf('one'), together);
    await create({ clock, loopback: { port: first } }).start(announcementOf('two'), new RecordingReader());
    await eventually('two is seen', () => together.last(nodeOf('two')));
    expect(apart.sightings).toEqual([]);
    expect(together.last(nodeOf('apart'))).toBeUndefined();
  });

  test('what is announced in place of our own addresses and port is what others see, however it changes', async () => {
    const port = await freeUdpPort();
    const reader = new RecordingReader();
    const advertise = { hosts: ['127.0.0.9'], port: 4_711 };
    await create({ clock, loopback: { port } }).start(announcementOf('one'), reader);
    const two = create({ clock, loopback: { port }, advertise });
    await two.start(announcementOf('two', { port: 4_002 }), new RecordingReader());
    const seen = () => reader.last(nodeOf('two'));
    await eventually('two is seen', seen);
    two.announce(announcementOf('two', { port: 4_002, types: ['Other'], revision: 1 }));
    await eventually('its change is seen', () => seen()?.types?.includes('Other'));
    // Where its packets come from is tried last: something in between may have changed it.
    expect(seen()?.endpoints).toEqual([
      { host: '127.0.0.9', port: 4_711 },
      { host: '127.0.0.1', port: 4_711 },
    ]);
  });

  test('a stop takes at most 300 ms', async () => {
    const one = create({ clock, loopback: { port: await freeUdpPort() } });
    await one.start(announcementOf('one'), new RecordingReader());
    const begun = performance.now();
    await one.stop();
    expect(performance.now() - begun).toBeLessThan(300);
  });

  test('a port that another program holds is a problem, and is taken as soon as it is free', async () => {
    const port = await freeUdpPort();
    const holder = createSocket({ type: 'udp4', reuseAddr: false }).bind({ port, address: '0.0.0.0', exclusive: true });
    await once(holder, 'listening');
    const reader = new RecordingReader();
    await create({ clock, loopback: { port } }).start(announcementOf('one'), reader);
    expect(reader.problems).toHaveLength(1);
    expect(reader.problems[0]).toContain('EADDRINUSE');
    holder.close();
    await eventually('it works again', () => reader.problems.some((problem) => problem.includes('works again')));
    await create({ clock, loopback: { port } }).start(announcementOf('two'), new RecordingReader());
    await eventually('two is seen', () => reader.last(nodeOf('two')));
  });

  test.each([
    ['port 0', { port: 0 }],
    ['port 70000', { port: 70_000 }],
    ['a namespace of 300 bytes', { namespace: 'x'.repeat(300) }],
    ['a type with a comma', { types: ['a,b'] }],
  ])('%s is refused at the start', async (_, changes) => {
    const one = create({ clock, loopback: { port: await freeUdpPort() } });
    await expect(one.start(announcementOf('one', changes), new RecordingReader())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  test('a change that cannot be announced is a problem, and the old announcement stands', async () => {
    const port = await freeUdpPort();
    const reader = new RecordingReader();
    const one = create({ clock, loopback: { port } });
    await one.start(announcementOf('one'), reader);
    one.announce(announcementOf('one', { types: ['a b'] }));
    expect(reader.problems[0]).toContain('"a b" is not a machine type');
    const other = new RecordingReader();
    await create({ clock, loopback: { port } }).start(announcementOf('two'), other);
    expect((await eventually('one is seen', () => other.last(nodeOf('one')))).types).toEqual(['PingService']);
  });
});

describe('MdnsDiscovery, while time stands still', () => {
  const name = '_intermachine._tcp.local';

  /** One node that does nothing but for a reason, since its clock stands, and a stranger that hears all of it. */
  async function still() {
    const port = await freeUdpPort();
    const stranger = await RawMember.open(port);
    const simulated = new SimulatedClock();
    const discovery = new MdnsDiscovery({ clock: simulated, loopback: { port } });
    const reader = new RecordingReader();
    await discovery.start(announcementOf('one'), reader);
    const announced = () => stranger.heard.filter((packet) => packet.answers[0]?.ttl === 120).length;
    const asked = () => stranger.heard.filter((packet) => packet.questions[0]?.name === name).length;
    // The announcement, and the answer to its own question.
    await eventually('the beginning', () => announced() === 2 && asked() === 1);
    return {
      simulated,
      stranger,
      discovery,
      reader,
      announced,
      asked,
      async [Symbol.asyncDispose]() {
        let stopped = false;
        void discovery.stop().then(() => {
          stopped = true;
        });
        await eventually('the end, for which time has to pass', () => {
          simulated.increment(25);
          return stopped;
        });
        await stranger[Symbol.asyncDispose]();
      },
    };
  }

  test('it announces itself again after a second', async () => {
    await using node = await still();
    node.simulated.increment(1_000);
    await eventually('the second announcement, and the answer to its second question', () => node.announced() === 4);
  });

  test('it says goodbye twice, with all that it said', async () => {
    const node = await still();
    await node[Symbol.asyncDispose]();
    const goodbyes = node.stranger.heard.filter((packet) => packet.answers[0]?.ttl === 0);
    expect(goodbyes).toHaveLength(2);
    for (const { answers } of goodbyes)
      expect(answers.map((record) => [record.type, record.ttl])).toEqual([
        ['PTR', 0],
        ['SRV', 0],
        ['TXT', 0],
        ['A', 0],
        ['PTR', 0],
      ]);
  });

  test('a type that it has no more is taken back, so that nobody finds it by its sub-type', async () => {
    await using node = await still();
    node.discovery.announce(announcementOf('one', { types: ['Other'], revision: 1 }));
    const gone = `${subtypeOf('PingService')}._sub.${name}`;
    await eventually('the goodbye of the sub-type', () =>
      node.stranger.heard.some(({ answers }) => answers.some((record) => record.name === gone && record.ttl === 0)),
    );
    await node.stranger.send(dnsPacket.encode({ type: 'query', questions: [{ type: 'PTR', name: gone }] }));
    const kept = `${subtypeOf('Other')}._sub.${name}`;
    await node.stranger.send(dnsPacket.encode({ type: 'query', questions: [{ type: 'PTR', name: kept }] }));
    await eventually('the new sub-type', () => node.stranger.heard.some(({ answers }) => answers[0]?.name === kept));
    expect(node.stranger.heard.some(({ answers }) => answers[0]?.name === gone && answers[0].ttl > 0)).toBe(false);
  });

  test('a forged goodbye in its name is answered by an announcement', async () => {
    await using node = await still();
    node.simulated.increment(1_000);
    await eventually('all announcements', () => node.announced() === 4);
    await node.stranger.respond({ answers: [{ type: 'PTR', name, ttl: 0, data: `im-oneaaaaaaaaa.${name}` }] });
    await eventually('the answer to the lie', () => node.announced() === 5);
  });

  test('it does not ask what somebody else just asked, and asks when that is too long ago', async () => {
    await using node = await still();
    node.simulated.increment(500);
    await node.stranger.send(dnsPacket.encode({ type: 'query', questions: [{ type: 'PTR', name }] }));
    await eventually('the answer to the stranger', () => node.announced() === 3);
    node.simulated.increment(500);
    await eventually('the second announcement', () => node.announced() === 4);
    expect(node.asked()).toBe(2);
    node.simulated.increment(2_000);
    await eventually('its own question', () => node.asked() === 3);
  });

  test('a question that shows known answers does not stand for its own', async () => {
    await using node = await still();
    node.simulated.increment(500);
    const known = { type: 'PTR', name, ttl: 60, data: `im-oneaaaaaaaaa.${name}` };
    await node.stranger.send(dnsPacket.encode({ type: 'query', questions: [{ type: 'PTR', name }], answers: [known] }));
    await eventually('the answer to the stranger', () => node.announced() === 3);
    node.simulated.increment(500);
    await eventually('its own question', () => node.asked() === 3);
  });

  test.each([
    ['forwards', 60_000],
    ['backwards', -60_000],
  ])('a wall clock that jumps %s means that the host slept: it opens anew, announces and asks', async (_, jump) => {
    await using node = await still();
    node.simulated.increment(1_000);
    await eventually('all announcements', () => node.announced() === 4 && node.asked() === 2);
    node.simulated.wallOffsetMs += jump;
    node.simulated.increment(1_000);
    await eventually('a new beginning', () => node.announced() === 6 && node.asked() === 3);
    expect(node.reader.changes).toBe(1);
  });

  test('a wall clock that is set by two seconds means nothing', async () => {
    await using node = await still();
    node.simulated.increment(1_000);
    await eventually('all announcements', () => node.announced() === 4);
    node.simulated.wallOffsetMs += 2_000;
    node.simulated.increment(1_000);
    await node.stranger.send(dnsPacket.encode({ type: 'query', questions: [{ type: 'PTR', name }] }));
    await eventually('the answer to the stranger', () => node.announced() === 5);
    expect(node.asked()).toBe(3);
  });

  test('while a node is missing it asks every ten seconds', async () => {
    await using node = await still();
    for (const at of [1_000, 2_000, 4_000]) node.simulated.increment(at);
    await eventually('the first questions', () => node.asked() === 4);
    node.discovery.seek(true);
    for (let second = 0; second < 10; second++) node.simulated.increment(1_000);
    await eventually('the next question', () => node.asked() === 5);
  });
});

describe('MdnsDiscovery without a network', () => {
  test('tells it once, and goes on looking', async () => {
    const simulated = new SimulatedClock();
    let looked = 0;
    const interfaces = () => {
      looked++;
      return {};
    };
    const reader = new RecordingReader();
    const discovery = create({ clock: simulated, interfaces });
    await discovery.start(announcementOf('one'), reader);
    for (let second = 0; second < 5; second++) simulated.increment(1_000);
    expect(reader.problems).toEqual([expect.stringContaining('No network interface')]);
    expect(looked).toBe(6);
    await discovery.stop();
    simulated.increment(10_000);
    expect(looked).toBe(6);
  });

  test('starts where the networks cannot be read', async () => {
    const reader = new RecordingReader();
    const interfaces = () => {
      throw new Error('EMFILE');
    };
    await create({ clock: new SimulatedClock(), interfaces }).start(announcementOf('one'), reader);
    expect(reader.problems).toEqual([expect.stringContaining('EMFILE')]);
  });

  test('survives that the networks cannot be read', async () => {
    const simulated = new SimulatedClock();
    let broken = false;
    const interfaces = () => {
      if (broken) throw new Error('EMFILE');
      return {};
    };
    const reader = new RecordingReader();
    await create({ clock: simulated, interfaces }).start(announcementOf('one'), reader);
    broken = true;
    simulated.increment(1_000);
    await eventually('the problem is told', () => reader.problems.some((problem) => problem.includes('EMFILE')));
    broken = false;
    simulated.increment(1_000);
    expect(reader.problems).toHaveLength(2);
  });
});
