import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { createNode, type InterMachineNode } from '../../main/index.ts';
import { eventually } from '../support/discovery.ts';
import { collector } from '../support/machines.ts';
import { freeUdpPort } from '../support/udp-port.ts';

// Two real nodes, and more events than a machine takes.

const OUTBOX = 400;
let fast: InterMachineNode;
let slow: InterMachineNode;
beforeEach(async () => {
  const options = {
    networkKey: 'abcdefghijklmnopqrstuvwxya',
    loopbackPort: await freeUdpPort(),
    store: 'memory',
    report: () => {},
  } as const;
  fast = await createNode({ ...options, name: 'fast', storage: { outboxRows: OUTBOX } });
  slow = await createNode({ ...options, name: 'slow' });
});
afterEach(async () => {
  await Promise.all([fast.stop(), slow.stop()]);
});

/** Busy for a millisecond with each event, as a machine is that computes. */
const laborious = createMachine({
  on: {
    NUMBER: {
      actions: () => {
        const until = performance.now() + 1;
        while (performance.now() < until);
      },
    },
  },
});

test('I7: a slow machine slows its senders with a word that helps; its node stays alive, and others there are served', async () => {
  await slow.register('Slow', laborious);
  const quick = await slow.register('Quick', collector);
  await fast.waitForType('Slow');
  await fast.waitForType('Quick');
  const states = new Set<string>();
  fast.on('peer', ({ state }) => states.add(state));
  const refusals: { code: string; message: string }[] = [];
  let sent = 0;
  const handled: Promise<unknown>[] = [];
  // Three times as much as may wait, in bursts, with no regard for what becomes of it.
  for (let burst = 0; burst < 10; burst++) {
    for (let n = 0; n < 150; n++) {
      const sending = fast.sendTo('Slow_1', { type: 'NUMBER', n: sent++ });
      handled.push(sending.catch((error) => refusals.push(error)));
    }
    await new Promise(setImmediate);
    expect(fast.waitingFor(slow.id)).toBeLessThanOrEqual(OUTBOX);
  }
  expect(refusals.length).toBeGreaterThan(0);
  expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['OUTBOX_FULL']));
  expect(refusals[0]?.message).toMatch(/envelopes already wait for node .*: it is away, or slower than its senders/);
  // What is refused slows whoever waits a moment and tries again; it gets through.
  await eventually('there is room again', () => fast.waitingFor(slow.id) < OUTBOX / 2, 30_000);
  expect(await fast.sendTo(quick.address, { type: 'NUMBER', n: 1 })).toMatchObject({ status: 'handled' });
  await Promise.all(handled);
  const taken = (await slow.messages({ limit: 10_000, eventType: 'NUMBER' })).filter(({ to }) =>
    to.endsWith('/Slow_1'),
  );
  expect(taken).toHaveLength(sent - refusals.length);
  expect(new Set(taken.map(({ status }) => status))).toEqual(new Set(['handled']));
  expect([...states].filter((state) => state !== 'alive')).toEqual([]);
}, 60_000);

test('I7, I8: a machine for which too much waits refuses with a code that says so, and takes more once it has caught up', async () => {
  await slow.register('Rests', collector);
  await fast.waitForType('Rests');
  slow.release('Rests_1');
  await eventually('it rests', () => fast.machine('Rests_1')?.running === false);
  const statuses = new Map<string, number>();
  const send = async (n: number) => {
    const { status, code } = await fast.sendTo('Rests_1', { type: 'NUMBER', n });
    const what = code ?? status;
    statuses.set(what, (statuses.get(what) ?? 0) + 1);
  };
  // 10,000 may wait for one machine.
  for (let from = 0; from < 10_500; from += 250)
    await Promise.all(Array.from({ length: 250 }, (_, n) => send(from + n)));
  expect(Object.fromEntries(statuses)).toEqual({ delivered: 10_000, MACHINE_BUSY: 500 });
  const busy = () => fast.deadLetters.list({ reason: 'MACHINE_BUSY', limit: 1_000 });
  await expect.poll(busy, { timeout: 8_000 }).toHaveLength(500);
  const again = await slow.register('Rests', collector);
  await eventually('it has all', () => again.actor.getSnapshot().context.numbers.length === 10_000, 30_000);
  expect(await fast.sendTo(again.address, { type: 'NUMBER', n: 1 })).toMatchObject({ status: 'handled' });
}, 60_000);
