import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { MemoryDisk } from '../../main/adapters/store/memory-disk.ts';
import { DELIVERY_LIMITS } from '../../main/core/defaults.ts';
import { collector } from '../support/machines.ts';
import { idOf, type Started, World } from '../support/world.ts';

let world: World;
let disk: MemoryDisk;
let a: Started;
let b: Started;
beforeEach(async () => {
  world = new World();
  disk = new MemoryDisk();
  a = await world.start('a', { disk });
  b = await world.start('b');
});
afterEach(() => world.stop());

const sink = (at: Started, options = {}) => world.after(at.node.register('Sink', collector, options));
const letters = ({ node }: Started) => node.deadLetters.list();
const send = (from: Started, n: number, to = `im://${idOf('b')}/Sink_1`) =>
  world.after(from.node.sendTo(to, { type: 'NUMBER', n }));
const fail = () => {
  throw new Error('not today');
};

test('what was refused is listed with why, and sent again as a new envelope that names the old one', async () => {
  await sink(b, { accept: { events: ['OTHER'] } });
  const sent = await send(a, 1);
  const [letter, ...more] = await letters(a);
  expect(more).toEqual([]);
  expect(letter).toMatchObject({ id: sent.id, direction: 'out', reason: 'NOT_ACCEPTED', event: { n: 1 } });
  await world.after(b.node.unregister('Sink_1'));
  const open = await sink(b);
  const place = letter?.place ?? 0;
  // Twice at once, and once more: it is one envelope all the same.
  const retried = await world.after(
    Promise.all([a.node.deadLetters.retry([place, place]), a.node.deadLetters.retry([place])]),
  );
  expect(retried).toEqual([
    { retried: 1, failed: [] },
    { retried: 1, failed: [] },
  ]);
  expect(await world.after(a.node.deadLetters.retry([place]))).toMatchObject({
    retried: 0,
    failed: [{ place, code: 'INPUT_INVALID' }],
  });
  await world.settle();
  expect(await letters(a)).toEqual([]);
  expect(open.actor.getSnapshot().context.numbers).toEqual([1]);
  const [again, before] = await a.node.messages();
  expect(again).toMatchObject({ status: 'handled', causationId: sent.id, event: { n: 1 } });
  expect(again?.id).not.toBe(before?.id);
});

test('its receiver keeps what it refused only until the sender has it on disk, however long they stay connected', async () => {
  const kept = new MemoryDisk();
  const c = await world.start('c', { disk: kept });
  await sink(c, { accept: { events: ['OTHER'] } });
  for (let round = 0; round < 5; round++) {
    const sends = Array.from({ length: 1_000 }, (_, n) => send(a, n, `im://${idOf('c')}/Sink_1`));
    for (const sent of sends) expect(await sent).toMatchObject({ status: 'refused', code: 'NOT_ACCEPTED' });
    await world.settle();
  }
  const refused = kept.state().marks.flatMap((mark) => mark.refused);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(2 * DELIVERY_LIMITS.refusalsKept);
  expect(await a.node.deadLetters.list({ limit: 10_000 })).toHaveLength(5_000);
});

test('what a machine failed at three times is given to what takes its place', async () => {
  const failing = createMachine({ on: { NUMBER: { actions: fail } } });
  await world.after(b.node.register('Sink', failing));
  const sending = a.node.sendTo(`im://${idOf('b')}/Sink_1`, { type: 'NUMBER', n: 1 });
  await world.advance(60_000);
  expect(await sending).toMatchObject({ status: 'dead', code: 'MACHINE_FAILED' });
  await world.after(b.node.replace('Sink_1', collector));
  const [letter] = await letters(b);
  expect(letter).toMatchObject({ direction: 'in', from: `im://${idOf('a')}/$node` });
  expect(await world.after(b.node.deadLetters.retry([letter?.place ?? 0]))).toEqual({ retried: 1, failed: [] });
  await world.settle();
  expect(await b.node.messages({ limit: 1 })).toMatchObject([
    { from: `im://${idOf('b')}/$node`, status: 'handled', causationId: letter?.id },
  ]);
});

test('a retry that a drop overtakes names every letter that it did not send', async () => {
  await sink(b, { accept: { events: ['OTHER'] } });
  for (let n = 1; n <= 20; n++) await send(a, n);
  const places = (await letters(a)).map(({ place }) => place);
  expect(places).toHaveLength(20);
  const [, { retried, failed }] = await world.after(
    Promise.all([a.node.deadLetters.drop(places.slice(1)), a.node.deadLetters.retry([...places, 999])]),
  );
  expect(retried).toBe(1);
  expect(failed).toHaveLength(20);
  expect(failed.map(({ place }) => place)).toEqual([...places.slice(1), 999]);
  expect(failed.at(-1)).toEqual({
    place: 999,
    code: 'INPUT_INVALID',
    reason: 'No dead letter has the place 999: it was dropped, sent again, or never one',
  });
});

test('what cannot be sent again stays, and the reason is told; what is dropped is gone for good', async () => {
  await sink(b);
  b.node.release('Sink_1');
  await world.settle();
  await send(a, 1);
  await world.after(b.node.unregister('Sink_1'));
  await world.settle();
  const [letter] = await letters(b);
  expect(await world.after(b.node.deadLetters.retry([letter?.place ?? 0]))).toMatchObject({
    retried: 0,
    failed: [{ place: letter?.place, code: 'MACHINE_UNKNOWN' }],
  });
  expect(await letters(b)).toHaveLength(1);
  await world.after(b.node.deadLetters.drop([letter?.place ?? 0, 99]));
  expect(await letters(b)).toEqual([]);
});

test('retries of the same letters at one time answer for each letter that they were asked for, sent once or not at all', async () => {
  await sink(b, { accept: { events: ['OTHER'] } });
  for (let n = 1; n <= 4; n++) await send(a, n);
  const places = (await letters(a)).map(({ place }) => place);
  await world.after(b.node.unregister('Sink_1'));
  const taking = await sink(b);
  const [first = 0, ...others] = places;
  const answers = await world.after(
    Promise.all([
      a.node.deadLetters.retry([first, 998]),
      a.node.deadLetters.retry([...places, 998]),
      a.node.deadLetters.retry([...others, first, first]),
    ]),
  );
  expect(answers.map(({ retried, failed }) => [retried, failed.map(({ place }) => place)])).toEqual([
    [1, [998]],
    [4, [998]],
    [4, []],
  ]);
  expect(answers[1]?.failed).toEqual(answers[0]?.failed);
  await world.settle();
  expect(await letters(a)).toEqual([]);
  expect(taking.actor.getSnapshot().context.numbers.toSorted()).toEqual([1, 2, 3, 4]);
});

test('a peer that is forgotten is known no more, and what waited for it is listed', async () => {
  await sink(b);
  const { id } = b.node;
  await expect(a.node.forgetPeer(id)).rejects.toMatchObject({ code: 'PEER_ALIVE' });
  await expect(a.node.forgetPeer(idOf('c'))).rejects.toMatchObject({ code: 'NODE_UNKNOWN' });
  await world.after(b.node.stop());
  await send(a, 1);
  const pending = a.node.sendTo(`im://${id}/Sink_1`, { type: 'NUMBER', n: 2 }, { until: 'delivered' });
  await world.settle();
  expect(await world.after(a.node.forgetPeer(id))).toBe(2);
  expect(await pending).toMatchObject({ status: 'dead', code: 'PEER_FORGOTTEN' });
  expect(await letters(a)).toMatchObject([
    { reason: 'PEER_FORGOTTEN', event: { n: 2 } },
    { reason: 'PEER_FORGOTTEN', event: { n: 1 } },
  ]);
  const isGone = () => {
    expect(a.node.peers()).toEqual([]);
    expect(a.node.machines()).toEqual([]);
    expect(a.node.waitingFor(id)).toBe(0);
  };
  isGone();
  // Nobody is known there for whom they could wait.
  const places = (await letters(a)).map(({ place }) => place);
  expect((await world.after(a.node.deadLetters.retry(places))).failed).toMatchObject(
    Array(2).fill({ code: 'NODE_UNKNOWN' }),
  );
  await world.after(a.node.stop());
  a = await world.start('a', { disk });
  isGone();
  // It came back all the same, and gets what is sent again.
  b = await world.start('b');
  const again = await sink(b);
  await world.advance(2_000);
  expect(await world.after(a.node.deadLetters.retry(places.toReversed()))).toEqual({ retried: 2, failed: [] });
  await world.advance(1_000);
  expect(again.actor.getSnapshot().context.numbers).toEqual([1, 2]);
});
