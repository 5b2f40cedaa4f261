import { describe, expect, test } from 'vitest';
import { SystemClock } from '../../../main/adapters/clock/system.ts';
import { CombinedDiscovery } from '../../../main/adapters/discovery/combined.ts';
import { MdnsDiscovery } from '../../../main/adapters/discovery/mdns.ts';
import { StaticDiscovery } from '../../../main/adapters/discovery/static.ts';
import type { Announcement, Discovery, DiscoveryReader } from '../../../main/core/ports.ts';
import { discoverySuite } from '../../compliance/discovery.ts';
import { announcementOf, nodeOf, RecordingReader } from '../../support/discovery.ts';
import { freeUdpPort } from '../../support/udp-port.ts';

discoverySuite('CombinedDiscovery of mDNS and nobody static', async () => {
  const clock = new SystemClock();
  const port = await freeUdpPort();
  return {
    create: () =>
      new CombinedDiscovery([
        new MdnsDiscovery({ clock, loopback: { port } }),
        new StaticDiscovery({ clock, peers: [] }),
      ]),
  };
});

/** Does what the test says, and remembers what it was asked. */
class Puppet implements Discovery {
  readonly calls: string[] = [];
  reader: DiscoveryReader = new RecordingReader();

  async start(_self: Announcement, reader: DiscoveryReader): Promise<void> {
    this.calls.push('start');
    this.reader = reader;
  }

  announce(): void {
    this.calls.push('announce');
  }

  seek(missing: boolean): void {
    this.calls.push(`seek ${missing}`);
  }

  async stop(): Promise<void> {
    this.calls.push('stop');
  }
}

class Broken implements Discovery {
  start(): Promise<void> {
    throw new Error('cannot start');
  }

  announce(): void {
    throw new Error('cannot announce');
  }

  seek(): void {
    throw new Error('cannot seek');
  }

  async stop(): Promise<void> {
    throw new Error('cannot stop');
  }
}

const sighting = (node: string, port: number) =>
  ({ node: nodeOf(node), endpoints: [{ host: '192.0.2.1', port }], source: 'mdns' }) as const;

describe('CombinedDiscovery', () => {
  test('hands everything to each, and stops all', async () => {
    const puppets = [new Puppet(), new Puppet()];
    const combined = new CombinedDiscovery(puppets);
    await combined.start(announcementOf('self'), new RecordingReader());
    combined.announce(announcementOf('self'));
    combined.seek(true);
    await combined.stop();
    for (const puppet of puppets) expect(puppet.calls).toEqual(['start', 'announce', 'seek true', 'stop']);
  });

  test('a broken one is reported by name and stops nobody', async () => {
    const puppet = new Puppet();
    const reader = new RecordingReader();
    const combined = new CombinedDiscovery([new Broken(), puppet, new Broken()]);
    await combined.start(announcementOf('self'), reader);
    combined.announce(announcementOf('self'));
    combined.seek(false);
    await combined.stop();
    expect(puppet.calls).toEqual(['start', 'announce', 'seek false', 'stop']);
    for (const what of ['start', 'announce', 'seek', 'stop'])
      expect(reader.problems.filter((problem) => problem.includes(`cannot ${what}`))).toHaveLength(2);
    expect(reader.problems[0]).toContain('Broken');
  });

  test('a node is gone once nobody sees it any more', async () => {
    const [first, second] = [new Puppet(), new Puppet()];
    const reader = new RecordingReader();
    await new CombinedDiscovery([first, second]).start(announcementOf('self'), reader);
    first.reader.seen(sighting('both', 1));
    second.reader.seen(sighting('both', 2));
    first.reader.gone(nodeOf('both'), 'expired');
    first.reader.gone(nodeOf('both'), 'expired');
    first.reader.gone(nodeOf('never'), 'goodbye');
    expect(reader.losses).toEqual([]);
    second.reader.gone(nodeOf('both'), 'goodbye');
    expect(reader.losses).toEqual([{ node: nodeOf('both'), reason: 'goodbye' }]);
  });

  test('the first to see a node has the word, the endpoints of the others come behind, and nothing is told twice', async () => {
    const [first, second] = [new Puppet(), new Puppet()];
    const reader = new RecordingReader();
    await new CombinedDiscovery([first, second]).start(announcementOf('self'), reader);
    second.reader.seen({ ...sighting('both', 2), name: 'second' });
    first.reader.seen({ ...sighting('both', 1), name: 'first' });
    first.reader.seen({ ...sighting('both', 1), name: 'other' });
    second.reader.gone(nodeOf('both'), 'expired');
    expect(reader.sightings.map(({ name, endpoints }) => [name, ...endpoints.map(({ port }) => port)])).toEqual([
      ['second', 2],
      ['second', 2, 1],
      ['other', 1],
    ]);
    first.reader.gone(nodeOf('both'), 'goodbye');
    first.reader.seen(sighting('both', 1));
    expect(reader.sightings).toHaveLength(4);
  });

  test('a network that changed is told on', async () => {
    const puppet = new Puppet();
    const reader = new RecordingReader();
    await new CombinedDiscovery([puppet]).start(announcementOf('self'), reader);
    puppet.reader.networkChanged();
    expect(reader.changes).toBe(1);
  });

  test('a reader that throws at a problem disturbs nobody', async () => {
    const reader = new RecordingReader();
    reader.problem = () => {
      throw new Error('broken reader');
    };
    const puppet = new Puppet();
    const combined = new CombinedDiscovery([new Broken(), puppet]);
    await combined.start(announcementOf('self'), reader);
    combined.seek(true);
    await combined.stop();
    expect(puppet.calls).toEqual(['start', 'seek true', 'stop']);
  });

  test('none at all is no fault', async () => {
    const combined = new CombinedDiscovery([]);
    await combined.start(announcementOf('self'), new RecordingReader());
    await combined.stop();
  });
});
