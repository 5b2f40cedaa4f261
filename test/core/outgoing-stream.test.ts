import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_OUTBOX_ROWS, WINDOW_ROWS } from '../../main/core/defaults.ts';
import { OutgoingStream } from '../../main/core/outgoing-stream.ts';
import type { OutboxRow, StoredEnvelope } from '../../main/core/ports.ts';
import { machineId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const peer = idOf('b');
const envelope = (id: number | string, size = 10): StoredEnvelope => ({
  id: String(id),
  from: machineId('A'),
  to: machineId('B'),
  sentAt: 0,
  eventJson: JSON.stringify({ type: 'x'.repeat(size) }),
});
const epochs = () => {
  let n = 0;
  return () => (++n).toString(16).padStart(16, '0');
};
const FIRST = '0000000000000001';
const SECOND = '0000000000000002';

function open(stored: readonly OutboxRow[] = []) {
  const stream = new OutgoingStream(peer, stored, epochs());
  const add = (id: number | string, size?: number) => {
    const row = stream.add(envelope(id, size));
    stream.commit(row);
    return row;
  };
  return { stream, add };
}

/** Everything that may leave now. */
const drain = (stream: OutgoingStream) => {
  const batches = [];
  for (let batch = stream.next(); batch; batch = stream.next()) batches.push(batch);
  return batches;
};
const idsOf = (batches: ReturnType<typeof drain>) => batches.flatMap((batch) => batch.envelopes.map(({ id }) => id));

describe('on a new connection', () => {
  test('nothing leaves before the peer said what it has', () => {
    const { stream, add } = open();
    add(1);
    stream.connected();
    expect(drain(stream)).toEqual([]);
    expect(stream.resume()).toEqual({ type: 'resume', live: { [FIRST]: 1 } });
    expect(drain(stream)).toEqual([]);
    expect(stream.acknowledge({ epoch: FIRST, mark: 0 })).toEqual([]);
    expect(drain(stream)).toMatchObject([{ epoch: FIRST, first: 1, envelopes: [{ id: '1' }] }]);
  });

  test('what the peer has already is not sent again', () => {
    const { stream, add } = open();
    for (const id of [1, 2, 3]) add(id);
    stream.connected();
    stream.resume();
    expect(stream.acknowledge({ epoch: FIRST, mark: 2 })?.map(({ id }) => id)).toEqual(['1', '2']);
    expect(drain(stream)).toMatchObject([{ first: 3 }]);
  });

  test('the present epoch is asked about before it has envelopes, and only once', () => {
    const { stream, add } = open();
    stream.connected();
    expect(stream.resume()).toEqual({ type: 'resume', live: { [FIRST]: 1 } });
    expect(stream.resume()).toBeUndefined();
    stream.acknowledge({ epoch: FIRST, mark: 0 });
    add(1);
    expect(stream.resume()).toBeUndefined();
    expect(idsOf(drain(stream))).toEqual(['1']);
  });

  test('envelopes of an earlier start of this node go first, under their own epoch', () => {
    const old = [1, 2].map((sequence) => ({
      peer,
      epoch: 'aaaaaaaaaaaaaaaa',
      sequence,
      id: `old-${sequence}`,
      envelope: envelope(`old-${sequence}`),
    }));
    const { stream, add } = open(old);
    add('new');
    stream.connected();
    expect(stream.resume()?.live).toEqual({ aaaaaaaaaaaaaaaa: 1, [FIRST]: 1 });
    stream.acknowledge({ epoch: FIRST, mark: 0 });
    expect(drain(stream)).toEqual([]);
    stream.acknowledge({ epoch: 'aaaaaaaaaaaaaaaa', mark: 0 });
    expect(idsOf(drain(stream))).toEqual(['old-1', 'old-2', 'new']);
  });

  test('what was sent on the last one is sent again', () => {
    const { stream, add } = open();
    add(1);
    stream.connected();
    stream.resume();
    stream.acknowledge({ epoch: FIRST, mark: 0 });
    drain(stream);
    stream.disconnected();
    expect(drain(stream)).toEqual([]);
    stream.connected();
    expect(stream.resume()?.live).toEqual({ [FIRST]: 1 });
    stream.acknowledge({ epoch: FIRST, mark: 0 });
    expect(idsOf(drain(stream))).toEqual(['1']);
  });

  test('65 epochs are asked about in two goes', () => {
    const old = Array.from({ length: 65 }, (_, n) => ({
      peer,
      epoch: (1000 + n).toString(16).padStart(16, '0'),
      sequence: 1,
      id: `${n}`,
      envelope: envelope(n),
    }));
    const { stream } = open(old);
    stream.connected();
    const live = stream.resume()?.live ?? {};
    expect(Object.keys(live)).toHaveLength(64);
    for (const epoch of Object.keys(live)) stream.acknowledge({ epoch, mark: 0 });
    expect(drain(stream)).toHaveLength(64);
    expect(Object.keys(stream.resume()?.live ?? {})).toHaveLength(2);
  });
});

describe('a peer that acknowledges what it was never sent', () => {
  test.each([
    ['an epoch that was not asked about', SECOND, 1],
    ['more than the epoch has', FIRST, 4],
  ])('%s', (_, epoch, mark) => {
    const { stream, add } = open();
    for (const id of [1, 2, 3]) add(id);
    stream.connected();
    stream.resume();
    expect(stream.acknowledge({ epoch, mark })).toBeUndefined();
    expect(stream.waiting).toBe(3);
  });

  test('more than left on this connection', () => {
    const { stream, add } = open();
    add(1);
    stream.connected();
    stream.resume();
    stream.acknowledge({ epoch: FIRST, mark: 0 });
    drain(stream);
    add(2);
    expect(stream.acknowledge({ epoch: FIRST, mark: 2 })).toBeUndefined();
    expect(stream.waiting).toBe(2);
    expect(stream.acknowledge({ epoch: FIRST, mark: 1 })).toHaveLength(1);
  });

  test('what is not on disk yet', () => {
    const { stream } = open();
    stream.add(envelope(1));
    stream.connected();
    stream.resume();
    stream.acknowledge({ epoch: FIRST, mark: 1 });
    expect(stream.waiting).toBe(1);
  });
});

test('what is not on disk does not leave, nor does anything behind it', () => {
  const { stream, add } = open();
  stream.connected();
  stream.resume();
  stream.acknowledge({ epoch: FIRST, mark: 0 });
  const first = stream.add(envelope(1));
  add(2);
  expect(drain(stream)).toEqual([]);
  stream.commit(first);
  expect(idsOf(drain(stream))).toEqual(['1', '2']);
});

test('after a failed commit a new epoch begins: no sequence number is used twice', () => {
  const { stream, add } = open();
  add(1);
  stream.add(envelope(2));
  stream.dropUncommitted();
  const row = add(3);
  expect(row).toMatchObject({ epoch: SECOND, sequence: 1 });
  expect(stream.waiting).toBe(2);
});

test('no more than the window is under way, and an acknowledgement opens it', () => {
  const { stream, add } = open();
  stream.connected();
  stream.resume();
  stream.acknowledge({ epoch: FIRST, mark: 0 });
  for (let id = 1; id <= WINDOW_ROWS + 10; id++) add(id, 1);
  expect(idsOf(drain(stream))).toHaveLength(WINDOW_ROWS);
  stream.acknowledge({ epoch: FIRST, mark: 4 });
  expect(idsOf(drain(stream))).toHaveLength(4);
});

test('a large envelope goes in a frame of its own', () => {
  const { stream, add } = open();
  stream.connected();
  stream.resume();
  stream.acknowledge({ epoch: FIRST, mark: 0 });
  add(1);
  add(2, 200_000);
  add(3);
  expect(drain(stream).map(({ envelopes }) => envelopes.length)).toEqual([1, 1, 1]);
});

test('it is full at its cap, and not full again when the peer took some', () => {
  const { stream, add } = open();
  stream.connected();
  stream.resume();
  stream.acknowledge({ epoch: FIRST, mark: 0 });
  for (let id = 1; id <= MAX_OUTBOX_ROWS; id++) add(id, 1);
  expect(stream.isFull).toBe(true);
  drain(stream);
  stream.acknowledge({ epoch: FIRST, mark: WINDOW_ROWS });
  expect(stream.isFull).toBe(false);
  expect(stream.waiting).toBe(MAX_OUTBOX_ROWS - WINDOW_ROWS);
});

test('whatever happens to connections, the receiver gets everything once and in order', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('add' as const) },
    { weight: 4, arbitrary: fc.constant('send' as const) },
    { weight: 3, arbitrary: fc.constant('receive' as const) },
    { weight: 2, arbitrary: fc.constant('acknowledge' as const) },
    { weight: 1, arbitrary: fc.constant('reconnect' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const newEpoch = epochs();
      let stream = new OutgoingStream(peer, [], newEpoch);
      let disk: OutboxRow[] = [];
      let added = 0;
      let wire: { epoch: string; sequence: number; id: string }[] = [];
      const marks = new Map<string, number>();
      const got: string[] = [];
      const acknowledge = (epoch: string) => {
        const done = stream.acknowledge({ epoch, mark: marks.get(epoch) ?? 0 });
        if (!done) throw new Error('an honest acknowledgement was refused');
        disk = disk.filter((row) => !done.some(({ id }) => id === row.id));
      };
      const connect = () => {
        wire = [];
        stream.connected();
      };
      const ask = () => {
        for (const epoch of Object.keys(stream.resume()?.live ?? {})) acknowledge(epoch);
      };
      const act = {
        add: () => {
          const row = stream.add(envelope(++added));
          disk.push(row);
          stream.commit(row);
        },
        send: () => {
          ask();
          for (const { epoch, first, envelopes } of drain(stream))
            for (const [n, { id }] of envelopes.entries()) wire.push({ epoch, sequence: first + n, id });
        },
        receive: () => {
          const next = wire.shift();
          if (!next) return;
          expect(next.sequence).toBe((marks.get(next.epoch) ?? 0) + 1);
          marks.set(next.epoch, next.sequence);
          got.push(next.id);
        },
        acknowledge: () => {
          ask();
          for (const epoch of new Set(disk.map((row) => row.epoch))) if (marks.has(epoch)) acknowledge(epoch);
        },
        reconnect: connect,
        restart: () => {
          stream = new OutgoingStream(peer, disk, newEpoch);
          connect();
        },
      };
      connect();
      for (const name of steps) act[name]();
      connect();
      act.send();
      while (wire.length > 0) act.receive();
      expect(got).toEqual(Array.from({ length: added }, (_, n) => String(n + 1)));
    }),
    { numRuns: 500 },
  );
});
