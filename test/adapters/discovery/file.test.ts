import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimulatedClock } from '../../../main/adapters/clock/simulated.ts';
import { FileDiscovery } from '../../../main/adapters/discovery/file.ts';
import { announcementOf, eventually, RecordingReader } from '../../support/discovery.ts';

let directory: string;
let file: string;
let clock: SimulatedClock;
let reader: RecordingReader;
let discovery: FileDiscovery;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'intermachine-peers-'));
  file = join(directory, 'peers');
  clock = new SimulatedClock();
  reader = new RecordingReader();
  discovery = new FileDiscovery({ clock, file });
});
afterEach(async () => {
  await discovery.stop();
  await rm(directory, { recursive: true });
});

const start = () => discovery.start(announcementOf('self'), reader);
const hosts = () => reader.sightings.map(({ endpoints }) => endpoints[0]?.host);
/** Lets the next look at the file happen, and whatever it leads to. */
const looks = (what: string, condition: () => boolean) =>
  eventually(what, () => {
    clock.increment(2_000);
    return condition();
  });

test('every line is an address, with room for remarks', async () => {
  await writeFile(file, '\uFEFF# the kitchen\r\nkitchen:1 # by the door\r\n\r\n  [fe80::1%eth0]:2\n');
  await start();
  expect(reader.sightings).toEqual([
    { endpoints: [{ host: 'kitchen', port: 1 }], source: 'static' },
    { endpoints: [{ host: 'fe80::1%eth0', port: 2 }], source: 'static' },
  ]);
  expect(reader.problems).toEqual([]);
});

test('a change counts within seconds, also of a file that was replaced, and what stands is told every 10 s', async () => {
  await writeFile(file, 'kitchen:1');
  await start();
  await writeFile(`${file}.new`, 'garden:1');
  await rename(`${file}.new`, file);
  await looks('the new one', () => hosts().includes('garden'));
  const before = reader.sightings.length;
  await looks('it again', () => reader.sightings.length > before);
  expect(hosts().slice(1)).toEqual(reader.sightings.slice(1).map(() => 'garden'));
  expect(clock.now()).toBeGreaterThanOrEqual(10_000);
});

test('a line that is no address is told once, with its number, and the others count', async () => {
  await writeFile(file, 'kitchen:1\nhttp://garden\n');
  await start();
  expect(hosts()).toEqual(['kitchen']);
  await looks('the repetition', () => reader.sightings.length > 1);
  expect(reader.problems).toEqual([expect.stringMatching(/peers: line 2: "http:\/\/garden" is not the address/)]);
});

test('a file that is not there is a problem, told once, and counts as soon as it is', async () => {
  await start();
  await looks('time passes', () => clock.now() > 10_000);
  expect(reader.problems).toEqual([expect.stringContaining('ENOENT')]);
  await writeFile(file, 'kitchen:1');
  await looks('it is there', () => hosts().includes('kitchen'));
});

test('a file that is far too large, or a directory, is a problem and nothing more', async () => {
  await writeFile(file, 'kitchen:1\n'.repeat(30_000));
  await start();
  expect(reader.problems).toEqual([expect.stringContaining('300000 bytes')]);
  const other = new FileDiscovery({ clock, file: directory });
  await other.start(announcementOf('self'), reader);
  expect(reader.problems[1]).toContain('EISDIR');
  await other.stop();
  expect(reader.sightings).toEqual([]);
});

test('after a stop nothing is told; a second start tells again', async () => {
  await writeFile(file, 'kitchen:1');
  await start();
  await start();
  expect(reader.sightings).toHaveLength(1);
  await discovery.stop();
  await discovery.stop();
  clock.increment(60_000);
  expect(reader.sightings).toHaveLength(1);
  await start();
  expect(reader.sightings).toHaveLength(2);
});
