import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Discovery } from '../../main/core/ports.ts';
import { announcementOf, eventually, nodeOf, RecordingReader } from '../support/discovery.ts';

/** A network of its own, in which discoveries find each other. */
export interface DiscoveryNetwork {
  create(): Discovery;
  close?(): Promise<void>;
}

/** What every discovery that announces as well as finds must do. */
export function discoverySuite(name: string, openNetwork: () => Promise<DiscoveryNetwork>): void {
  describe(`${name} as a discovery`, () => {
    let network: DiscoveryNetwork;
    let started: Discovery[];

    beforeEach(async () => {
      network = await openNetwork();
      started = [];
    });

    afterEach(async () => {
      await Promise.all(started.map((discovery) => discovery.stop()));
      await network.close?.();
    });

    async function start(id: string, changes: Parameters<typeof announcementOf>[1] = {}) {
      const discovery = network.create();
      const reader = new RecordingReader();
      const self = announcementOf(id, changes);
      started.push(discovery);
      await discovery.start(self, reader);
      return { discovery, reader, self, node: self.node };
    }

    type Started = Awaited<ReturnType<typeof start>>;
    const sees = (one: Started, other: Started) =>
      eventually(`${one.self.name} sees ${other.self.name}`, () => one.reader.last(other.node));

    test('two nodes see each other, whoever came first', async () => {
      const one = await start('one', { port: 4_001, types: ['A', 'B'], incarnation: 7 });
      const two = await start('two', { port: 4_002, types: [] });
      const seen = await sees(two, one);
      expect(seen).toMatchObject({ node: one.node, name: 'node one', incarnation: 7, types: ['A', 'B'] });
      expect(seen.endpoints[0]?.port).toBe(4_001);
      expect((await sees(one, two)).types).toEqual([]);
    });

    test('nobody sees itself', async () => {
      const one = await start('one');
      const two = await start('two');
      await Promise.all([sees(one, two), sees(two, one)]);
      expect(one.reader.seesOf(one.node)).toBe(0);
    });

    test('what does not change is told once', async () => {
      const one = await start('one');
      const two = await start('two');
      await sees(one, two);
      // A third one makes everybody speak again.
      const three = await start('three');
      await Promise.all([sees(three, one), sees(three, two), sees(one, three)]);
      expect(one.reader.seesOf(two.node)).toBe(1);
    });

    test('a change of the types is seen', async () => {
      const one = await start('one');
      const two = await start('two');
      await sees(two, one);
      one.discovery.announce({ ...one.self, types: ['PingService', 'New'], revision: 1 });
      await eventually('the new type is seen', () => two.reader.last(one.node)?.types?.includes('New'));
      one.discovery.announce({ ...one.self, types: [], revision: 2 });
      await eventually('no type is seen', () => two.reader.last(one.node)?.types?.length === 0);
    });

    test('twenty changes in one turn end in the last of them', async () => {
      const one = await start('one');
      const two = await start('two');
      await sees(two, one);
      for (let revision = 1; revision <= 20; revision++)
        one.discovery.announce({ ...one.self, types: [`Type_${revision}`], revision });
      await eventually('the last type is seen', () => two.reader.last(one.node)?.types?.includes('Type_20'));
    });

    test('who stops is gone with a goodbye, once', async () => {
      const one = await start('one');
      const two = await start('two');
      await sees(one, two);
      await two.discovery.stop();
      await eventually('the goodbye', () => one.reader.losses.length > 0);
      expect(one.reader.losses).toEqual([{ node: two.node, reason: 'goodbye' }]);
    });

    test('who starts again is seen with its new incarnation', async () => {
      const one = await start('one');
      const two = await start('two', { incarnation: 1 });
      await sees(one, two);
      await two.discovery.stop();
      await start('two', { incarnation: 2 });
      await eventually('incarnation 2', () => one.reader.last(two.node)?.incarnation === 2);
      expect(one.reader.losses).toEqual([{ node: two.node, reason: 'goodbye' }]);
      expect(one.reader.problems).toEqual([]);
    });

    test('who starts again without a goodbye is seen with its new incarnation, and is never gone', async () => {
      const one = await start('one');
      await start('two', { incarnation: 1 });
      await eventually('incarnation 1', () => one.reader.last(nodeOf('two'))?.incarnation === 1);
      await start('two', { incarnation: 2 });
      await eventually('incarnation 2', () => one.reader.last(nodeOf('two'))?.incarnation === 2);
      expect(one.reader.losses).toEqual([]);
    });

    test('nodes of another namespace are not seen', async () => {
      const one = await start('one');
      const stranger = await start('stranger', { namespace: 'namespace-2' });
      const two = await start('two');
      await Promise.all([sees(one, two), sees(two, one)]);
      expect(one.reader.seesOf(stranger.node)).toBe(0);
      expect(stranger.reader.sightings).toEqual([]);
    });

    test('stop may be called twice, before the start, and while it starts; nothing is told after it', async () => {
      const one = await start('one');
      const never = network.create();
      await never.stop();
      await never.stop();
      const hasty = network.create();
      started.push(hasty);
      const reader = new RecordingReader();
      const starting = hasty.start(announcementOf('hasty'), reader);
      await Promise.all([hasty.stop(), hasty.stop(), starting]);
      const told = reader.sightings.length;
      const two = await start('two');
      await sees(one, two);
      expect(reader.sightings).toHaveLength(told);
      hasty.announce(announcementOf('hasty', { types: ['Late'] }));
      hasty.seek(true);
    });

    test.each([0, 1, 2, 3, 4, 5])(
      'a stop %i turns after the start lets the start end, and leaves nobody',
      async (turns) => {
        const hasty = network.create();
        started.push(hasty);
        const starting = hasty.start(announcementOf('hasty'), new RecordingReader());
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        await hasty.stop();
        await starting;
        const one = await start('one');
        const two = await start('two');
        await sees(one, two);
        expect(one.reader.seesOf(nodeOf('hasty'))).toBe(0);
      },
    );

    test('one that stopped can start again', async () => {
      const one = await start('one');
      const two = await start('two');
      await sees(one, two);
      await two.discovery.stop();
      await eventually('the goodbye', () => one.reader.losses.length > 0);
      await two.discovery.start({ ...two.self, incarnation: 2 }, two.reader);
      await eventually('incarnation 2', () => one.reader.last(two.node)?.incarnation === 2);
    });

    test('a reader that throws disturbs nobody', async () => {
      const one = network.create();
      started.push(one);
      const failing = new RecordingReader();
      failing.seen = () => {
        throw new Error('broken reader');
      };
      await one.start(announcementOf('one'), failing);
      const two = await start('two');
      const three = await start('three');
      await Promise.all([sees(two, three), sees(three, two)]);
      await eventually('the failure is reported', () =>
        failing.problems.some((problem) => problem.includes('broken reader')),
      );
      await eventually('the failing one is seen all the same', () => two.reader.last(nodeOf('one')));
    });
  });
}
