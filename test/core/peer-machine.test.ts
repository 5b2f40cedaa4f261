import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { TIMINGS } from '../../main/core/defaults.ts';
import { peerMachine, redialMs } from '../../main/core/peer-machine.ts';

function startPeer({ dialsFirst = true, isKnown = true, random = 1 } = {}) {
  const clock = new SimulatedClock();
  const dials: number[] = [];
  const input = { dialsFirst, isKnown, timings: TIMINGS, dial: () => dials.push(clock.now()), random: () => random };
  const peer = createActor(peerMachine, { clock, input }).start();
  return { clock, peer, dials, presence: () => peer.getSnapshot().value.presence };
}

test('the node with the smaller id dials when it sees the other', () => {
  const { peer, dials } = startPeer();
  peer.send({ type: 'sighted' });
  expect(dials).toEqual([0]);
});

test('the other one dials only if nobody came within 300 to 600 ms', () => {
  for (const [random, delay] of [
    [0, 300],
    [0.999, 599],
  ] as const) {
    const { clock, peer, dials } = startPeer({ dialsFirst: false, random });
    peer.send({ type: 'sighted' });
    clock.increment(delay - 1);
    expect(dials).toEqual([]);
    clock.increment(2);
    expect(dials).toHaveLength(1);
  }
});

test('it does not dial whom it is linked with', () => {
  const { clock, peer, dials } = startPeer({ dialsFirst: false });
  peer.send({ type: 'sighted' });
  peer.send({ type: 'opened' });
  peer.send({ type: 'sighted' });
  clock.increment(60_000);
  expect(dials).toEqual([]);
});

const ceilings = (changes: { isKnown?: boolean; breaks?: number }, failures: readonly number[]) =>
  failures.map((count) =>
    redialMs({ isKnown: true, breaks: 0, timings: TIMINGS, random: () => 1, ...changes, failures: count }),
  );

test('a peer that cannot be reached is dialled for ever, up to 4 s apart, and after some minutes up to a minute apart', () => {
  expect(ceilings({}, [0, 1, 2, 3, 4, 99, 100, 5_000])).toEqual([
    500, 1_000, 2_000, 4_000, 4_000, 4_000, 60_000, 60_000,
  ]);
  const { clock, peer, dials } = startPeer();
  peer.send({ type: 'sighted' });
  for (let n = 0; n < 6; n++) {
    peer.send({ type: 'dialFailed' });
    clock.increment(4_000);
  }
  expect(dials).toHaveLength(7);
});

test('one that was never reached is left in peace after ten dials, for minutes', () => {
  expect(ceilings({ isKnown: false }, [0, 9, 10, 1_000])).toEqual([500, 4_000, 300_000, 300_000]);
});

test('the jitter takes all of a wait, but only half of one that damps', () => {
  const least = (changes: object) =>
    redialMs({ isKnown: true, breaks: 0, failures: 3, timings: TIMINGS, random: () => 0, ...changes });
  expect([least({}), least({ breaks: 2 }), least({ breaks: 3 }), least({ isKnown: false, failures: 10 })]).toEqual([
    0, 0, 15_000, 150_000,
  ]);
});

test('a line that breaks again and again is dialled ever more slowly, until one holds for half a minute', () => {
  const { clock, peer, dials } = startPeer();
  peer.send({ type: 'sighted' });
  const gaps: number[] = [];
  for (let n = 0; n < 9; n++) {
    peer.send({ type: 'opened' });
    clock.increment(100);
    peer.send({ type: 'lost', silenceMs: 0 });
    const lostAt = clock.now();
    while (dials.length === n + 1) clock.increment(100);
    gaps.push((dials.at(-1) ?? 0) - lostAt);
  }
  expect(gaps).toEqual([500, 500, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  peer.send({ type: 'opened' });
  clock.increment(30_000);
  peer.send({ type: 'lost', silenceMs: 0 });
  clock.increment(500);
  expect(dials).toHaveLength(11);
});

test('no sighting hurries one whose line breaks again and again', () => {
  const { peer, dials } = startPeer();
  for (let n = 0; n < 3; n++) {
    peer.send({ type: 'opened' });
    peer.send({ type: 'lost', silenceMs: 0 });
  }
  peer.send({ type: 'sighted' });
  peer.send({ type: 'retry' });
  expect(dials).toEqual([]);
});

test('a network that changed cuts the wait short, however often it failed before', () => {
  const { clock, peer, dials } = startPeer();
  peer.send({ type: 'retry' });
  expect(dials).toEqual([]);
  peer.send({ type: 'sighted' });
  for (let n = 0; n < 200; n++) {
    peer.send({ type: 'dialFailed' });
    clock.increment(60_000);
  }
  peer.send({ type: 'dialFailed' });
  peer.send({ type: 'retry' });
  expect(dials).toHaveLength(202);
  peer.send({ type: 'dialFailed' });
  clock.increment(1_000);
  expect(dials).toHaveLength(203);
});

test('one that is connected to another node with our id is asked again after half a minute', () => {
  const { clock, peer, dials, presence } = startPeer();
  peer.send({ type: 'sighted' });
  peer.send({ type: 'displaced' });
  expect(presence()).toBe('offline');
  clock.increment(29_999);
  peer.send({ type: 'sighted' });
  expect(dials).toHaveLength(1);
  clock.increment(1);
  expect(dials).toHaveLength(2);
});

test('a new sighting cuts the wait short', () => {
  const { peer, dials } = startPeer();
  peer.send({ type: 'sighted' });
  peer.send({ type: 'dialFailed' });
  peer.send({ type: 'sighted' });
  expect(dials).toEqual([0, 0]);
});

test('a lost peer is suspect, and offline 8 s after its last sign of life', () => {
  const { clock, peer, presence } = startPeer();
  peer.send({ type: 'opened' });
  expect(presence()).toBe('alive');
  peer.send({ type: 'lost', silenceMs: 3_000 });
  expect(presence()).toBe('suspect');
  clock.increment(4_999);
  expect(presence()).toBe('suspect');
  clock.increment(1);
  expect(presence()).toBe('offline');
});

test('one that comes back in time is alive again, and stays so', () => {
  const { clock, peer, presence } = startPeer();
  peer.send({ type: 'opened' });
  peer.send({ type: 'lost', silenceMs: 0 });
  clock.increment(7_000);
  peer.send({ type: 'opened' });
  clock.increment(60_000);
  expect(presence()).toBe('alive');
});

test('one that says goodbye is offline at once, and is not dialled before it is seen again', () => {
  const { clock, peer, dials, presence } = startPeer();
  peer.send({ type: 'opened' });
  peer.send({ type: 'left' });
  expect(presence()).toBe('offline');
  clock.increment(600_000);
  expect(dials).toEqual([]);
  peer.send({ type: 'sighted' });
  expect(dials).toHaveLength(1);
});

test('one that is not trusted is asked again after five minutes, or when what it announces changes', () => {
  const { clock, peer, dials } = startPeer();
  peer.send({ type: 'sighted' });
  peer.send({ type: 'distrusted' });
  clock.increment(299_999);
  expect(dials).toHaveLength(1);
  clock.increment(1);
  expect(dials).toHaveLength(2);
  peer.send({ type: 'distrusted' });
  peer.send({ type: 'sighted' });
  expect(dials).toHaveLength(3);
});
