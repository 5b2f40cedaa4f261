import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeIdOf } from '../../main/adapters/identity/certificate.ts';
import { createKeyMaterial } from '../../main/adapters/identity/file.ts';
import { NetworkKey } from '../../main/adapters/identity/network-key.ts';
import { WebSocketTransport } from '../../main/adapters/transport/websocket.ts';
import { CLOSE } from '../../main/core/close-codes.ts';
import type { Connection } from '../../main/core/ports.ts';
import { decode, encode, type Frame } from '../../main/core/wire.ts';
import { createNode, type InterMachineNode } from '../../main/index.ts';
import { collector } from '../support/machines.ts';
import { freeUdpPort } from '../support/udp-port.ts';

/** A whole node on real sockets, a healthy peer, and a member of the network that says what it should not. */
const KEY = 'abcdefghijklmnopqrstuvwxya';
const EPOCH = 'feedfacefeedface';

let directory: string;
let node: InterMachineNode;
let healthy: InterMachineNode;
let hostile: HostilePeer;
const problems: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'intermachine-hostile-'));
  const loopbackPort = await freeUdpPort();
  const options = { networkKey: KEY, loopbackPort, report: (message: string) => problems.push(message) };
  node = await createNode({ ...options, name: 'node', dataDir: join(directory, 'node') });
  healthy = await createNode({ ...options, name: 'healthy', dataDir: join(directory, 'healthy') });
  hostile = new HostilePeer();
});
afterEach(async () => {
  await hostile.stop();
  await healthy.stop();
  await node.stop();
  await rm(directory, { recursive: true, force: true });
});

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

  /** Connects and says hello as an honest member would, but for what is told otherwise. */
  async join(otherwise: Readonly<Record<string, unknown>> = {}): Promise<void> {
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
    this.raw(JSON.stringify({ ...theirs, id: this.#material.node, name: 'hostile', proofs, ...otherwise }));
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

/** Events still pass between the node and its healthy peer. */
async function expectHealthy(): Promise<void> {
  const sink = await node.register('Sink', collector);
  await healthy.waitForType('Sink');
  expect(await healthy.sendTo(sink.address, { type: 'NUMBER', n: 1 })).toMatchObject({ status: 'handled' });
  expect(sink.actor.getSnapshot().context.numbers).toEqual([1]);
}

test('a node of another version of the protocol is told which, and shown with a sentence', async () => {
  await hostile.join({ version: 2, novelties: ['who knows'] });
  const sentence = 'it speaks protocol 2 and this node 1: run the same version of InterMachine on both';
  expect(await hostile.closeReason).toBe(sentence);
  const shown = () => node.peers().find(({ problem }) => problem === sentence);
  await expect.poll(shown, { timeout: 10_000 }).toMatchObject({ state: 'untrusted' });
  await expectHealthy();
});

const frame = (text: string) => async () => {
  await hostile.open();
  hostile.raw(text);
};

test.each<[string, () => Promise<void>, number]>([
  ['not JSON', frame('hello?'), CLOSE.badFrame],
  ['empty', frame(''), CLOSE.badFrame],
  ['null', frame('null'), CLOSE.badFrame],
  ['an extra field', frame('{"type":"ping","at":1,"and":2}'), CLOSE.badFrame],
  ['a megabyte of brackets', frame('['.repeat(1_000_000)), CLOSE.badFrame],
  ['more than a megabyte', frame('x'.repeat(1_100_000)), 1009],
  [
    'a second hello',
    async () => {
      await hostile.open();
      hostile.send(hostile.frames[0] as Frame);
    },
    CLOSE.badFrame,
  ],
  [
    'content before the welcome',
    async () => {
      await hostile.join();
      hostile.send({ type: 'resume', live: {} });
      hostile.send({ type: 'resume', live: {} });
    },
    CLOSE.badFrame,
  ],
  ['an id that is not its own', async () => await hostile.join({ id: healthy.id }), CLOSE.badFrame],
  ['another version of the protocol', async () => await hostile.join({ version: 2 }), CLOSE.otherVersion],
  ['another namespace', async () => await hostile.join({ namespace: 'elsewhere' }), CLOSE.otherNamespace],
  ['no proof', async () => await hostile.join({ proofs: [] }), CLOSE.notTrusted],
  [
    'a proof of another key',
    async () => await hostile.join({ proofs: [{ keyId: 'aaaaaaaa', mac: 'a'.repeat(64) }] }),
    CLOSE.notTrusted,
  ],
  [
    'an acknowledgement of what was never sent',
    async () => {
      await hostile.open();
      hostile.send({ type: 'ack', epoch: EPOCH, mark: 5, refused: [], credit: 9 });
    },
    CLOSE.badFrame,
  ],
  [
    'a gap in the sequence',
    async () => {
      await hostile.openEpoch();
      hostile.sendEvent(5, '{"type":"NUMBER","n":1}');
    },
    CLOSE.outOfSequence,
  ],
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

test('a frame of an unknown type is left aside', async () => {
  await hostile.open();
  hostile.raw('{"type":"of-a-later-version","field":1}');
  hostile.send({ type: 'ping', at: 4711 });
  expect(await hostile.until('pong', ({ at }) => at === 4711)).toBeDefined();
});

test('a bad event is refused by its code, the line stays, and the good one behind it arrives', async () => {
  const sink = await node.register('Sink', collector);
  await hostile.openEpoch();
  const bad = [
    '{"type":"xstate.stop"}',
    '{"type":"xstate.done.actor.x"}',
    '{"type":"*"}',
    '{"type":""}',
    '{"type":7}',
    '[]',
    '{',
    '{"type":"A","n":1e999}',
    '{"type":"A","__proto__":{}}',
    `{"type":"A","x":${'['.repeat(65)}${']'.repeat(65)}}`,
  ];
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
});

test('an event for a machine that nobody knows is refused', async () => {
  await hostile.openEpoch();
  hostile.sendEvent(1, '{"type":"NUMBER","n":1}', 'Nobody');
  expect((await hostile.until('ack', ({ mark }) => mark === 1)).refused).toEqual([[1, 'MACHINE_UNKNOWN']]);
});

test('what is sent twice arrives once', async () => {
  const sink = await node.register('Sink', collector);
  await hostile.openEpoch();
  for (const sequence of [1, 1, 2, 1, 2]) hostile.sendEvent(sequence, `{"type":"NUMBER","n":${sequence}}`);
  await hostile.until('outcome', ({ of }) => of.some(([, last]) => last === 2));
  expect(sink.actor.getSnapshot().context.numbers).toEqual([1, 2]);
});

test('another envelope under a name that is taken is a dead letter, told to people, and cuts the line', async () => {
  const sink = await node.register('Sink', collector);
  await hostile.openEpoch();
  hostile.sendEvent(1, '{"type":"NUMBER","n":1}');
  await hostile.until('ack', ({ mark }) => mark === 1);
  hostile.sendEvent(1, '{"type":"NUMBER","n":2}');
  expect(await hostile.closeCode).toBe(CLOSE.outOfSequence);
  await expect.poll(() => problems.some((message) => message.includes('under the name'))).toBe(true);
  expect(sink.actor.getSnapshot().context.numbers).toEqual([1]);
});

test('an event that is too large is refused at the sender, and the line stays', async () => {
  const sink = await node.register('Sink', collector);
  await healthy.waitForType('Sink');
  await expect(healthy.sendTo(sink.address, { type: 'NUMBER', text: 'x'.repeat(1_050_000) })).rejects.toMatchObject({
    code: 'ENVELOPE_TOO_LARGE',
  });
  expect(await healthy.sendTo(sink.address, { type: 'NUMBER', n: 1, text: 'ü'.repeat(500_000) })).toMatchObject({
    status: 'handled',
  });
});
