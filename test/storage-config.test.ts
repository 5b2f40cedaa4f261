import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configFrom } from '../main/config.ts';
import { createNode } from '../main/index.ts';
import { collector } from './support/machines.ts';
import { freeUdpPort } from './support/udp-port.ts';

const storageOf = (storage: object) => configFrom({ storage }, {}).storage;

describe('what is kept', () => {
  test('is a week for what waits, and as much as the store says, unless told', () => {
    expect(storageOf({})).toEqual({ ttlMs: 604_800_000, outboxRows: 20_000 });
  });

  test('leaves the log a quarter of the room where only that is told', () => {
    expect(storageOf({ maxBytes: 64 * 1024 * 1024 })).toMatchObject({ logBytes: 16 * 1024 * 1024 });
  });

  test.each([
    ['no time at all', { ttlMs: 0 }, 'storage.ttlMs: from 1'],
    ['half a millisecond', { ttlMs: 0.5 }, 'storage.ttlMs: a whole number is expected'],
    ['more than a year', { ttlMs: 366 * 86_400_000 }, 'storage.ttlMs: 31536000000 at most'],
    ['no outbox', { outboxRows: 0 }, 'storage.outboxRows: from 1'],
    ['a log of a second', { logMs: 1_000 }, 'storage.logMs: from 60000'],
    ['a database of a megabyte', { maxBytes: 1_048_576 }, 'storage.maxBytes: from 16777216'],
    ['a log that takes all the room', { maxBytes: 2 ** 26, logBytes: 2 ** 26 }, 'logBytes must be half of maxBytes'],
    ['another option', { days: 3 }, 'days'],
  ])('is refused where it is %s, with its name', (_, storage, sentence) => {
    expect(() => storageOf(storage)).toThrow(sentence);
  });

  test('is what a real node does: an outbox that is full says so, and what waited too long is a dead letter', async () => {
    const home = await mkdtemp(join(tmpdir(), 'intermachine-test-'));
    const options = {
      networkKey: 'abcdefghijklmnopqrstuvwxya',
      loopbackPort: await freeUdpPort(),
      report: () => {},
    };
    const here = await createNode({
      ...options,
      name: 'here',
      dataDir: join(home, 'here'),
      storage: { ttlMs: 300, outboxRows: 2, maxBytes: 64 * 1024 * 1024 },
    });
    const there = await createNode({ ...options, name: 'there', store: 'memory' });
    try {
      const { address } = await there.register('Sink', collector);
      await here.waitForType('Sink');
      await there.stop();
      const until = { until: 'accepted' } as const;
      for (const n of [1, 2]) await here.sendTo(address, { type: 'NUMBER', n }, until);
      await expect(here.sendTo(address, { type: 'NUMBER', n: 3 }, until)).rejects.toMatchObject({
        code: 'OUTBOX_FULL',
        message: expect.stringMatching(
          /^2 envelopes already wait for node .*: it is away, or slower than its senders$/,
        ),
      });
      await expect
        .poll(() => here.deadLetters.list(), { timeout: 8_000 })
        .toMatchObject([
          { reason: 'ENVELOPE_EXPIRED', event: { n: 2 } },
          { reason: 'ENVELOPE_EXPIRED', event: { n: 1 } },
        ]);
    } finally {
      await here.stop();
      await rm(home, { recursive: true, force: true });
    }
  });

  test('a database that is nearly full takes nothing new, says so, and brings to an end what it accepted', async () => {
    const home = await mkdtemp(join(tmpdir(), 'intermachine-test-'));
    const options = { networkKey: 'abcdefghijklmnopqrstuvwxya', loopbackPort: await freeUdpPort(), report: () => {} };
    const storage = { maxBytes: 16 * 1024 * 1024 };
    const here = await createNode({ ...options, name: 'here', dataDir: join(home, 'here'), storage });
    const there = { ...options, name: 'there', dataDir: join(home, 'there') };
    let away = await createNode(there);
    try {
      const { address } = await away.register('Sink', collector);
      await here.waitForType('Sink');
      await away.stop();
      const event = { type: 'NUMBER', n: 0, text: 'x'.repeat(200_000) };
      let accepted = 0;
      const fill = async () => {
        for (; accepted < 200; accepted++) await here.sendTo(address, { ...event, n: accepted }, { until: 'accepted' });
      };
      await expect(fill()).rejects.toMatchObject({
        code: 'STORE_FULL',
        message: expect.stringContaining('nearly used up'),
      });
      expect(here.waitingFor(away.id)).toBe(accepted);
      away = await createNode(there);
      const sink = await away.register('Sink', collector);
      await expect.poll(() => sink.actor.getSnapshot().context.numbers.length, { timeout: 15_000 }).toBe(accepted);
    } finally {
      await Promise.all([here.stop(), away.stop()]);
      await rm(home, { recursive: true, force: true });
    }
  }, 60_000);
});
