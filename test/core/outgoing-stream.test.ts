import { beforeEach, describe, expect, test } from 'vitest';
import { DELIVERY_LIMITS } from '../../main/core/defaults.ts';
import { OutgoingStream } from '../../main/core/outgoing-stream.ts';
import type { OutboxRow } from '../../main/core/ports.ts';
import { encodeLabel } from '../../shared/envelope-text.ts';
import { machineId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const { windowRows, outboxRows, resumeEpochs, refusalsKept } = DELIVERY_LIMITS;
const FIRST = '0000000000000001';
const SECOND = '0000000000000002';
const OLD = 'aaaaaaaaaaaaaaaa';
const NEVER = 1_000_000;
/** As much as a peer may give. */
const credit = 1_000_000;

const textOf = (n: number, expiresAt = NEVER, size = 1): string =>
  `${encodeLabel({ from: machineId('A'), to: machineId('B'), sentAt: n, expiresAt })}\n{"type":"${'x'.repeat(size)}"}`;

const stored = (epoch: string, ...sequences: number[]): readonly OutboxRow[] =>
  sequences.map((sequence) => ({ peer: idOf('b'), epoch, sequence, text: textOf(sequence) }));

let epochs: number;
let stream: OutgoingStream;
beforeEach(() => {
  epochs = 0;
  stream = streamOf([]);
});

const streamOf = (rows: readonly OutboxRow[]) =>
  new OutgoingStream(rows, () => (++epochs).toString(16).padStart(16, '0'), DELIVERY_LIMITS);

/** Adds envelopes that are on disk at once. */
function add(count = 1, { expiresAt = NEVER, size = 1 } = {}): void {
  for (let n = 0; n < count; n++) stream.add(textOf(n, expiresAt, size), expiresAt);
  const added = stream.takeNew();
  if (added) stream.committed(added);
}

/** Everything that may leave now, as `first-last` of each batch, or what must be given up or skipped. */
function drain(now = 0): readonly string[] {
  const left: string[] = [];
  for (let next = stream.pump(now); next; next = stream.pump(now)) {
    if (next.type === 'messages') left.push(`${next.first}-${next.first + next.text.split('\n').length / 2 - 1}`);
    else if (next.type === 'skip') left.push(`skip ${next.first}-${next.last}`);
    else {
      left.push(`expired ${next.run.first}-${next.run.last}`);
      stream.setGone(next.run, 'ENVELOPE_EXPIRED');
      stream.goneIsTold(next.run);
    }
  }
  return left;
}

/** A new connection, on which every epoch was answered. */
function connect(mark = 0): void {
  stream.connected();
  for (const epoch of Object.keys(stream.resume()?.live ?? {}))
    stream.acknowledge({ epoch, mark, credit, refused: [] });
}

describe('on a new connection', () => {
  test('nothing leaves before the peer said what it has', () => {
    add();
    stream.connected();
    expect(drain()).toEqual([]);
    expect(stream.resume()).toEqual({ type: 'resume', live: { [FIRST]: 1 } });
    expect(drain()).toEqual([]);
    expect(stream.acknowledge({ epoch: FIRST, mark: 0, credit, refused: [] })).toEqual([]);
    expect(drain()).toEqual(['1-1']);
  });

  test('what the peer has already is not sent again', () => {
    add(3);
    connect();
    drain();
    stream.disconnected();
    stream.connected();
    stream.resume();
    expect(stream.acknowledge({ epoch: FIRST, mark: 2, credit, refused: [] })).toMatchObject([{ first: 1, last: 2 }]);
    expect(drain()).toEqual(['3-3']);
  });

  test('the present epoch is asked about before it has envelopes, and only once', () => {
    stream.connected();
    expect(stream.resume()).toEqual({ type: 'resume', live: { [FIRST]: 1 } });
    expect(stream.resume()).toBeUndefined();
    stream.acknowledge({ epoch: FIRST, mark: 0, credit, refused: [] });
    add();
    expect(stream.resume()).toBeUndefined();
    expect(drain()).toEqual(['1-1']);
  });

  test('envelopes of an earlier start of this node go first, under their own epoch', () => {
    stream = streamOf(stored(OLD, 4, 5));
    add();
    stream.connected();
    expect(stream.resume()?.live).toEqual({ [OLD]: 4, [FIRST]: 1 });
    stream.acknowledge({ epoch: FIRST, mark: 0, credit, refused: [] });
    expect(drain()).toEqual([]);
    stream.acknowledge({ epoch: OLD, mark: 3, credit, refused: [] });
    expect(drain()).toEqual(['4-5', '1-1']);
  });

  test('what was sent on the last one is sent again', () => {
    add(2);
    connect();
    expect(drain()).toEqual(['1-2']);
    stream.disconnected();
    expect(drain()).toEqual([]);
    connect();
    expect(drain()).toEqual(['1-2']);
  });

  test('epochs are asked about 64 at a time, the oldest first, the next as they drain', () => {
    const rows = Array.from({ length: 70 }, (_, n) => stored((0x1000 + n).toString(16).padStart(16, '0'), 1)).flat();
    stream = streamOf(rows);
    stream.connected();
    const live = Object.keys(stream.resume()?.live ?? {});
    expect(live).toEqual(rows.slice(0, resumeEpochs).map(({ epoch }) => epoch));
    expect(stream.resume()).toBeUndefined();
    for (const epoch of live.slice(0, 3)) stream.acknowledge({ epoch, mark: 1, credit, refused: [] });
    expect(stream.resume()).toBeUndefined();
    for (const epoch of live.slice(0, 3)) stream.settled(epoch, 1);
    expect(Object.keys(stream.resume()?.live ?? {})).toEqual(rows.slice(64, 67).map(({ epoch }) => epoch));
  });

  test('an epoch is not asked about before the disk knows what of it was acknowledged', () => {
    add(2);
    connect();
    drain();
    stream.acknowledge({ epoch: FIRST, mark: 1, credit, refused: [] });
    stream.connected();
    expect(stream.resume()).toBeUndefined();
    stream.settled(FIRST, 1);
    expect(stream.resume()?.live).toEqual({ [FIRST]: 2 });
  });

  test('an epoch of which much was refused is asked about again, from what is on disk on, so that its peer forgets what is before', () => {
    add(3 * refusalsKept);
    connect();
    const refuse = (last: number) => {
      drain();
      const refused = Array.from({ length: last }, (_, at) => [at + 1, 'NOT_ACCEPTED'] as const);
      stream.acknowledge({ epoch: FIRST, mark: last, credit, refused });
    };
    refuse(refusalsKept - 1);
    stream.settled(FIRST, refusalsKept - 1);
    expect(stream.resume()).toBeUndefined();
    refuse(refusalsKept);
    expect(stream.resume()?.live).toEqual({ [FIRST]: refusalsKept });
    // What is told again is not counted twice.
    refuse(refusalsKept + 1);
    expect(stream.resume()).toBeUndefined();
    refuse(2 * refusalsKept);
    stream.settled(FIRST, 2 * refusalsKept);
    expect(stream.resume()?.live).toEqual({ [FIRST]: 2 * refusalsKept + 1 });
  });

  test('nothing leaves while the peer keeps as many refusals as fit a window, until the disk knows of them', () => {
    add(2 * windowRows);
    connect();
    drain();
    const refused = Array.from({ length: windowRows }, (_, at) => [at + 1, 'NOT_ACCEPTED'] as const);
    stream.acknowledge({ epoch: FIRST, mark: windowRows, credit, refused });
    expect(drain()).toEqual([]);
    stream.settled(FIRST, windowRows);
    expect(stream.resume()?.live).toEqual({ [FIRST]: windowRows + 1 });
    expect(drain()).not.toEqual([]);
  });

  test('an epoch at its end of which something was refused is named a last time, when all of it is on disk, also on a later connection', () => {
    stream = streamOf(stored(OLD, 4, 5));
    stream.connected();
    stream.resume();
    stream.acknowledge({ epoch: OLD, mark: 5, credit, refused: [[5, 'NOT_ACCEPTED']] });
    stream.settled(OLD, 4);
    expect(stream.resume()).toBeUndefined();
    stream.connected();
    expect(stream.resume()).toBeUndefined();
    stream.settled(OLD, 5);
    expect(stream.resume()?.live).toEqual({ [OLD]: 6, [FIRST]: 1 });
    stream.connected();
    expect(stream.resume()?.live).toEqual({ [FIRST]: 1 });
  });
});

describe('a peer that acknowledges what it was never sent', () => {
  test.each([
    ['an epoch that was not asked about', SECOND, 1],
    ['more than left', FIRST, 2],
  ])('%s', (_, epoch, mark) => {
    add();
    connect();
    drain();
    add();
    expect(stream.acknowledge({ epoch, mark, credit, refused: [] })).toBeUndefined();
    expect(stream.waiting).toBe(2);
    expect(stream.acknowledge({ epoch: FIRST, mark: 1, credit, refused: [] })).toHaveLength(1);
  });

  test('knows more than we do of an earlier start, as we were put back from a backup', () => {
    stream = streamOf(stored(OLD, 1, 2));
    stream.connected();
    stream.resume();
    expect(stream.acknowledge({ epoch: OLD, mark: 9, credit, refused: [] })).toMatchObject([{ first: 1, last: 2 }]);
    expect(stream.waiting).toBe(0);
  });
});

describe('how much leaves', () => {
  test('what is not on disk does not, nor does anything behind it', () => {
    connect();
    stream.add(textOf(1), NEVER);
    const first = stream.takeNew();
    stream.add(textOf(2), NEVER);
    expect(drain()).toEqual([]);
    if (first) stream.committed(first);
    expect(drain()).toEqual(['1-1']);
  });

  test('no more than the window, and an acknowledgement opens it', () => {
    connect();
    add(windowRows + 10);
    const sent = () => Number(drain().at(-1)?.split('-')[1]);
    expect(sent()).toBe(windowRows);
    stream.acknowledge({ epoch: FIRST, mark: 4, credit, refused: [] });
    expect(sent()).toBe(windowRows + 4);
  });

  test('no more than there is credit for, and credit may be taken back', () => {
    add(9);
    stream.connected();
    stream.resume();
    stream.acknowledge({ epoch: FIRST, mark: 0, credit: 3, refused: [] });
    expect(drain()).toEqual(['1-3']);
    stream.acknowledge({ epoch: FIRST, mark: 3, credit: 3, refused: [] });
    expect(drain()).toEqual([]);
    stream.acknowledge({ epoch: FIRST, mark: 3, credit: 5, refused: [] });
    expect(drain()).toEqual(['4-5']);
  });

  test('a large envelope goes in a frame of its own', () => {
    connect();
    add();
    add(1, { size: 200_000 });
    add();
    expect(drain()).toEqual(['1-1', '2-2', '3-3']);
  });
});

describe('what will not be delivered', () => {
  test('expires without the peer only where it was never written to a connection', () => {
    add(2, { expiresAt: 10 });
    connect();
    expect(drain()).toEqual(['1-2']);
    stream.disconnected();
    add(2, { expiresAt: 10 });
    expect(stream.expire(9)).toEqual([]);
    expect(stream.expire(10)).toEqual([{ epoch: FIRST, first: 3, last: 4 }]);
  });

  test('of an earlier start it expires only after the answer, and its place is skipped in its turn', () => {
    stream = streamOf(stored(OLD, 1, 2, 3).map((row, n) => (n === 1 ? row : { ...row, text: textOf(n, 10) })));
    expect(stream.expire(10)).toEqual([]);
    connect();
    expect(drain(10)).toEqual(['expired 1-1', 'skip 1-1', '2-2', 'expired 3-3', 'skip 3-3']);
  });

  test('what was on disk as gone before is skipped', () => {
    stream = streamOf(stored(OLD, 1, 2).map((row) => ({ ...row, gone: 'ENVELOPE_EXPIRED' as const })));
    connect();
    expect(drain()).toEqual(['skip 1-2']);
  });

  test('is not skipped before its dead letter is on disk', () => {
    add(2, { expiresAt: 10 });
    const [run] = stream.expire(10);
    if (run) stream.setGone(run, 'ENVELOPE_EXPIRED');
    connect();
    expect(drain(10)).toEqual([]);
    if (run) stream.goneIsTold(run);
    expect(drain(10)).toEqual(['skip 1-2']);
  });
});

test('after a failed commit a new epoch begins: no sequence number is used twice', () => {
  add();
  stream.add(textOf(2), NEVER);
  stream.takeNew();
  stream.dropUncommitted();
  expect(stream.next).toEqual({ epoch: SECOND, sequence: 1 });
  expect(stream.waiting).toBe(1);
});

test('it is full at its cap, and not full again when the peer took some', () => {
  connect();
  add(outboxRows);
  expect(stream.isFull).toBe(true);
  drain();
  stream.acknowledge({ epoch: FIRST, mark: windowRows, credit, refused: [] });
  expect(stream.isFull).toBe(false);
  expect(stream.waiting).toBe(outboxRows - windowRows);
});

test('what is forgotten is gone at once, or as a whole when its last is on disk, and its epochs are named no more', () => {
  add(2);
  stream.add(textOf(3), NEVER);
  const third = stream.takeNew();
  expect(stream.forget()).toEqual([]);
  if (third) stream.committed(third);
  expect(stream.takeForgotten()).toMatchObject([{ epoch: FIRST, first: 1, last: 3 }]);
  expect(stream.waiting).toBe(0);
  stream.connected();
  // A crash could bring it back.
  expect(stream.resume()).toBeUndefined();
  stream.settled(FIRST, 3);
  expect(stream.resume()?.live).toEqual({ [SECOND]: 1 });
});
