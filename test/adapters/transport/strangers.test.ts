import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import {
  compressedKey,
  ED25519,
  explicitKey,
  foreignCertificate,
  LARGEST_RSA,
  otherwiseWritten,
  P256,
  P384,
  RSA,
} from '../../support/transport/certificates.ts';
import { loopbackNode } from '../../support/transport/nodes.ts';
import { plainPeer, type Shown, tlsPeer, upgradeRequest, webSocketPeer } from '../../support/transport/raw-peer.ts';
import { Recorder } from '../../support/transport/recorder.ts';
import { type Target, target } from '../../support/transport/target.ts';
import { until } from '../../support/transport/until.ts';

/** Instead of 10 s. */
const HANDSHAKE_TIMEOUT_MS = 400;

let kitchen: Target;

beforeEach(async () => {
  kitchen = await target({ handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS });
});

/** Nobody got a line, the log says why in one line, and the healthy line did not notice. */
async function expectRefused(why: RegExp): Promise<void> {
  await until(`a log line like ${why}`, () => kitchen.logged.length > 0);
  expect(kitchen.logged).toEqual([expect.stringMatching(why)]);
  expect(kitchen.strangers.lines).toEqual([]);
  await kitchen.finish();
}

describe('T1: dropped before a byte of HTTP is read', () => {
  test.each<[string, () => Promise<Shown>, RegExp]>([
    ['no certificate', async () => ({}), /showed no certificate/],
    [
      'two certificates',
      async () => {
        const [mine, other] = [createKeyMaterial(), createKeyMaterial()];
        return { key: mine.key, certificate: mine.certificate + other.certificate };
      },
      /more than one certificate/,
    ],
    [
      'its certificate twice',
      async () => {
        const mine = createKeyMaterial();
        return { key: mine.key, certificate: mine.certificate + mine.certificate };
      },
      /more than one certificate/,
    ],
    ['an RSA key', () => foreignCertificate(RSA), /not P-256/],
    // Signing takes its owner longer than it gets.
    ['an RSA key of 16,384 bits', async () => LARGEST_RSA, /more than 2048 bytes|in time/],
    ['an Ed25519 key', () => foreignCertificate(ED25519), /not P-256/],
    ['a P-384 key', () => foreignCertificate(P384), /not P-256/],
    ['its key with the curve spelt out', async () => otherwiseWritten(explicitKey()), /named curve/],
    ['its key with a compressed point', async () => otherwiseWritten(compressedKey()), /named curve/],
    ['more than 2 KiB', () => foreignCertificate(P256, `CN=${'x'.repeat(2_000)}`), /more than 2048 bytes/],
  ])('a peer that shows %s', async (_, shown, why) => {
    const peer = await tlsPeer(kitchen.port, await shown());
    peer.send(upgradeRequest());
    await peer.closed();
    expect(peer.received.toString()).toBe('');
    await expectRefused(why);
  });

  test('while a P-256 certificate of another make is as good as ours', async () => {
    await webSocketPeer(kitchen.port, await foreignCertificate(P256));
    await kitchen.strangers.line();
    await kitchen.finish();
  });
});

describe('T2: what does not speak TLS 1.3 gets an alert or a close', () => {
  test('TLS 1.2', async () => {
    const peer = await tlsPeer(kitchen.port, createKeyMaterial(), { maxVersion: 'TLSv1.2' });
    await peer.closed();
    await expectRefused(/TLS 1.3/);
  });

  test.each<[string, string | Uint8Array]>([
    ['plain HTTP', upgradeRequest()],
    ['random bytes', randomBytes(4_096)],
    ['zeros', Buffer.alloc(4_096)],
    [
      'half a ClientHello of the largest size',
      Buffer.concat([Buffer.from('16030140000100fffc0303', 'hex'), randomBytes(60_000)]),
    ],
  ])('%s', async (_, bytes) => {
    const peer = await plainPeer(kitchen.port);
    peer.send(bytes);
    await peer.closed();
    expect(peer.received.toString()).not.toContain('HTTP');
    await expectRefused(/TLS/);
  });

  test('another protocol by ALPN, or none', async () => {
    const mine = createKeyMaterial();
    const other = await tlsPeer(kitchen.port, mine, { ALPNProtocols: ['h2', 'http/1.1'] });
    const none = await tlsPeer(kitchen.port, mine, { ALPNProtocols: [] });
    none.send(upgradeRequest());
    await Promise.all([other.closed(), none.closed()]);
    expect(none.received.toString()).toBe('');
    await expectRefused(/does not speak the protocol im\/1/);
  });
});

describe('T3: who stalls is cut in time', () => {
  test('TCP and then silence', async () => {
    const peer = await plainPeer(kitchen.port);
    await peer.closed();
    await expectRefused(/did not set up TLS in time/);
  });

  test('TLS and then silence', async () => {
    const peer = await tlsPeer(kitchen.port, createKeyMaterial());
    await peer.closed();
    await expectRefused(/asked for nothing in time/);
  });

  test('a byte of HTTP now and then', async () => {
    const peer = await tlsPeer(kitchen.port, createKeyMaterial());
    const bytes = [...upgradeRequest()];
    const drip = setInterval(() => peer.send(bytes.shift() ?? ''), HANDSHAKE_TIMEOUT_MS / 20);
    await peer.closed();
    clearInterval(drip);
    expect(bytes.length).toBeGreaterThan(0);
    await expectRefused(/asked for nothing in time/);
  });

  test('a web page was asked for, and its answer is never taken', async () => {
    const peer = await tlsPeer(kitchen.port, createKeyMaterial());
    peer.socket.pause();
    peer.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n');
    peer.socket.on('drain', () => peer.send(Buffer.alloc(60_000)));
    peer.send(Buffer.alloc(60_000));
    await until('the request was heard', () => kitchen.logged.length > 0);
    peer.socket.resume();
    await peer.closed();
    await expectRefused(/asked for a web page/);
  });

  test('while a line that is open stays, however silent', async () => {
    const peer = await webSocketPeer(kitchen.port, createKeyMaterial());
    const stalling = await plainPeer(kitchen.port);
    await stalling.closed();
    await until('far more time has passed', () => performance.now() > started + 2 * HANDSHAKE_TIMEOUT_MS);
    expect(peer.isClosed).toBe(false);
    expect((await kitchen.strangers.line()).closes).toEqual([]);
    peer.socket.destroy();
    await kitchen.finish();
  });

  let started = 0;
  beforeEach(() => {
    started = performance.now();
  });
});

test('T4: our own certificate gets no line, and whoever shows it without being this node has copied it', async () => {
  const peer = await tlsPeer(kitchen.port, kitchen);
  peer.send(upgradeRequest());
  await peer.closed();
  expect(peer.received.toString()).toBe('');
  await expectRefused(/has the identity of this node: a data directory was copied/);
});

describe('T5: what answers a dial is judged before it sees any HTTP', () => {
  let cleanUp: (() => void)[] = [];
  afterEach(() => {
    for (const task of cleanUp) task();
    cleanUp = [];
  });

  /** A TLS server as a stranger may run it; resolves with its port, and keeps what it was sent. */
  async function stranger({ key, certificate }: Required<Shown>, options: object = {}) {
    const received: Buffer[] = [];
    const server = createTlsServer({
      key,
      cert: certificate,
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['im/1'],
      ...options,
    });
    server.on('secureConnection', (socket) => {
      socket.on('data', (bytes) => received.push(bytes));
      socket.on('error', () => {});
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUp.push(() => server.close());
    const address = server.address();
    return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, received };
  }

  async function dialled(port: number): Promise<{ readonly message: string }> {
    const cellar = loopbackNode({ dialTimeoutMs: 1_000 });
    const said = new Recorder();
    const failure = await cellar.transport
      .dial({ node: kitchen.id, endpoints: [{ host: '127.0.0.1', port }] }, said.accept)
      .then(
        () => Promise.reject(new Error('it was dialled')),
        (thrown) => thrown,
      );
    await cellar.transport.stop();
    expect(said.lines).toEqual([]);
    expect(failure).toMatchObject({ code: 'DIAL_FAILED' });
    return failure;
  }

  test('a valid certificate of another node: dropped, and its id shown', async () => {
    const other = createKeyMaterial();
    const { port, received } = await stranger(other);
    expect((await dialled(port)).message).toContain(`another node, ${other.node}`);
    expect(received).toEqual([]);
    await kitchen.finish();
  });

  test.each<[string, () => Promise<Required<Shown>>, object, RegExp]>([
    ['an RSA key', () => foreignCertificate(RSA), {}, /not P-256/],
    [
      'two certificates',
      async () => {
        const [mine, other] = [createKeyMaterial(), createKeyMaterial()];
        return { key: mine.key, certificate: mine.certificate + other.certificate };
      },
      {},
      /more than one certificate/,
    ],
    ['no ALPN', async () => createKeyMaterial(), { ALPNProtocols: undefined }, /does not speak the protocol im\/1/],
    ['another ALPN', async () => createKeyMaterial(), { ALPNProtocols: ['h2'] }, /does not speak the protocol im\/1/],
    ['TLS 1.2', async () => createKeyMaterial(), { maxVersion: 'TLSv1.2' }, /TLS/],
  ])('a server with %s', async (_, shown, options, why) => {
    const { port, received } = await stranger(await shown(), options);
    expect((await dialled(port)).message).toMatch(why);
    expect(received).toEqual([]);
    await kitchen.finish();
  });

  test('a server that says nothing, or never takes the upgrade, is given up in time', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanUp.push(() => silent.close());
    const address = silent.address();
    const mute = typeof address === 'object' ? (address?.port ?? 0) : 0;
    expect((await dialled(mute)).message).toContain('no answer within 1 s');
    const { port } = await stranger(kitchen);
    expect((await dialled(port)).message).toContain('no answer within 1 s');
    await kitchen.finish();
  });
});

test('T7: a session is never resumed, so that nobody gets in without showing a certificate', async () => {
  const mine = createKeyMaterial();
  const sessions: Buffer[] = [];
  const first = await tlsPeer(kitchen.port, mine);
  first.socket.on('session', (session) => sessions.push(session));
  first.send(upgradeRequest());
  await first.answer('101');
  const session = sessions.at(-1) ?? first.socket.getSession();
  await kitchen.strangers.line();

  const second = await tlsPeer(kitchen.port, {}, { ...(session && { session }) });
  expect(second.isResumed).toBe(false);
  second.send(upgradeRequest());
  await second.closed();
  expect(second.received.toString()).toBe('');
  expect(kitchen.strangers.lines).toHaveLength(1);
  expect(kitchen.logged).toEqual([expect.stringContaining('showed no certificate')]);
  first.socket.destroy();
  await kitchen.finish();
});

describe('T10: only nodes are upgraded', () => {
  test.each([
    ['of a web page, by its origin', { headers: 'Origin: https://evil.example\r\n' }],
    ['of a page without an origin', { headers: 'Origin: null\r\n' }],
    ['of another path', { path: '/' }],
    ['of a longer path', { path: '/im/1/' }],
    ['of a path with a query', { path: '/im/1?x' }],
    ['of an absolute address', { path: 'http://node/im/1' }],
  ])('a request %s is dropped without an answer', async (_, request) => {
    const peer = await tlsPeer(kitchen.port, createKeyMaterial());
    peer.send(upgradeRequest(request));
    await peer.closed();
    expect(peer.received.toString()).toBe('');
    await expectRefused(/asked for|is a web page of/);
  });

  test.each(['GET / HTTP/1.1', 'GET /im/1 HTTP/1.1', 'POST /im/1 HTTP/1.1', 'HEAD / HTTP/1.1'])(
    'a plain %s is answered with 426',
    async (line) => {
      const peer = await tlsPeer(kitchen.port, createKeyMaterial());
      peer.send(`${line}\r\nHost: node\r\n\r\n`);
      await peer.closed();
      expect(peer.received.toString()).toMatch(/^HTTP\/1\.1 426 /);
      await expectRefused(/asked for a web page/);
    },
  );

  test.each([
    ['another method', upgradeRequest({ method: 'POST' })],
    ['CONNECT', 'CONNECT node:443 HTTP/1.1\r\nHost: node\r\n\r\n'],
    ['no key', upgradeRequest().replace(/Sec-WebSocket-Key:.*\r\n/, '')],
    ['a version that is not', upgradeRequest().replace('Version: 13', 'Version: 99')],
    ['a header of 5 KB', upgradeRequest({ headers: `X: ${'a'.repeat(5_000)}\r\n` })],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['no HTTP at all', '\u0000\u0001\u0002\r\n\r\n'],
  ])('a request with %s never becomes a line', async (_, request) => {
    const peer = await tlsPeer(kitchen.port, createKeyMaterial());
    peer.send(request);
    await peer.closed();
    expect(peer.received.toString()).not.toContain(' 101 ');
    expect(kitchen.strangers.lines).toEqual([]);
    await kitchen.finish();
  });

  test('what a stranger says of itself cannot steer the log', async () => {
    const peer = await tlsPeer(kitchen.port, createKeyMaterial());
    peer.send(upgradeRequest({ headers: `Origin: \u009b31m${'x'.repeat(500)}\r\n` }));
    await peer.closed();
    const [line = ''] = kitchen.logged;
    expect(line).not.toMatch(/\p{Cc}/u);
    expect(line.length).toBeLessThan(200);
    await kitchen.finish();
  });
});

test('whoever hangs up before it asked for a line was refused by nobody, and the log says nothing of it', async () => {
  const inTls = await plainPeer(kitchen.port);
  inTls.socket.resetAndDestroy();
  const tcp = connect(kitchen.port, '127.0.0.1');
  const proven = await tlsPeer(kitchen.port, createKeyMaterial(), { socket: tcp });
  tcp.resetAndDestroy();
  await Promise.all([inTls.closed(), proven.closed()]);
  // One that comes later and does not speak TLS is the only one that is told of.
  (await plainPeer(kitchen.port)).send('x'.repeat(100));
  await expectRefused(/does not speak TLS/);
});
