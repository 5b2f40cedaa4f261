import { describe, expect, test } from 'vitest';
import { SimulatedClock } from '../../../main/adapters/clock/simulated.ts';
import { parseEndpoint, StaticDiscovery } from '../../../main/adapters/discovery/static.ts';
import { announcementOf, RecordingReader } from '../../support/discovery.ts';

describe('The address of a peer', () => {
  test.each([
    ['kitchen:4000', { host: 'kitchen', port: 4000 }],
    ['kitchen.local:1', { host: 'kitchen.local', port: 1 }],
    [' 192.0.2.7:65535 ', { host: '192.0.2.7', port: 65535 }],
    ['[::1]:4000', { host: '::1', port: 4000 }],
    ['[fe80::1%eth0]:4000', { host: 'fe80::1%eth0', port: 4000 }],
  ])('%s is read', (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  test.each([
    '',
    'kitchen',
    ':4000',
    'kitchen:',
    'kitchen:0',
    'kitchen:65536',
    'kitchen:4000x',
    'kitchen:-1',
    'kitchen:4e3',
    '::1:4000',
    '[::1]',
    '[::1]:',
    '[kitchen]:4000',
    '[192.0.2.7]:4000',
    'two words:4000',
    'https://kitchen:4000',
    'kitchen:4000/path',
    '-kitchen:4000',
    `${'x'.repeat(300)}:4000`,
    '\u001b[31m:4000',
  ])('%j is refused with a sentence', (text) => {
    expect(() => parseEndpoint(text)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('host:port is expected') }),
    );
  });
});

describe('StaticDiscovery', () => {
  test('tells every address at the start and again every 10 s, without a node', async () => {
    const clock = new SimulatedClock();
    const reader = new RecordingReader();
    const discovery = new StaticDiscovery({ clock, peers: ['kitchen:1', '[::1]:2'] });
    await discovery.start(announcementOf('self'), reader);
    const once = [
      { endpoints: [{ host: 'kitchen', port: 1 }], source: 'static' },
      { endpoints: [{ host: '::1', port: 2 }], source: 'static' },
    ];
    expect(reader.sightings).toEqual(once);
    clock.increment(9_999);
    expect(reader.sightings).toEqual(once);
    clock.increment(1);
    expect(reader.sightings).toEqual([...once, ...once]);
    await discovery.stop();
    await discovery.stop();
    clock.increment(60_000);
    expect(reader.sightings).toHaveLength(4);
  });

  test('a start while it runs tells nothing twice; after a stop it tells again', async () => {
    const clock = new SimulatedClock();
    const reader = new RecordingReader();
    const discovery = new StaticDiscovery({ clock, peers: ['kitchen:1'] });
    await discovery.start(announcementOf('self'), reader);
    await discovery.start(announcementOf('self'), reader);
    clock.increment(10_000);
    expect(reader.sightings).toHaveLength(2);
    await discovery.stop();
    await discovery.start(announcementOf('self'), reader);
    expect(reader.sightings).toHaveLength(3);
    await discovery.stop();
  });

  test('goes on after a reader that throws', async () => {
    const clock = new SimulatedClock();
    const reader = new RecordingReader();
    const discovery = new StaticDiscovery({ clock, peers: ['bad:1', 'good:2'] });
    const seen = reader.seen.bind(reader);
    reader.seen = (sighting) => {
      if (sighting.endpoints[0]?.host === 'bad') throw new Error('broken reader');
      seen(sighting);
    };
    await discovery.start(announcementOf('self'), reader);
    clock.increment(10_000);
    expect(reader.sightings).toHaveLength(2);
    expect(reader.problems[0]).toContain('broken reader');
    await discovery.stop();
  });

  test('nobody written down is no fault', async () => {
    const reader = new RecordingReader();
    const discovery = new StaticDiscovery({ clock: new SimulatedClock(), peers: [] });
    await discovery.start(announcementOf('self'), reader);
    expect(reader.sightings).toEqual([]);
    await discovery.stop();
  });
});
