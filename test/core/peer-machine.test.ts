import { expect, test } from 'vitest';
import { createActor } from 'xstate';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { peerMachine, redialCeilingMs } from '../../main/core/peer-machine.ts';

function startPeer({ dialsFirst = true, random = 1 } = {}) {
  const clock = new SimulatedClock();
  const dials: number[] = [];
  const input = { dialsFirst, dial: () => dials.push(clock.now()), random: () => random };
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

test('a peer that cannot be reached is dialled for ever, up to 4 s apart', () => {
  expect([0, 1, 2, 3, 4, 50].map(redialCeilingMs)).toEqual([500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  const { clock, peer, dials } = startPeer();
  peer.send({ type: 'sighted' });
  for (let n = 0; n < 6; n++) {
    peer.send({ type: 'dialFailed' });
    clock.increment(4_000);
  }
  expect(dials).toHaveLength(7);
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
