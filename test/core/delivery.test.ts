import { beforeEach, describe, expect, test } from 'vitest';
import type { Content } from '../../main/core/channel.ts';
import { CLOSE } from '../../main/core/close-codes.ts';
import { DELIVERY_LIMITS, MACHINES_START_WITHIN_MS, MAX_TTL_MS } from '../../main/core/defaults.ts';
import { Delivery, type DeliveryInput } from '../../main/core/delivery.ts';
import type { DeliveryOutput } from '../../main/core/delivery-turn.ts';
import type { Arrival } from '../../main/core/inbox.ts';
import type { OpenRow, StoredChange, StoredEnvelope, StoreState } from '../../main/core/ports.ts';
import { encodeLabel } from '../../shared/envelope-text.ts';
import { addressOf, machineId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const A = idOf('a');
const B = idOf('b');
const SINK = machineId('Sink');
const EPOCH = 'feedfacefeedface';
const { inHandRows } = DELIVERY_LIMITS;

/** One node, and what it puts out; its disk takes what it is told to, when it is told to. */
let delivery: Delivery;
let outputs: DeliveryOutput[];
let now: number;
let epochs: number;

beforeEach(() => {
  now = 1_000;
  epochs = 0;
  start();
});

function start(stored: Partial<Pick<StoreState, 'outbox' | 'marks' | 'open'>> = {}): void {
  outputs = [];
  delivery = new Delivery({
    self: A,
    stored: { outbox: [], marks: [], open: [], ...stored },
    admit,
    knows: (machine) => machine === SINK,
    newEpoch: () => (++epochs).toString(16).padStart(16, '0'),
    now: () => now,
    wallTime: () => 0,
  });
}

function admit(peer: typeof B, { eventJson, ...label }: StoredEnvelope) {
  const envelope = { ...label, from: addressOf(peer, label.from), to: addressOf(A, label.to) };
  return label.to === SINK
    ? { verdict: 'accept' as const, envelope: { ...envelope, event: JSON.parse(eventJson) } }
    : {
        verdict: 'refuse' as const,
        code: 'MACHINE_UNKNOWN' as const,
        parcel: { ...envelope, eventType: 'E', eventJson },
      };
}

const input = (...inputs: DeliveryInput[]) => {
  for (const one of inputs) outputs.push(...delivery.step(one));
};
/** The turn ends, and everything reaches the disk. */
const settle = () => {
  for (let commits = 1; commits > 0; ) {
    const before = outputs.length;
    input({ type: 'flush' });
    commits = outputs.slice(before).filter(({ type }) => type === 'commit').length;
    for (let n = 0; n < commits; n++) input({ type: 'committed' });
  }
};
const receive = (frame: Content) => {
  input({ type: 'frame', peer: B, frame });
  settle();
};
/** What came out since the last time, of one kind. */
function taken<Type extends DeliveryOutput['type']>(type: Type) {
  const found = outputs.filter((output): output is DeliveryOutput & { type: Type } => output.type === type);
  outputs = outputs.filter((output) => output.type !== type);
  return found;
}
const frames = (type: Content['type']) => taken('frame').flatMap(({ frame }) => (frame.type === type ? [frame] : []));
const changes = () => taken('commit').flatMap((output) => output.changes);
const letters = (all: readonly StoredChange[]) =>
  all.flatMap((change) => (change.type === 'deadLetter' ? [change.letter] : []));

const label = (to: string, expiresAt = 2_000) =>
  encodeLabel({ from: machineId('Feeder'), to: machineId(to), sentAt: 5, expiresAt });
const envelopes = (first: number, count = 1, to = 'Sink', expiresAt = 2_000): Content => ({
  type: 'messages',
  epoch: EPOCH,
  first,
  at: 1_000,
  text: Array.from({ length: count }, (_, n) => `${label(to, expiresAt)}\n{"type":"N","n":${first + n}}`).join('\n'),
});

function connect(): void {
  input({ type: 'connected', peer: B });
  receive({ type: 'resume', live: { [EPOCH]: 1 } });
}
const arrivals = (): readonly Arrival[] => taken('handOver').map(({ arrival }) => arrival);
const send = (more: object = {}) => {
  const to = addressOf(B, SINK);
  const from = addressOf(A, SINK);
  input({ type: 'send', parcel: { id: '', from, to, sentAt: 0, eventType: 'E', eventJson: '{"type":"E"}', ...more } });
};

describe('a turn', () => {
  test('is one commit and one frame, however much is sent in it', () => {
    connect();
    const { epoch } = delivery.nextPlace(B);
    receive({ type: 'ack', epoch, mark: 0, refused: [], credit: 100 });
    changes();
    frames('messages');
    for (let n = 0; n < 50; n++) send();
    settle();
    expect(changes()).toMatchObject([{ type: 'page', page: { direction: 'out', first: 1, count: 50 } }]);
    expect(frames('messages')).toMatchObject([{ first: 1, text: expect.stringMatching(/^(.*\n.*(\n|$)){50}$/) }]);
  });

  test('does not keep what waited: that leaves with the credit for it, or with its commit', () => {
    connect();
    const { epoch } = delivery.nextPlace(B);
    for (let n = 0; n < 5; n++) send();
    settle();
    frames('messages');
    input({ type: 'frame', peer: B, frame: { type: 'ack', epoch, mark: 0, refused: [], credit: 4 } });
    expect(frames('messages')).toMatchObject([{ first: 1, text: expect.stringMatching(/^(.*\n.*(\n|$)){4}$/) }]);
    input({ type: 'frame', peer: B, frame: { type: 'ack', epoch, mark: 4, refused: [], credit: 100 } });
    frames('messages');
    send();
    input({ type: 'flush' });
    expect(frames('messages')).toEqual([]);
    input({ type: 'committed' });
    expect(frames('messages')).toMatchObject([{ first: 6 }]);
  });

  test('is acknowledged once, however many frames came in it', () => {
    connect();
    frames('ack');
    input({ type: 'frame', peer: B, frame: envelopes(1, 2) }, { type: 'frame', peer: B, frame: envelopes(3) });
    settle();
    expect(frames('ack')).toEqual([{ type: 'ack', epoch: EPOCH, mark: 3, refused: [], credit: inHandRows }]);
  });

  test('tells what became of envelopes in runs', () => {
    connect();
    input({ type: 'started', machine: SINK });
    receive(envelopes(1, 5));
    for (const [index, arrival] of arrivals().entries())
      input({ type: 'processed', arrival, status: index === 2 ? 'ignored' : 'handled' });
    settle();
    expect(frames('outcome')).toEqual([
      {
        type: 'outcome',
        epoch: EPOCH,
        of: [
          [1, 2, 'handled'],
          [3, 3, 'ignored'],
          [4, 5, 'handled'],
        ],
      },
    ]);
  });
});

test('an envelope is named by its place in the stream', () => {
  const { epoch, sequence } = delivery.nextPlace(B);
  send();
  expect([sequence, delivery.nextPlace(B)]).toEqual([1, { epoch, sequence: 2 }]);
  settle();
  expect(taken('outcome')).toMatchObject([{ status: 'accepted', epoch, first: 1, last: 1 }]);
});

describe('D1, D2: a peer that breaks the rules is cut off:', () => {
  test.each<[string, Content, number]>([
    ['a gap', envelopes(2), CLOSE.outOfSequence],
    [
      'an epoch that it did not ask about',
      { ...envelopes(1), epoch: '0000000000000bad' } as Content,
      CLOSE.outOfSequence,
    ],
    ['more than its credit', envelopes(1, 4_097), CLOSE.outOfSequence],
    [
      'a skip beyond its credit',
      { type: 'skip', epoch: EPOCH, first: 1, last: 9_999, code: 'ENVELOPE_EXPIRED' },
      CLOSE.outOfSequence,
    ],
    ['a skip backwards', { type: 'skip', epoch: EPOCH, first: 3, last: 1, code: 'ENVELOPE_EXPIRED' }, CLOSE.badFrame],
    ['half an envelope', { type: 'messages', epoch: EPOCH, first: 1, at: 1, text: label('Sink') }, CLOSE.badFrame],
    ['a label that is none', { type: 'messages', epoch: EPOCH, first: 1, at: 1, text: '{}\n{}' }, CLOSE.badFrame],
    ['a time that is over', { ...envelopes(1), at: 2_000 } as Content, CLOSE.badFrame],
    [
      'a time without end',
      { type: 'messages', epoch: EPOCH, first: 1, at: 0, text: `${label('Sink', MAX_TTL_MS + 1)}\n{}` },
      CLOSE.badFrame,
    ],
    [
      'an acknowledgement of an epoch that is not ours',
      { type: 'ack', epoch: EPOCH, mark: 1, refused: [], credit: 1 },
      CLOSE.badFrame,
    ],
  ])('%s', (_, frame, code) => {
    connect();
    changes();
    receive(frame);
    expect(taken('close')).toMatchObject([{ peer: B, code }]);
    expect(changes()).toEqual([]);
    expect(arrivals()).toEqual([]);
  });

  test('an outcome that is told over and over', () => {
    connect();
    const { epoch } = delivery.nextPlace(B);
    receive({ type: 'ack', epoch, mark: 0, refused: [], credit: 100 });
    send();
    settle();
    const of = [[1, 1, 'handled']] as const;
    receive({ type: 'outcome', epoch, of });
    expect(taken('outcome').map(({ status }) => status)).toEqual(['accepted']);
    receive({ type: 'ack', epoch, mark: 1, refused: [], credit: 100 });
    receive({ type: 'outcome', epoch, of });
    expect(taken('close')).toEqual([]);
    receive({ type: 'outcome', epoch, of });
    expect(taken('close')).toMatchObject([{ code: CLOSE.badFrame }]);
    expect(taken('outcome').map(({ status }) => status)).toEqual(['delivered', 'handled']);
  });
});

test('what comes again is acknowledged again, and handed over once', () => {
  connect();
  input({ type: 'started', machine: SINK });
  for (const first of [1, 1, 2, 1, 2]) receive(envelopes(first));
  expect(arrivals().map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(frames('ack').at(-1)).toMatchObject({ mark: 2 });
});

test('D7: an envelope for a machine that does not run is held until it does, over a restart, or until its time is over', () => {
  connect();
  receive(envelopes(1, 2));
  expect(arrivals()).toEqual([]);
  const [page] = changes().flatMap((change) => (change.type === 'page' ? [change.page] : []));
  const open = [1, 2].map(
    (sequence): OpenRow => ({
      ...{ direction: 'in', peer: B, epoch: EPOCH, sequence, clockOffset: page?.clockOffset ?? 0 },
      text: `${label('Sink')}\n{"type":"N","n":${sequence}}`,
    }),
  );

  start({ open });
  input({ type: 'started', machine: SINK });
  expect(arrivals()).toMatchObject([{ sequence: 1, envelope: { id: `${EPOCH}-1`, event: { n: 1 } } }, { sequence: 2 }]);

  start({ open });
  now = 2_000;
  input({ type: 'tick' });
  settle();
  const expired = changes();
  expect(letters(expired)).toMatchObject([{ direction: 'in', reason: 'ENVELOPE_EXPIRED', id: `${EPOCH}-1` }, {}]);
  expect(expired).toContainEqual(expect.objectContaining({ type: 'became', first: 1, last: 2, status: 'expired' }));
});

test('what a machine did not get to before it ended is for the next one of its id, in order', () => {
  connect();
  input({ type: 'started', machine: SINK });
  receive(envelopes(1, 3));
  const [first, ...others] = arrivals();
  if (first) input({ type: 'processed', arrival: first, status: 'dead', code: 'MACHINE_FAILED' });
  input({ type: 'ended', machine: SINK });
  receive(envelopes(4));
  expect(arrivals()).toEqual([]);
  for (const arrival of others) input({ type: 'processed', arrival, status: 'refused', code: 'MACHINE_STOPPED' });
  input({ type: 'started', machine: SINK });
  expect(arrivals().map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
  settle();
  expect(letters(changes())).toMatchObject([{ id: `${EPOCH}-1`, reason: 'MACHINE_FAILED' }]);
});

test('D5: a slow machine takes its sender the credit, and gives it back when it is done', () => {
  connect();
  input({ type: 'started', machine: SINK });
  receive(envelopes(1, inHandRows));
  const waiting = arrivals();
  expect(frames('ack').at(-1)).toMatchObject({ mark: inHandRows, credit: inHandRows });
  for (const arrival of waiting.slice(0, 1_000)) input({ type: 'processed', arrival, status: 'handled' });
  settle();
  expect(frames('ack').at(-1)).toMatchObject({ mark: inHandRows, credit: inHandRows + 1_000 });
});

test('after a start a peer is held back for machines that are about to run, so that none of what waited there is refused', () => {
  connect();
  receive(envelopes(1, 1_000));
  expect(frames('ack').at(-1)).toMatchObject({ mark: 1_000, credit: inHandRows });
  input({ type: 'started', machine: SINK });
  for (const arrival of arrivals()) input({ type: 'processed', arrival, status: 'handled' });
  receive(envelopes(1_001));
  expect(frames('ack').at(-1)).toMatchObject({ mark: 1_001, credit: 1_000 + inHandRows });
});

test('a machine that still does not run half a minute after a start holds no peer back', () => {
  connect();
  receive(envelopes(1, 1_000, 'Sink', 1e9));
  now += MACHINES_START_WITHIN_MS;
  input({ type: 'tick' });
  settle();
  receive(envelopes(1_001, 24, 'Sink', 1e9));
  expect(frames('ack').at(-1)).toMatchObject({ mark: 1_024, credit: 1_024 + inHandRows });
});

test('a peer that started often and waits with something of each start gets no more credit than for one', () => {
  const starts = Array.from({ length: 10 }, (_, n) => `feedfacefeedfac${n}`);
  input({ type: 'connected', peer: B }, { type: 'started', machine: SINK });
  receive({ type: 'resume', live: Object.fromEntries(starts.map((epoch) => [epoch, 1])) });
  const credit = new Map<string, number>();
  const listen = () => {
    for (const frame of frames('ack')) if (frame.type === 'ack') credit.set(frame.epoch, frame.credit);
  };
  const inHand: Arrival[] = [];
  // Five hundred wait of each, and leave one start after the other; the machine does nothing yet.
  const sent = new Map<string, number>();
  const send = () => {
    for (const epoch of starts) {
      for (listen(); (sent.get(epoch) ?? 0) < 500; listen()) {
        const first = (sent.get(epoch) ?? 0) + 1;
        const last = Math.min(500, credit.get(epoch) ?? 0);
        if (last < first) return;
        sent.set(epoch, last);
        receive({ ...envelopes(first, last - first + 1), epoch } as Content);
        inHand.push(...arrivals());
      }
    }
  };
  send();
  expect(inHand.length).toBeGreaterThan(Math.floor(inHandRows / starts.length) - 1);
  expect(inHand.length).toBeLessThanOrEqual(inHandRows + starts.length);
  for (let done = 0; done < inHand.length; done++) {
    input({ type: 'processed', arrival: inHand[done] as Arrival, status: 'handled' });
    if (done % 100 !== 99 && done < inHand.length - 1) continue;
    settle();
    send();
    expect(inHand.length - done - 1).toBeLessThanOrEqual(inHandRows + starts.length);
  }
  expect(inHand).toHaveLength(starts.length * 500);
  expect(taken('close')).toEqual([]);
});

test('machines that have much to read take back the credit that was told', () => {
  connect();
  input({ type: 'started', machine: SINK });
  const large = `${label('Sink')}\n{"type":"N","x":"${'x'.repeat(500_000)}"}`;
  for (let first = 1; first <= 17; first++) receive({ type: 'messages', epoch: EPOCH, first, at: 1_000, text: large });
  expect(arrivals()).toHaveLength(17);
  expect(frames('ack').at(-1)).toMatchObject({ mark: 17, credit: 17 });
});

test('all peers together get no more credit than may wait for one machine', () => {
  const peers = [...'bcdefghijklmnopqrstuvwxyz'].map(idOf);
  for (const peer of peers) input({ type: 'connected', peer });
  for (const peer of peers) input({ type: 'frame', peer, frame: { type: 'resume', live: { [EPOCH]: 1 } } });
  settle();
  const credits = frames('ack').map((ack) => (ack as { credit: number }).credit);
  expect(credits).toHaveLength(25);
  expect(credits.reduce((sum, credit) => sum + credit)).toBeLessThanOrEqual(DELIVERY_LIMITS.waitingRows);
  expect(Math.min(...credits)).toBeGreaterThan(100);
});

test('what waits for a peer that is forgotten becomes dead letters, and nothing of it leaves', () => {
  send();
  send();
  input({ type: 'forget', peer: B });
  settle();
  expect(letters(changes())).toMatchObject([{ reason: 'PEER_FORGOTTEN' }, { reason: 'PEER_FORGOTTEN' }]);
  expect(taken('outcome').map(({ status }) => status)).toEqual(['accepted', 'dead', 'dead']);
  expect(delivery.waiting(B)).toBe(0);
});

test('with little room left nothing new is accepted, what waits goes on, and it is looked at again at each tick', () => {
  connect();
  input({ type: 'committed' });
  send();
  input({ type: 'flush' }, { type: 'committed', isTight: true });
  expect(() => send()).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
  expect(delivery.waiting(B)).toBe(1);
  taken('commit');
  receive({ type: 'resume', live: { [EPOCH]: 1 } });
  expect(frames('ack').at(-1)).toMatchObject({ credit: 0 });
  input({ type: 'tick' }, { type: 'flush' });
  expect(taken('commit')).toHaveLength(1);
  input({ type: 'committed', isTight: false });
  expect(() => send()).not.toThrow();
});

test('a full disk refuses what is sent, gives no credit, is tried again at each tick, and then opens', () => {
  connect();
  send();
  input({ type: 'flush' }, { type: 'failed', code: 'STORE_FULL', reason: 'no room' });
  expect(taken('rejected')).toMatchObject([{ first: 1, last: 1, error: { code: 'STORE_FULL' } }]);
  expect(taken('close')).toMatchObject([{ code: CLOSE.storeFailed }]);
  expect(() => send()).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
  input({ type: 'disconnected', peer: B });
  taken('commit');
  frames('ack');
  input({ type: 'connected', peer: B });
  input({ type: 'frame', peer: B, frame: { type: 'resume', live: { [EPOCH]: 1 } } }, { type: 'flush' });
  expect(frames('ack')).toMatchObject([{ mark: 0, credit: 0 }]);
  expect(taken('commit')).toEqual([]);
  input({ type: 'tick' }, { type: 'flush' });
  expect(taken('commit')).toHaveLength(1);
  input({ type: 'committed' }, { type: 'flush' });
  expect(frames('ack')).toMatchObject([{ mark: 0, credit: inHandRows }]);
  expect(() => send()).not.toThrow();
});

describe('a dead letter that is sent again', () => {
  const parcel = {
    id: '',
    from: addressOf(A, SINK),
    to: addressOf(B, SINK),
    sentAt: 0,
    eventType: 'E',
    eventJson: '{"type":"E"}',
  };
  const commits = () => outputs.flatMap((output) => (output.type === 'commit' ? [output.changes] : []));

  test.each([
    ['for another node', parcel.to],
    ['for a machine here that does not run', addressOf(A, SINK)],
  ])('and its new envelope are one commit: %s', (_, to) => {
    input({ type: 'send', parcel: { ...parcel, to }, inPlaceOf: 7 });
    input({ type: 'flush' });
    expect(commits().map((changes) => changes.map(({ type }) => type).sort())).toEqual([['deadLetterRemove', 'page']]);
  });

  test('stays one where that commit fails, and where it failed before that was put out', () => {
    for (const isPutOut of [true, false]) {
      // Something else is under way to the disk.
      input({ type: 'change', change: { type: 'nodeRemove', node: B } }, { type: 'flush' });
      input({ type: 'send', parcel, inPlaceOf: 7 });
      if (isPutOut) input({ type: 'flush' });
      outputs = [];
      input({ type: 'failed', code: 'STORE_FULL', reason: 'full' });
      if (isPutOut) input({ type: 'failed', code: 'STORE_FULL', reason: 'full' });
      expect(outputs).toContainEqual(expect.objectContaining({ type: 'rejected', peer: B }));
      input({ type: 'tick' });
      settle();
      expect(commits().flat()).not.toContainEqual(expect.objectContaining({ type: 'deadLetterRemove' }));
      expect(delivery.waiting(B)).toBe(0);
    }
  });
});
