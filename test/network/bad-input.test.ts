import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nodeIdOf } from '../../main/adapters/identity/certificate.ts';
import { createKeyMaterial } from '../../main/adapters/identity/file.ts';
import { NetworkKey } from '../../main/adapters/identity/network-key.ts';
import { WebSocketTransport } from '../../main/adapters/transport/websocket.ts';
import { plain } from '../../main/cli/text.ts';
import { CLOSE } from '../../main/core/close-codes.ts';
import type { Connection } from '../../main/core/ports.ts';
import { decode, encode, type Frame } from '../../main/core/wire.ts';
import { createNode, type InterMachineNode, type RegisteredMachine } from '../../main/index.ts';
import { collector } from '../support/machines.ts';
import { freeUdpPort } from '../support/udp-port.ts';

/** A whole node on real sockets, a healthy peer, and a member of the network that says what it should not. */
const KEY = 'abcdefghijklmnopqrstuvwxya';
const EPOCH = 'feedfacefeedface';

let directory: string;
let node: InterMachineNode;
let healthy: InterMachineNode;
let sink: RegisteredMachine<typeof collector>;
let hostile: HostilePeer;
let passed = 0;
const problems: string[] = [];

async function start(): Promise<void> {
  passed = 0;
  directory = await mkdtemp(join(tmpdir(), 'intermachine-hostile-'));
  const loopbackPort = await freeUdpPort();
  const options = { networkKey: KEY, loopbackPort, report: (message: string) => problems.push(message) };
  node = await createNode({ ...options, name: 'node', dataDir: join(directory, 'node') });
  healthy = await createNode({ ...options, name: 'healthy', dataDir: join(directory, 'healthy') });
  sink = await node.register('Sink', collector);
  await healthy.waitForType('Sink');
}

async function stop(): Promise<void> {
  await healthy.stop();
  await node.stop();
  await rm(directory, { recursive: true, force: true });
}

function materialBelow(id: string): ReturnType<typeof createKeyMaterial> {
  for (;;) {
    const material = createKeyMaterial();
    if (material.node < id) return material;
  }
}

class HostilePeer {
  readonly #material = materialBelow(node.id);
  readonly #transport = new WebSocketTransport({ ...this.#material, nodeIdOf, log: () => {} });
  readonly frames: Frame[] = [];
  #connection: Connection | undefined;
  readonly #closed = Promise.withResolvers<number>();
  readonly #closeReason = Promise.withResolvers<string>();
  readonly #waiting = new Set<() => void>();

  /** Connects and says hello as an honest member would, but for what is told otherwise, and for what is changed in its text. */
  async join(
    otherwise: Readonly<Record<string, unknown>> = {},
    change: (text: string) => string = (text) => text,
  ): Promise<void> {
    const key = NetworkKey.parse(KEY);
    await this.#transport.dial({ endpoints: [{ host: '127.0.0.1', port: node.port }] }, (connection) => {
      this.#connection = connection;
      return {
        frame: (text) => {
          const frame = decode(text);
          if (frame) this.frames.push(frame);
          for (const look of this.#waiting) look();
        },
        closed: (code, reason) => {
          this.#closed.resolve(code);
          this.#closeReason.resolve(reason);
        },
      };
    });
    const theirs = await this.until('hello');
    const proofs = this.#connection && [{ keyId: key.id, mac: key.prove(this.#connection, 'dialler') }];
    this.raw(change(JSON.stringify({ ...theirs, id: this.#material.node, name: 'hostile', proofs, ...otherwise })));
  }

  /** As `join`, and the line is open: having the smaller id it is this side that says so. */
  async open(): Promise<void> {
    await this.join();
    this.send({ type: 'welcome', generation: [1, 1] });
    await this.until('machines');
  }

  /** Opens the line and asks where the epoch stands, as a sender must. */
  async openEpoch(): Promise<void> {
    await this.open();
    this.send({ type: 'resume', live: { [EPOCH]: 1 } });
    await this.until('ack');
  }

  send(frame: Frame): void {
    this.raw(encode(frame));
  }

  raw(text: string): void {
    this.#connection?.send(text);
  }

  /** An envelope in its place, with an event of any text. */
  sendEvent(sequence: number, eventJson: string, to = 'Sink_1', from = 'Evil'): void {
    this.raw(
      `${JSON.stringify({ type: 'messages', epoch: EPOCH, first: sequence, at: 1 })}\n${JSON.stringify([from, to, 0, 1_000])}\n${eventJson}`,
    );
  }

  /** The code with which the node closed the line. */
  get closeCode(): Promise<number> {
    return this.#closed.promise;
  }

  get closeReason(): Promise<string> {
    return this.#closeReason.promise;
  }

  async until<Type extends Frame['type']>(
    type: Type,
    fits: (frame: Frame & { type: Type }) => boolean = () => true,
  ): Promise<Frame & { type: Type }> {
    const { promise, resolve } = Promise.withResolvers<Frame & { type: Type }>();
    const look = () => {
      for (const frame of this.frames)
        if (frame.type === type && fits(frame as Frame & { type: Type })) resolve(frame as Frame & { type: Type });
    };
    this.#waiting.add(look);
    look();
    const found = await promise;
    this.#waiting.delete(look);
    return found;
  }

  stop(): Promise<void> {
    return this.#transport.stop();
  }
}

/** Events still pass between the node and its healthy peer, and none was lost. */
async function expectHealthy(): Promise<void> {
  expect(await healthy.sendTo(sink.address, { type: 'NUMBER', n: ++passed })).toMatchObject({ status: 'handled' });
  expect(sink.actor.getSnapshot().context.numbers).toEqual(Array.from({ length: passed }, (_, n) => n + 1));
}

const frame = (text: string) => async () => {
  await hostile.open();
  hostile.raw(text);
};
const hello = (change: (text: string) => string) => async () => await hostile.join({}, change);
const message = (label: string) => async () => {
  await hostile.openEpoch();
  hostile.raw(`{"type":"messages","epoch":"${EPOCH}","first":1,"at":1}\n${label}\n{"type":"NUMBER","n":1}`);
};
const machine = (id: string) =>
  frame(
    `{"type":"machines","full":true,"last":true,"removed":[],"added":[{"id":"${id}","type":"T","version":"1.0.0","metadata":{},"healthy":true,"running":true}]}`,
  );
/** Machines, of which is told what is special. */
const machinesText = (...machines: readonly string[]) => {
  const plain = { id: 'M', type: 'T', version: '1.0.0', metadata: {}, healthy: true, running: true };
  const added = machines.map((text) => ({ ...plain, ...(JSON.parse(text) as object) }));
  return JSON.stringify({ type: 'machines', full: true, last: true, removed: [], added });
};
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

/** What no event may be. Its text comes from a member that does not check what it sends. */
const BAD_EVENTS = {
  'X1: of XState itself, * or without a type that is a text': [
    '{"type":"xstate.stop"}',
    '{"type":"xstate.done.actor.x"}',
    '{"type":"*"}',
    '{"type":""}',
    '{"type":7}',
    '{"n":1}',
  ],
  'J1: not JSON, or no object': ['[]', '{', 'null', '5', ''],
  'J3: too deep': [`{"type":"A","x":${deep(65)}}`, `{"type":"A","x":${deep(200_000)}}`],
  'J4: with __proto__': ['{"type":"A","__proto__":{}}', '{"type":"A","x":[{"\\u005f_proto__":1}]}'],
  'J5: with a number or a name that JSON does not keep': [
    '{"type":"A","n":1e999}',
    '{"type":"A","n":-0}',
    '{"type":"A","n":9007199254740993}',
    '{"type":"A","n":-1234567890123456789012}',
    '{"type":"A","n":1,"n":2}',
    '{"type":"A","x":[{"n":1,"n":1}]}',
  ],
};

describe('a frame:', () => {
  beforeAll(start);
  afterAll(stop);
  beforeEach(() => {
    hostile = new HostilePeer();
  });
  afterEach(() => hostile.stop());

  test('a node of another version of the protocol is told which, and shown with a sentence', async () => {
    await hostile.join({ version: 2, novelties: ['who knows'] });
    const sentence = 'it speaks protocol 2 and this node 1: run the same version of InterMachine on both';
    expect(await hostile.closeReason).toBe(sentence);
    const shown = () => node.peers().find(({ problem }) => problem === sentence);
    await expect.poll(shown, { timeout: 10_000 }).toMatchObject({ state: 'untrusted' });
    await expectHealthy();
  });

  test.each<[string, () => Promise<void>, number]>([
    ['J1: not JSON', frame('hello?'), CLOSE.badFrame],
    ['J1: empty', frame(''), CLOSE.badFrame],
    ['J1: null', frame('null'), CLOSE.badFrame],
    ['J1: a number', frame('5'), CLOSE.badFrame],
    ['J1: a list', frame('[{"type":"ping","at":1}]'), CLOSE.badFrame],
    ['J2: an extra field', frame('{"type":"ping","at":1,"and":2}'), CLOSE.badFrame],
    ['J2: a missing field', frame('{"type":"ping"}'), CLOSE.badFrame],
    ['J2: an extra field in the greeting', async () => await hostile.join({ admin: true }), CLOSE.badFrame],
    ['J3: a field of 65 levels', frame(`{"type":"ping","at":${deep(65)}}`), CLOSE.badFrame],
    ['J3: 500,000 levels in a type that nobody knows', frame(`{"type":"later","x":${deep(500_000)}}`), CLOSE.badFrame],
    ['J3: a megabyte of brackets', frame('['.repeat(1_000_000)), CLOSE.badFrame],
    ['J4: a field __proto__', frame('{"type":"ping","at":1,"__proto__":{"at":1}}'), CLOSE.badFrame],
    ['J4: a field constructor', frame('{"type":"ping","at":1,"constructor":{}}'), CLOSE.badFrame],
    ['J4: a field prototype', frame('{"type":"ping","at":1,"prototype":{}}'), CLOSE.badFrame],
    [
      'J4: __proto__ instead of the fields',
      frame(`{"type":"ack","__proto__":{"epoch":"${EPOCH}","mark":0,"refused":[],"credit":1}}`),
      CLOSE.badFrame,
    ],
    [
      'J4: __proto__ in the metadata of a machine',
      frame(
        '{"type":"machines","full":true,"last":true,"removed":[],"added":[{"id":"A","type":"T","version":"1.0.0","metadata":{"__proto__":"x"},"healthy":true,"running":true}]}',
      ),
      CLOSE.badFrame,
    ],
    ['J5: 1e999', frame('{"type":"ping","at":1e999}'), CLOSE.badFrame],
    ['J5: -0', frame('{"type":"ping","at":-0}'), CLOSE.badFrame],
    ['J5: 2^53 + 1', frame('{"type":"ping","at":9007199254740993}'), CLOSE.badFrame],
    ['J2: a version that is none', frame(machinesText('{"id":"A","version":"x"}')), CLOSE.badFrame],
    ['J2: two machines of one id', frame(machinesText('{"id":"A"}', '{"id":"A"}')), CLOSE.badFrame],
    [
      'D5: looking at more machines than anybody can see',
      async () => {
        await hostile.open();
        for (let watch = 0; watch <= 500; watch++)
          hostile.send({ type: 'watch', watch, machine: sink.id, emitted: false });
      },
      CLOSE.badFrame,
    ],
    [
      'D8: metadata of 51 texts',
      frame(machinesText(JSON.stringify({ metadata: Object.fromEntries([...Array(51).keys()].map((n) => [n, ''])) }))),
      CLOSE.badFrame,
    ],
    ['D8: metadata of 4,097 characters', frame(machinesText(`{"metadata":{"a":"${'x'.repeat(4_096)}"}}`)), 4400],
    ['J5: "5" for 5', frame('{"type":"ping","at":"5"}'), CLOSE.badFrame],
    ['J5: a field twice', frame('{"type":"ping","at":1,"at":2}'), CLOSE.badFrame],
    ['J5: an epoch twice', frame(`{"type":"resume","live":{"${EPOCH}":1,"${EPOCH}":2}}`), CLOSE.badFrame],
    ['J5: an id twice in the greeting', hello((text) => text.replace('"name"', `"id":"${healthy.id}","name"`)), 4400],
    ['J5: 1e999 in the greeting', hello((text) => text.replace(/"incarnation":\d+/, '"incarnation":1e999')), 4400],
    ['J5: -0 in a label', message('["Evil","Sink_1",-0,1000]'), CLOSE.badFrame],
    ['J5: 2^53 + 1 in a label', message('["Evil","Sink_1",0,9007199254740993]'), CLOSE.badFrame],
    ['J6: NUL in an id', machine('a\\u0000b'), CLOSE.badFrame],
    ['J6: a lone surrogate in an id', machine('a\\ud800b'), CLOSE.badFrame],
    ['J6: a direction mark in an id', machine('a\\u202eb'), CLOSE.badFrame],
    ['J6: an id of 10,000 characters', machine('a'.repeat(10_000)), CLOSE.badFrame],
    ['J6: NUL in the id of a sender', message('["Ev\\u0000il","Sink_1",0,1000]'), CLOSE.badFrame],
    ['J6: a name of 10,000 characters', async () => await hostile.join({ name: 'x'.repeat(10_000) }), CLOSE.badFrame],
    [
      'J7: a second hello',
      async () => {
        await hostile.open();
        hostile.send(hostile.frames[0] as Frame);
      },
      CLOSE.badFrame,
    ],
    ['J7: content before the hello', hello(() => '{"type":"resume","live":{}}'), CLOSE.badFrame],
    [
      'J7: content before the welcome',
      async () => {
        await hostile.join();
        hostile.send({ type: 'resume', live: {} });
        hostile.send({ type: 'resume', live: {} });
      },
      CLOSE.badFrame,
    ],
    [
      'J7, D2: an acknowledgement of what was never sent',
      frame(`{"type":"ack","epoch":"${EPOCH}","mark":5,"refused":[],"credit":9}`),
      CLOSE.badFrame,
    ],
    ['W: more than a megabyte', frame('x'.repeat(1_100_000)), 1009],
    ['an id that is not its own', async () => await hostile.join({ id: healthy.id }), CLOSE.badFrame],
    ['another version of the protocol', async () => await hostile.join({ version: 2 }), CLOSE.otherVersion],
    ['another namespace', async () => await hostile.join({ namespace: 'elsewhere' }), CLOSE.otherNamespace],
    ['T8: no proof', async () => await hostile.join({ proofs: [] }), CLOSE.notTrusted],
    [
      'T8: a proof of another key',
      async () => await hostile.join({ proofs: [{ keyId: 'aaaaaaaa', mac: 'a'.repeat(64) }] }),
      CLOSE.notTrusted,
    ],
    [
      'D1: a gap in the sequence',
      async () => {
        await hostile.openEpoch();
        hostile.sendEvent(5, '{"type":"NUMBER","n":1}');
      },
      CLOSE.outOfSequence,
    ],
    [
      'D1: the sequence 0',
      async () => {
        await hostile.openEpoch();
        hostile.sendEvent(0, '{"type":"NUMBER","n":1}');
      },
      CLOSE.badFrame,
    ],
    [
      'D3: 10,000 epochs',
      async () => {
        await hostile.open();
        const live = Array.from({ length: 10_000 }, (_, n) => [n.toString(16).padStart(16, '0'), 1]);
        hostile.send({ type: 'resume', live: Object.fromEntries(live) });
      },
      CLOSE.badFrame,
    ],
    // Its answer would have been no frame, and its own next greeting none that anybody reads.
    ['D1: a sequence near the end of numbers', frame(`{"type":"resume","live":{"${EPOCH}":9007199254740991}}`), 4400],
    ['J5: the last incarnation that there is', frame('{"type":"behind","incarnation":9007199254740991}'), 4400],
    ['D6: a time to live that is over before it begins', message('["Evil","Sink_1",0,0]'), CLOSE.badFrame],
    ['D6: a time to live of 1e308', message('["Evil","Sink_1",0,1e308]'), CLOSE.badFrame],
    ['D6: a time to live as a text', message('["Evil","Sink_1",0,"1000"]'), CLOSE.badFrame],
    [
      'an event in the name of another node',
      async () => {
        await hostile.openEpoch();
        hostile.sendEvent(1, '{"type":"NUMBER","n":1}', 'Sink_1', `im://${healthy.id}/Pong_1`);
      },
      CLOSE.badFrame,
    ],
  ])('%s closes the line, and nobody else notices', async (_, act, code) => {
    await act();
    expect(await hostile.closeCode).toBe(code);
    await expectHealthy();
  });

  test('J2: a frame of an unknown type is left aside', async () => {
    // And the frame that was spoiled for the others is fine.
    await machine('good')();
    hostile.raw('{"type":"of-a-later-version","field":1}');
    hostile.send({ type: 'ping', at: 4711 });
    expect(await hostile.until('pong', ({ at }) => at === 4711)).toBeDefined();
  });

  test('J6: a name of control characters and direction marks is text that people see escaped', async () => {
    const name = '\u0000<b>\u202e\ud800\u001b[31m';
    await hostile.join({ name });
    hostile.send({ type: 'welcome', generation: [1, 1] });
    await hostile.until('machines');
    const shown = node.peers().find((peer) => peer.name === name);
    expect(shown).toMatchObject({ state: 'alive' });
    expect(plain(shown?.name ?? '')).not.toMatch(/[\p{C}]/u);
  });
});

describe('an event:', () => {
  beforeEach(async () => {
    await start();
    hostile = new HostilePeer();
  });
  afterEach(async () => {
    await hostile.stop();
    await stop();
  });

  test.each(Object.entries(BAD_EVENTS))(
    '%s: refused by its code, the line stays, and the good one behind it arrives',
    async (_, bad) => {
      await hostile.openEpoch();
      for (const [index, eventJson] of bad.entries()) hostile.sendEvent(index + 1, eventJson);
      hostile.sendEvent(bad.length + 1, '{"type":"NUMBER","n":42}');
      await hostile.until('ack', ({ mark }) => mark === bad.length + 1);
      const refused = hostile.frames.flatMap((each) => (each.type === 'ack' ? each.refused : []));
      expect(refused).toEqual(bad.map((_, index) => [index + 1, 'EVENT_INVALID']));
      await hostile.until('outcome');
      expect(sink.actor.getSnapshot()).toMatchObject({ status: 'active', context: { numbers: [42] } });
      expect((await node.messages()).filter(({ status }) => status === 'refused')).toMatchObject(
        bad.map((text) => ({ event: { type: '', refused: text.slice(0, 1_000) }, code: 'EVENT_INVALID' })).reverse(),
      );
    },
  );

  test('D7: an event for a machine that nobody knows is refused', async () => {
    await hostile.openEpoch();
    hostile.sendEvent(1, '{"type":"NUMBER","n":1}', 'Nobody');
    expect((await hostile.until('ack', ({ mark }) => mark === 1)).refused).toEqual([[1, 'MACHINE_UNKNOWN']]);
  });

  test('D8: of a long event that is refused its beginning is kept, and when it comes again nobody takes it for another', async () => {
    const before = problems.length;
    await hostile.openEpoch();
    const long = `{"type":"${'T'.repeat(100_000)}"}`;
    hostile.sendEvent(1, long, 'Nobody');
    await hostile.until('ack', ({ mark }) => mark === 1);
    hostile.sendEvent(1, long, 'Nobody');
    hostile.sendEvent(2, '{"type":"NUMBER","n":1}');
    await hostile.until('outcome');
    expect((await node.messages()).filter(({ status }) => status === 'refused')).toMatchObject([
      { event: { type: '', refused: long.slice(0, 1_000) }, code: 'MACHINE_UNKNOWN' },
    ]);
    expect(problems.slice(before)).toEqual([]);
  });

  test('D1: what is sent twice arrives once', async () => {
    await hostile.openEpoch();
    for (const sequence of [1, 1, 2, 1, 2]) hostile.sendEvent(sequence, `{"type":"NUMBER","n":${sequence}}`);
    await hostile.until('outcome', ({ of }) => of.some(([, last]) => last === 2));
    expect(sink.actor.getSnapshot().context.numbers).toEqual([1, 2]);
  });

  test('D4: another envelope under a name that is taken is a dead letter, told to people, and cuts the line', async () => {
    await hostile.openEpoch();
    hostile.sendEvent(1, '{"type":"NUMBER","n":1}');
    await hostile.until('ack', ({ mark }) => mark === 1);
    hostile.sendEvent(1, '{"type":"NUMBER","n":2}');
    expect(await hostile.closeCode).toBe(CLOSE.outOfSequence);
    await expect.poll(() => problems.some((message) => message.includes('under the name'))).toBe(true);
    expect(sink.actor.getSnapshot().context.numbers).toEqual([1]);
  });

  test('an event that is too large is refused at the sender, and the line stays', async () => {
    await expect(healthy.sendTo(sink.address, { type: 'NUMBER', text: 'x'.repeat(1_050_000) })).rejects.toMatchObject({
      code: 'ENVELOPE_TOO_LARGE',
    });
    expect(await healthy.sendTo(sink.address, { type: 'NUMBER', n: 1, text: 'ü'.repeat(500_000) })).toMatchObject({
      status: 'handled',
    });
  });

  test('X1, J4, J5: an event that no machine could get as it is, is refused at the sender, before it is accepted', async () => {
    for (const event of [
      { type: 'xstate.stop' },
      { type: '*' },
      { type: '' },
      { type: 7 as unknown as string },
      JSON.parse('{"type":"A","__proto__":{}}') as { type: string },
      { type: 'A', n: Number.POSITIVE_INFINITY },
      { type: 'A', n: -0 },
      { type: 'A', n: 2 ** 53 },
    ])
      await expect(healthy.sendTo(sink.address, event)).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    expect(await healthy.messages()).toEqual([]);
    await expectHealthy();
  });
});
