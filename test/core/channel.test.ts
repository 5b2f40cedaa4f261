import { beforeEach, describe, expect, test } from 'vitest';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { Channel, type ChannelOwner, type Door } from '../../main/core/channel.ts';
import { CLOSE } from '../../main/core/close-codes.ts';
import { TIMINGS } from '../../main/core/defaults.ts';
import type { Connection } from '../../main/core/ports.ts';
import { decode, encode, type Frame, type Hello } from '../../main/core/wire.ts';
import { idOf } from '../support/world.ts';

const self = idOf('b');
const hello: Hello = {
  type: 'hello',
  version: 1,
  id: idOf('a'),
  name: 'a',
  incarnation: 1,
  namespace: 'n',
  proofs: [],
};

let clock: SimulatedClock;
let sent: Frame[];
let told: string[];
let isTrusted: boolean;
let unread: number;
let reason: string;
let channel: Channel;

beforeEach(() => {
  clock = new SimulatedClock();
  sent = [];
  told = [];
  isTrusted = true;
  unread = 0;
  const connection: Connection = {
    peer: idOf('a'),
    dialled: false,
    remote: { host: 'memory', port: 1 },
    binding: new Uint8Array(32),
    get bufferedBytes() {
      return unread;
    },
    send: (text) => {
      const frame = decode(text);
      if (frame) sent.push(frame);
    },
    close: (code, reason) => channel.closed(code, reason),
  };
  const door: Door = { node: self, proofs: () => [], admit: () => (isTrusted ? new Set(['k']) : undefined) };
  const owner: ChannelOwner = {
    proven: (_, { name }) => told.push(`proven ${name}`),
    stranger: (_, { name }) => told.push(`stranger ${name}`),
    pairing: (_, { name }) => told.push(`pairing ${name}`),
    pairingFrame: (_, { type }) => told.push(type),
    welcomed: (_, generation) => {
      told.push(`welcomed ${generation}`);
      channel.open();
    },
    isBehind: (_, incarnation) => told.push(`behind ${incarnation}`),
    content: (_, { type }) => told.push(type),
    closed: (_, code, why) => {
      told.push(`closed ${code}`);
      reason = why;
    },
  };
  channel = new Channel({
    connection,
    door,
    clock,
    timings: TIMINGS,
    owner,
    self: { name: 'b', incarnation: 1, namespace: 'n' },
  });
});

const receive = (frame: Frame) => channel.frame(encode(frame));
const open = () => {
  receive(hello);
  receive({ type: 'welcome', generation: [1, 1] });
};
/** In steps that are no sleep. */
const pass = (milliseconds: number) => {
  for (let passed = 0; passed < milliseconds; passed += 100) clock.increment(100);
};
const content: Frame = { type: 'resume', live: {} };

describe('a node that was put back from a backup', () => {
  test('is told what we know of it, and what it says before its next welcome is left aside', () => {
    receive(hello);
    channel.behind(7);
    expect(sent.at(-1)).toEqual({ type: 'behind', incarnation: 7 });
    receive(content);
    receive({ type: 'welcome', generation: [8, 1] });
    receive(content);
    expect(told).toEqual(['proven a', 'welcomed 8,1', 'resume']);
  });

  test('hears of it only from a node with a larger id, once the channel is open', () => {
    open();
    receive({ type: 'behind', incarnation: 7 });
    expect(told.at(-1)).toBe(`closed ${CLOSE.badFrame}`);
  });
});

describe('the greeting', () => {
  test('both say hello at once; content passes after the welcome', () => {
    expect(sent).toMatchObject([{ type: 'hello', id: self }]);
    open();
    receive(content);
    expect(told).toEqual(['proven a', 'welcomed 1,1', 'resume']);
  });

  test.each<[string, () => void, number]>([
    ['content before the welcome', () => [hello, content].forEach(receive), CLOSE.badFrame],
    ['a second hello', () => [hello, hello].forEach(receive), CLOSE.badFrame],
    ['a welcome before the hello', () => receive({ type: 'welcome', generation: [1, 1] }), CLOSE.badFrame],
    ['a hello with another id than the certificate’s', () => receive({ ...hello, id: idOf('c') }), CLOSE.badFrame],
    ['another version', () => receive({ ...hello, version: 2 }), CLOSE.otherVersion],
    ['another namespace', () => receive({ ...hello, namespace: 'm' }), CLOSE.otherNamespace],
    ['a ping before the hello', () => receive({ type: 'ping', at: 1 }), CLOSE.badFrame],
    ['a type that nobody knows, before the hello', () => channel.frame('{"type":"z"}'), CLOSE.badFrame],
    ['a greeting of 16 KiB', () => channel.frame(encode(hello) + ' '.repeat(16 * 1024)), CLOSE.badFrame],
    ['no JSON', () => channel.frame('hello?'), CLOSE.badFrame],
  ])('%s closes the channel', (_, act, code) => {
    act();
    expect(told.at(-1)).toBe(`closed ${code}`);
  });

  test('a greeting of another version is told which version is spoken here, whatever else is in it', () => {
    channel.frame('{"type":"hello","version":7,"id":9,"novelties":[1]}');
    expect(told).toEqual([`closed ${CLOSE.otherVersion}`]);
    expect(reason).toBe('it speaks protocol 7 and this node 1: run the same version of InterMachine on both');
    channel.frame('{"type":"hello","version":"7"}');
    expect(told).toHaveLength(1);
  });

  test('whom we do not trust learns nothing', () => {
    isTrusted = false;
    receive(hello);
    expect(told).toEqual(['stranger a', `closed ${CLOSE.notTrusted}`]);
    expect(sent).toHaveLength(1);
  });

  test('where one side wants to pair, nothing but that passes, and the line stays alive', () => {
    isTrusted = false;
    receive({ ...hello, pair: 'digits' });
    receive({ type: 'pairNonce', nonce: '00'.repeat(32) });
    channel.send(content as Parameters<typeof channel.send>[0]);
    channel.sendPairing({ type: 'pairAgree' });
    for (let second = 0; second < 30; second++) {
      pass(1_000);
      receive({ type: 'ping', at: 1 });
    }
    expect(told).toEqual(['pairing a', 'pairNonce']);
    expect(new Set(sent.map(({ type }) => type))).toEqual(new Set(['hello', 'pairAgree', 'ping', 'pong']));
    receive(content);
    expect(told.at(-1)).toBe(`closed ${CLOSE.badFrame}`);
  });

  test.each<[string, () => void]>([
    ['frames of a type that nobody knows', () => channel.frame('{"type":"z"}')],
    ['a ping of 16 KiB', () => channel.frame(encode({ type: 'ping', at: 1 }) + ' '.repeat(16 * 1024))],
    ['pings without end', () => Array.from({ length: 40 }, () => receive({ type: 'ping', at: 1 }))],
  ])('a line for pairing is closed by %s', (_, act) => {
    receive({ ...hello, pair: 'digits' });
    act();
    expect(told.at(-1)).toBe(`closed ${CLOSE.badFrame}`);
  });

  test('pairing frames have no place on a line that is not for pairing', () => {
    open();
    receive({ type: 'pairAgree' });
    expect(told.at(-1)).toBe(`closed ${CLOSE.badFrame}`);
  });

  test('whoever says hello and then nothing, though alive, is shut out after 10 s', () => {
    receive(hello);
    for (let second = 0; second < 10; second++) {
      pass(1_000);
      receive({ type: 'ping', at: 1 });
    }
    expect(told.at(-1)).toBe(`closed ${CLOSE.notTrusted}`);
  });
});

describe('D5: whoever asks and does not read', () => {
  test('is cut early while it has proven nothing', () => {
    receive({ ...hello, pair: 'digits' });
    unread = 200_000;
    receive({ type: 'ping', at: 1 });
    expect(sent.at(-1)?.type).toBe('pong');
    unread = 300_000;
    receive({ type: 'ping', at: 2 });
    expect([told, reason, sent.at(-1)]).toEqual([
      ['pairing a', `closed ${CLOSE.silent}`],
      'what is sent is not read',
      { type: 'pong', at: 1 },
    ]);
  });

  test('and late once the line is open, as it may be slow', () => {
    open();
    unread = 60 * 2 ** 20;
    receive({ type: 'ping', at: 1 });
    expect(channel.isOpen).toBe(true);
    unread = 65 * 2 ** 20;
    receive({ type: 'ping', at: 2 });
    expect(told.at(-1)).toBe(`closed ${CLOSE.silent}`);
  });
});

describe('the heartbeat', () => {
  test('a quiet line carries a ping each second', () => {
    open();
    sent.length = 0;
    for (let second = 0; second < 5; second++) {
      pass(1_000);
      receive({ type: 'pong', at: 0 });
    }
    expect(sent.filter(({ type }) => type === 'ping')).toHaveLength(5);
  });

  test('a line on which we speak carries none', () => {
    open();
    sent.length = 0;
    for (let tenth = 0; tenth < 20; tenth++) {
      channel.send({ type: 'resume', live: {} });
      receive({ type: 'pong', at: 0 });
      pass(100);
    }
    expect(sent.filter(({ type }) => type === 'ping')).toEqual([]);
  });

  test('three seconds of silence end it, and any frame is a sign of life', () => {
    open();
    pass(2_900);
    channel.frame('{"type":"of-a-later-version"}');
    pass(2_900);
    expect(told).not.toContain(`closed ${CLOSE.silent}`);
    pass(300);
    expect(told.at(-1)).toBe(`closed ${CLOSE.silent}`);
    expect(channel.ignoredFrames).toBe(1);
  });

  test('when we slept, the silence was ours', () => {
    open();
    clock.increment(3_600_000);
    expect(told).not.toContain(`closed ${CLOSE.silent}`);
    pass(3_500);
    expect(told.at(-1)).toBe(`closed ${CLOSE.silent}`);
  });

  test('a ping is answered, and its answer measures the round trip', () => {
    open();
    receive({ type: 'ping', at: 77 });
    expect(sent.at(-1)).toEqual({ type: 'pong', at: 77 });
    clock.increment(40);
    receive({ type: 'pong', at: 0 });
    expect(channel.roundTripMs).toBe(40);
  });

  test('a closed channel reads and says nothing more', () => {
    open();
    channel.closed(1006, '');
    sent.length = 0;
    receive(content);
    pass(10_000);
    expect(sent).toEqual([]);
    expect(told.filter((line) => line.startsWith('closed'))).toEqual(['closed 1006']);
  });
});
