import { once } from 'node:events';
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ask, request, stalling } from '../support/dashboard/raw-client.ts';
import { type RunningServer, Servers } from '../support/dashboard/servers.ts';
import { until } from '../support/transport/until.ts';

const servers = new Servers();
afterEach(() => servers.end());

const bearer = ({ token }: RunningServer) => ({ Authorization: `Bearer ${token}` });
const toPost = (server: RunningServer) => ({ ...bearer(server), 'Content-Type': 'application/json' });
const getsIn = async (server: RunningServer) =>
  (await ask(server.port, request(server.port, 'GET /', bearer(server)))).status === 200;

describe('A: size', () => {
  test('headers of 8 KiB are read, of 9 KB are 431', async () => {
    const server = await servers.start();
    const withHeader = (length: number) =>
      ask(server.port, request(server.port, 'GET /', { ...bearer(server), 'X-Long': 'x'.repeat(length) }));
    expect((await withHeader(7_800)).status).toBe(200);
    expect((await withHeader(9_000)).status).toBe(431);
    const long = await ask(server.port, request(server.port, `GET /${'x'.repeat(9_000)}`, bearer(server)));
    expect(long.status).toBe(431);
  });

  test('a body of 1 MiB is read before it is refused, one of 2 MB is 413', async () => {
    const server = await servers.start();
    const post = (length: number) =>
      ask(server.port, request(server.port, 'POST /api', toPost(server), 'x'.repeat(length)));
    expect((await post(1024 * 1024)).status).toBe(405);
    expect((await post(1024 * 1024 + 1)).status).toBe(413);
    expect((await post(2_000_000)).status).toBe(413);
  });

  test('a body that does not say its length is counted as it comes', async () => {
    const server = await servers.start();
    const head = request(server.port, 'POST /api', { ...toPost(server), 'Transfer-Encoding': 'chunked' });
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const post = (chunks: number) => ask(server.port, [head, ...Array<string>(chunks).fill(chunk), '0\r\n\r\n']);
    expect((await post(15)).status).toBe(405);
    expect((await post(40)).status).toBe(413);
  });

  test('strangers may not send more either, and a GET has no body to send', async () => {
    const server = await servers.start();
    const big = 'x'.repeat(2_000_000);
    expect(
      (await ask(server.port, request(server.port, 'POST /', { 'Content-Type': 'application/json' }, big))).status,
    ).toBe(413);
    expect((await ask(server.port, request(server.port, 'GET /', bearer(server), big))).status).toBe(413);
    expect((await ask(server.port, request(server.port, 'GET /', bearer(server), 'small'))).status).toBe(200);
  });

  test('who asks before it sends is told at once, and not told to go on', async () => {
    const server = await servers.start();
    const headers = { ...toPost(server), Expect: '100-continue', 'Content-Length': '900000' };
    const { text, status } = await ask(server.port, request(server.port, 'POST /api', headers));
    expect(status).toBe(405);
    expect(text).not.toContain('100 Continue');
  });
});

describe('A: ambiguity', () => {
  const bad = (server: RunningServer, text: string) => ask(server.port, text);

  test('a length and chunks at once are 400, and what hides behind is not answered', async () => {
    const server = await servers.start();
    const hidden = request(server.port, 'GET /', bearer(server));
    for (const [one, other] of [
      ['Content-Length: 3', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Content-Length: 3'],
      ['Content-Length: 3', 'Content-Length: 4'],
      ['Transfer-Encoding: chunked, identity', 'X: y'],
      ['Transfer-Encoding : chunked', 'X: y'],
    ]) {
      const head = `POST /api HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${server.token}\r\n`;
      const { status, text } = await bad(
        server,
        `${head}Content-Type: application/json\r\n${one}\r\n${other}\r\n\r\n0\r\n\r\n${hidden}`,
      );
      expect([one, other, status]).toEqual([one, other, 400]);
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
  });

  test.each([
    ['a TLS greeting', '\x16\x03\x01\x00\xa5\x01\x00'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a line feed in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\n\rEvil: 1\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n'],
    ['NUL', 'GET /\0 HTTP/1.1\r\n\r\n'],
    ['an unknown method', 'STEAL / HTTP/1.1\r\n\r\n'],
  ])('%s is 400', async (_, text) => {
    const server = await servers.start();
    expect((await bad(server, text)).status).toBe(400);
    expect(await getsIn(server)).toBe(true);
  });

  test('no request that was damaged lets a stranger in, and none ends the server', async () => {
    const server = await servers.start({ limits: { headersMs: 200, requestMs: 200, checkMs: 20 } });
    const whole = request(server.port, 'GET /api', {
      Cookie: `im_kitchenaaa_${server.port}=x`,
      Origin: `http://127.0.0.1:${server.port}`,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
      'Content-Length': '0',
    });
    const damage = fc.record({
      at: fc.nat(whole.length),
      cut: fc.nat(12),
      put: fc.string({ unit: 'binary', maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        let text = whole;
        for (const { at, cut, put } of damages) text = text.slice(0, at) + put + text.slice(at + cut);
        const { status } = await ask(server.port, `${text}\r\n\r\n`);
        expect([0, 400, 401, 403, 404, 408, 413, 415, 417, 421, 426, 429, 431]).toContain(status);
      }),
      { numRuns: 500, seed: 20_261_123 },
    );
    expect(server.pipes).toEqual([]);
    expect(await getsIn(server)).toBe(true);
  });

  test('a CONNECT is cut', async () => {
    const server = await servers.start();
    expect((await bad(server, request(server.port, 'CONNECT evil.example:443', bearer(server)))).status).toBe(0);
  });

  test('garbage behind a good request is cut and answers nothing twice', async () => {
    const server = await servers.start();
    const { socket, closed } = await stalling(server.port, request(server.port, 'GET /', bearer(server)));
    await once(socket, 'data');
    socket.write('garbage\r\n\r\n');
    expect((await closed).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
  });
});

describe('A: patience', () => {
  const limits = { headersMs: 150, requestMs: 300, keepAliveMs: 100, checkMs: 20, lingerMs: 100 };

  test.each([
    ['half a request', 'GET / HT'],
    ['headers without an end', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ])('%s is cut', async (_, bytes) => {
    const server = await servers.start({ limits });
    const { closed } = await stalling(server.port, bytes);
    expect(await closed).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('silence is cut, and not logged: browsers open sockets ahead', async () => {
    const server = await servers.start({ limits });
    const { closed } = await stalling(server.port);
    expect(await closed).toBe('');
    expect(server.log).toEqual([]);
  });

  test('a header that grows by a byte is cut', async () => {
    const server = await servers.start({ limits });
    const { socket, closed } = await stalling(server.port, 'GET / HTTP/1.1\r\nX: ');
    const drip = setInterval(() => socket.write('x'), 10);
    try {
      await closed;
    } finally {
      clearInterval(drip);
    }
  });

  test('a body that grows by a byte is cut', async () => {
    const server = await servers.start({ limits });
    const head = request(server.port, 'POST /api', { ...toPost(server), 'Content-Length': '1000' });
    const { socket, closed } = await stalling(server.port, head);
    const drip = setInterval(() => socket.write('x'), 10);
    try {
      await closed;
    } finally {
      clearInterval(drip);
    }
  });

  test('whoever goes on sending after the answer is cut', async () => {
    const server = await servers.start({ limits: { ...limits, requestMs: 60_000 } });
    const head = request(server.port, 'POST /api', { ...toPost(server), 'Content-Length': '900000000' });
    const { socket, closed } = await stalling(server.port, head);
    const flood = setInterval(() => socket.write(Buffer.alloc(65_536)), 5);
    try {
      expect(await closed).toMatch(/^HTTP\/1\.1 413 /);
    } finally {
      clearInterval(flood);
    }
  });

  test('whoever keeps its end open after a refusal is cut', async () => {
    const server = await servers.start({ limits });
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.resume();
    socket.write(request(server.port, 'GET /api', { Connection: 'Upgrade', Upgrade: 'websocket' }));
    await once(socket, 'end');
    const drip = setInterval(() => socket.write('x'), 10);
    try {
      await closed;
    } finally {
      clearInterval(drip);
    }
  });

  test('the usual limits end a silent socket within seconds', async () => {
    const server = await servers.start();
    const began = performance.now();
    const { closed } = await stalling(server.port, 'GET / HTTP/1.1\r\n');
    await closed;
    expect(performance.now() - began).toBeLessThan(8_000);
  });
});

describe('A: number', () => {
  test('of ten thousand sockets no more are kept than there are places, and later others get in', async () => {
    const socketsPerAddress = 32;
    const server = await servers.start({ limits: { socketsPerAddress, headersMs: 60_000, requestMs: 60_000 } });
    const open = new Set<object>();
    let cut = 0;
    const batch = 250;
    for (let opened = 0; opened < 10_000; opened += batch) {
      await Promise.all(
        Array.from({ length: batch }, async () => {
          const socket = connect({ port: server.port, host: '127.0.0.1' });
          socket.on('error', () => {});
          open.add(socket);
          socket.on('close', () => {
            open.delete(socket);
            cut++;
          });
          await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
        }),
      );
      await until('those without a place are cut', () => open.size <= socketsPerAddress);
    }
    expect(open.size).toBe(socketsPerAddress);
    expect(cut).toBe(10_000 - socketsPerAddress);
    for (const socket of open) (socket as ReturnType<typeof connect>).destroy();
    await until('all of ours are gone', () => open.size === 0);
    await expect.poll(() => getsIn(server)).toBe(true);
  });

  test('of pages 64 are served, the next is 503, and one that leaves makes room', async () => {
    const server = await servers.start();
    const dial = () => new WebSocket(`ws://127.0.0.1:${server.port}/api`, { headers: bearer(server) });
    const pages = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const page = dial();
        await once(page, 'open');
        return page;
      }),
    );
    const [error] = await once(dial(), 'error');
    expect(error.message).toBe('Unexpected server response: 503');
    expect(server.pipes).toHaveLength(64);
    pages[0]?.close();
    await expect
      .poll(async () => {
        const page = dial();
        return Promise.race([once(page, 'open').then(() => 'open'), once(page, 'error').then(() => 'refused')]).catch(
          () => 'refused',
        );
      })
      .toBe('open');
  });

  test('of wrong tokens a few are looked at; then not even the right one is, until time has passed', async () => {
    let now = 0;
    const server = await servers.start({ now: () => now });
    const cookie = await server.cookie();
    const tried = (token: string) => ask(server.port, request(server.port, `GET /?token=${token}`));
    const statuses: number[] = [];
    for (let i = 0; i < 100; i++) statuses.push((await tried(`wrong${i}`)).status);
    expect(statuses).toEqual([...Array<number>(20).fill(401), ...Array<number>(80).fill(429)]);

    const locked = await tried(server.token);
    expect([locked.status, locked.headers.get('retry-after'), locked.cookies]).toEqual([429, '5', []]);
    expect((await ask(server.port, request(server.port, 'GET /', bearer(server)))).status).toBe(429);
    expect((await ask(server.port, request(server.port, 'GET /', { Cookie: cookie }))).status).toBe(200);
    now += 999;
    expect((await tried(server.token)).status).toBe(429);
    now += 1;
    expect((await tried(server.token)).status).toBe(303);
    expect((await tried('wrong')).status).toBe(401);
    expect((await tried(server.token)).status).toBe(429);
    // However long nobody tried, no more are looked at in one go.
    now += 86_400_000;
    for (let i = 0; i < 20; i++) expect((await tried('wrong')).status).toBe(401);
    expect((await tried(server.token)).status).toBe(429);
  });

  test('of wrong cookies more are looked at, and those without any take nobody’s turn', async () => {
    let now = 0;
    const server = await servers.start({ now: () => now });
    const cookie = await server.cookie();
    const shown = async (Cookie: string | null) =>
      (await ask(server.port, request(server.port, 'GET /', { Cookie }))).status;
    for (let i = 0; i < 120; i++) expect(await shown(null)).toBe(401);
    for (let i = 0; i < 100; i++) expect(await shown(`${cookie}x`)).toBe(401);
    expect(await shown(cookie)).toBe(429);
    expect(await getsIn(server)).toBe(true);
    now += 100;
    expect(await shown(cookie)).toBe(200);
  });

  test('of refusals one of a kind is logged in a minute, and the next one says how many there were', async () => {
    let now = 0;
    const server = await servers.start({ now: () => now });
    const evil = () => ask(server.port, request(server.port, 'GET /', { Host: 'evil.example\u001b[2J' }));
    for (let i = 0; i < 5; i++) await evil();
    await ask(server.port, request(server.port, 'GET /', { Origin: 'https://evil.example' }));
    now += 60_000;
    await evil();
    expect(server.log).toEqual([
      expect.stringMatching(/^A request to the dashboard was refused: it /),
      'A request to the dashboard was refused: it came from a page of https://evil.example',
      expect.stringMatching(/\(and 4 more like it, not logged\)$/),
    ]);
    for (const line of server.log) expect(line).not.toContain('\u001b');
  });

  test('nothing that is logged has a credential in it', async () => {
    const server = await servers.start();
    const cookie = await server.cookie();
    await ask(server.port, request(server.port, `GET /?token=${server.token}`, { Origin: 'null', Cookie: cookie }));
    await ask(server.port, request(server.port, `GET /?token=${server.token}<`));
    await ask(
      server.port,
      request(server.port, `GET /nowhere?token=${server.token}`, {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        ...bearer(server),
      }),
    );
    expect(server.log.length).toBeGreaterThan(1);
    expect(server.log.join()).not.toContain(server.token.slice(0, 12));
    expect(server.log.join()).not.toContain(cookie.split('=')[1]);
  });
});
