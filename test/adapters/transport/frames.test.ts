import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:tls';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { loopbackNode } from '../../support/transport/nodes.ts';
import { closeCodeIn, frame, tlsPeer, upgradeRequest, webSocketPeer } from '../../support/transport/raw-peer.ts';
import { closeOf, framesOf, Recorder } from '../../support/transport/recorder.ts';
import { type Target, target } from '../../support/transport/target.ts';
import { until } from '../../support/transport/until.ts';

const MAX_FRAME_BYTES = 1024 * 1024;
/** FIN and the opcode. */
const TEXT = 0x81;
const BINARY = 0x82;
const CLOSE = 0x88;
const PING = 0x89;
const TEXT_BEGINS = 0x01;
const CONTINUES = 0x00;
const ENDS = 0x80;

let kitchen: Target;

beforeEach(async () => {
  kitchen = await target();
});

afterEach(() => kitchen.finish());

const hex = (text: string) => Buffer.from(text, 'hex');

test.each<[string, Uint8Array[], number]>([
  ['an unmasked frame', [frame(TEXT, 'hi', { isMasked: false })], 1002],
  ['RSV1 without an extension', [frame(0xc1, 'hi')], 1002],
  ['RSV2', [frame(0xa1, 'hi')], 1002],
  ['RSV3', [frame(0x91, 'hi')], 1002],
  ['a reserved opcode', [frame(0x83, 'x')], 1002],
  ['a reserved control opcode', [frame(0x8b)], 1002],
  ['a fragmented ping', [frame(0x09, 'x')], 1002],
  ['a ping of 126 bytes', [frame(PING, Buffer.alloc(126))], 1002],
  ['a continuation of nothing', [frame(ENDS, 'x')], 1002],
  ['a text inside a text', [frame(TEXT_BEGINS, 'a'), frame(TEXT, 'b')], 1002],
  ['bytes that are not UTF-8', [frame(TEXT, hex('fffe'))], 1007],
  ['overlong UTF-8', [frame(TEXT, hex('c0af'))], 1007],
  ['a surrogate as UTF-8', [frame(TEXT, hex('eda080'))], 1007],
  ['UTF-8 that ends in the middle', [frame(TEXT, hex('e282'))], 1007],
  ['a close of one byte', [frame(CLOSE, hex('03'))], 1002],
  ['the close code 1005', [frame(CLOSE, hex('03ed'))], 1002],
  ['the close code 1006', [frame(CLOSE, hex('03ee'))], 1002],
  ['the close code 999', [frame(CLOSE, hex('03e7'))], 1002],
  ['a close reason that is not UTF-8', [frame(CLOSE, hex('03e8ff'))], 1007],
  ['a length of 2^63', [frame(TEXT, '', { length: 1n << 63n })], 1009],
  ['a length above the limit', [frame(TEXT, '', { length: BigInt(MAX_FRAME_BYTES + 1) })], 1009],
  [
    'fragments that are too long together',
    [frame(TEXT_BEGINS, Buffer.alloc(MAX_FRAME_BYTES - 1, 'a')), frame(ENDS, 'aa')],
    1009,
  ],
  [
    'nine fragments',
    [frame(TEXT_BEGINS, 'a'), ...Array.from({ length: 7 }, () => frame(CONTINUES, 'a')), frame(ENDS, 'a')],
    1008,
  ],
  ['binary where text is expected', [frame(BINARY, 'hi')], 1003],
  ['an empty binary frame', [frame(BINARY)], 1003],
  ['HTTP after the upgrade', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], 1002],
])('W: %s closes the line, and only that line', async (_, parts, code) => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  const line = await kitchen.strangers.line();
  peer.send(...parts);
  await until('a close frame', () => closeCodeIn(peer.received) !== undefined);
  expect(closeCodeIn(peer.received)).toBe(code);
  peer.socket.end();
  expect((await closeOf(line)).code).toBe(code);
  expect(line.frames).toEqual([]);
  expect(line.closes).toHaveLength(1);
});

test.each<[string, Uint8Array[], string]>([
  [
    'eight fragments',
    [frame(TEXT_BEGINS, 'a'), ...Array.from({ length: 6 }, () => frame(CONTINUES, 'a')), frame(ENDS, 'a')],
    'aaaaaaaa',
  ],
  ['a character split over two fragments', [frame(TEXT_BEGINS, hex('e282')), frame(ENDS, hex('ac'))], '€'],
  ['a ping between two fragments', [frame(TEXT_BEGINS, 'a'), frame(PING), frame(ENDS, 'b')], 'ab'],
  ['an empty text', [frame(TEXT)], ''],
  ['a length in more bytes than it needs', [Buffer.concat([hex('81fe000200000000'), Buffer.from('ok')])], 'ok'],
])('%s is fine', async (_, parts, text) => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  peer.send(...parts);
  expect(await framesOf(await kitchen.strangers.line(), 1)).toEqual([text]);
  peer.socket.destroy();
});

test('a frame that comes byte by byte is one frame', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  for (const byte of frame(TEXT, 'slowly')) {
    await new Promise((resolve) => peer.socket.write(Buffer.from([byte]), resolve));
  }
  expect(await framesOf(await kitchen.strangers.line(), 1)).toEqual(['slowly']);
  peer.socket.destroy();
});

test('what follows a close frame is not read', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  peer.send(Buffer.concat([frame(CLOSE, Buffer.concat([hex('0fa0'), Buffer.from('leaving')])), frame(TEXT, 'late')]));
  const line = await kitchen.strangers.line();
  expect(await closeOf(line)).toEqual({ code: 4000, reason: 'leaving' });
  expect(line.frames).toEqual([]);
});

test('J7: whoever goes on after we closed is not read any more, and cut', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  const line = await kitchen.strangers.line();
  const piece = Buffer.concat(Array.from({ length: 16 }, () => frame(TEXT, Buffer.alloc(64 * 1024, 'a'))));
  line.connection.close(4400, 'enough');
  let taken = 0;
  const goOn = (error?: Error | null) => {
    if (error || peer.isClosed) return;
    taken += piece.length;
    peer.socket.write(piece, goOn);
  };
  goOn();
  expect((await closeOf(line)).code).toBe(4400);
  peer.socket.destroy();
  // 64 frames are read, and the two kernels hold a few MiB more; who reads until the time to answer is over gets hundreds.
  expect(taken).toBeLessThan(24 * 1024 * 1024);
  expect(line.frames).toEqual([]);
});

test('D5: a flood is read in slices, so that others have their turn in between, and nothing of it is lost', async () => {
  let inThisTurn = 0;
  let most = 0;
  const flooded = new Recorder(undefined, () => {
    most = Math.max(most, ++inThisTurn);
    // What a frame costs a node that decodes it.
    for (const until = performance.now() + 0.05; performance.now() < until; );
  });
  const node = loopbackNode();
  const { port } = await node.transport.listen(flooded.accept);
  const peers = await Promise.all(Array.from({ length: 4 }, () => webSocketPeer(port, createKeyMaterial())));
  const sent = Array.from({ length: 3_000 }, (_, n) => `${n}`);
  const flood = Buffer.concat(sent.map((text) => frame(TEXT, text)));
  for (const peer of peers) peer.send(flood);
  while (flooded.lines.some(({ frames }) => frames.length < sent.length)) {
    await new Promise((resolve) => setImmediate(resolve));
    inThisTurn = 0;
  }
  for (const { frames } of flooded.lines) expect(frames).toEqual(sent);
  // 2 ms for each of four lines, and 5 ms for those that are behind; 3,000 where a flood is read as it comes.
  expect(most).toBeLessThan(600);
  for (const peer of peers) peer.socket.destroy();
  await node.transport.stop();
});

test('a close reason is cut and cleaned before anybody reads it', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  peer.send(frame(CLOSE, Buffer.concat([hex('0fa0'), Buffer.from(`\u001b[31m\n${'x'.repeat(110)}`)])));
  const { reason } = await closeOf(await kitchen.strangers.line());
  expect(reason).not.toMatch(/\p{Cc}/u);
  expect(reason.length).toBeLessThanOrEqual(123);
});

test('a listener that breaks the rules gets a close frame from the dialler, too', async () => {
  const stranger = createKeyMaterial();
  let received = Buffer.alloc(0);
  const server = createTlsServer(
    {
      key: stranger.key,
      cert: stranger.certificate,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['im/1'],
    },
    (socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        const isRequest = received.length === 0;
        received = Buffer.concat([received, bytes]);
        if (!isRequest) return;
        const key = /Sec-WebSocket-Key: (.*)\r\n/.exec(received.toString())?.[1];
        const accepted = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
            `Sec-WebSocket-Accept: ${accepted}\r\n\r\n`,
        );
        // Only a dialler masks its frames.
        socket.write(frame(TEXT, 'masked'));
      });
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const said = new Recorder();
  const endpoint = { host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
  try {
    await kitchen.transport.dial({ node: stranger.node, endpoints: [endpoint] }, said.accept);
    expect((await closeOf(await said.line())).code).toBe(1002);
    // The close frame of a dialler is masked, here with zeros: FIN and opcode, length, mask, code.
    const closeFrame = received.subarray(received.indexOf('\r\n\r\n') + 4);
    expect([closeFrame[0], closeFrame.readUInt16BE(6)]).toEqual([CLOSE, 1002]);
  } finally {
    server.close();
  }
});

test('a frame sent with the request itself, before the line is open, is not lost', async () => {
  const peer = await tlsPeer(kitchen.port, createKeyMaterial());
  peer.send(Buffer.concat([Buffer.from(upgradeRequest()), frame(TEXT, 'in one packet')]));
  expect(await framesOf(await kitchen.strangers.line(), 1)).toEqual(['in one packet']);
  peer.socket.destroy();
});

test('a peer that vanishes without a word ends its line with 1006', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  peer.send(frame(TEXT_BEGINS, 'half a'));
  const line = await kitchen.strangers.line();
  peer.socket.destroy();
  expect((await closeOf(line)).code).toBe(1006);
  expect(line.frames).toEqual([]);
});

test('a peer that does not answer a close is cut within a second', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  const line = await kitchen.strangers.line();
  const closedAt = performance.now();
  line.connection.close(4401, 'not trusted');
  expect(await closeOf(line)).toEqual({ code: 4401, reason: 'not trusted' });
  expect(performance.now() - closedAt).toBeLessThan(1_500);
  expect(closeCodeIn(peer.received)).toBe(4401);
  await peer.closed();
});

test('a peer that answers a close and then holds the socket is cut within a second', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  const line = await kitchen.strangers.line();
  peer.socket.allowHalfOpen = true;
  peer.send(frame(CLOSE, hex('03e8')));
  expect((await closeOf(line)).code).toBe(1000);
  peer.socket.destroy();
});

test('a reader that fails closes its line with 1011 and is logged', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  const line = await kitchen.strangers.line();
  line.frames.push = () => {
    throw new Error('the disk is full');
  };
  peer.send(frame(TEXT, 'hi'));
  expect(await closeOf(line)).toMatchObject({ code: 1011 });
  expect(kitchen.logged).toEqual([expect.stringContaining('the disk is full')]);
});

test('D5: a flood of pings that are never read back does not fill the memory', async () => {
  const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
  const line = await kitchen.strangers.line();
  peer.socket.pause();
  const pings = Buffer.concat(Array.from({ length: 400 }, () => frame(PING, Buffer.alloc(125))));
  for (let sent = 0; sent < 200 && !peer.isClosed; sent++) {
    let isWritten = false;
    peer.socket.write(pings, () => {
      isWritten = true;
    });
    await until('the pings are sent, or too many', () => isWritten || line.closes.length > 0);
    expect(line.connection.bufferedBytes).toBeLessThan(2 * MAX_FRAME_BYTES);
  }
  peer.socket.destroy();
  await closeOf(line);
});

test('W: whatever bytes come, nobody else notices', async () => {
  const bytes = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 130 })).map(([first, payload]) => frame(first, payload)),
    ),
    { minLength: 1, maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (parts) => {
      const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
      const line = await kitchen.strangers.line(kitchen.strangers.lines.length - 1);
      peer.send(...parts);
      if (!peer.isClosed) await new Promise<void>((resolve) => peer.socket.end(resolve));
      peer.socket.destroySoon();
      await closeOf(line);
      expect(line.closes).toHaveLength(1);
    }),
    { seed: 20_261_123, numRuns: 100 },
  );
}, 60_000);
