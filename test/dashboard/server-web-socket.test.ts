import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { InterMachineError } from '../../shared/errors.ts';
import type { Pipe } from '../../shared/pipe.ts';
import { connect, serve } from '../../shared/rpc.ts';
import { ask, request, stalling } from '../support/dashboard/raw-client.ts';
import { type RunningServer, Servers } from '../support/dashboard/servers.ts';
import { until } from '../support/transport/until.ts';

const servers = new Servers();
const pages: WebSocket[] = [];
afterEach(async () => {
  for (const page of pages.splice(0)) page.terminate();
  await servers.end();
});

async function open({ port, token }: RunningServer): Promise<WebSocket> {
  const page = new WebSocket(`ws://127.0.0.1:${port}/api`, { headers: { Authorization: `Bearer ${token}` } });
  pages.push(page);
  page.on('error', () => {});
  await once(page, 'open');
  return page;
}

/** As a page has it: the other end of the pipe. */
function pipeOf(page: WebSocket): Pipe {
  return {
    send: (message) => page.send(JSON.stringify(message)),
    onMessage: (read) => page.on('message', (data) => read(JSON.parse(data.toString()))),
    onClose: (told) => page.on('close', told),
    close: () => page.close(),
  };
}

const closeOf = async (page: WebSocket): Promise<number> => (await once(page, 'close'))[0];

interface Calls {
  double(input: { readonly n: number }): number;
  fail(input: Record<string, never>): never;
}
interface Streams {
  count(input: Record<string, never>): number;
}

/** Counts as fast as it is read. */
function counter() {
  let n = 0;
  const state = { stopped: false };
  const source = {
    next: async () => (state.stopped ? undefined : ++n),
    stop() {
      state.stopped = true;
    },
  };
  return { source, state };
}

test('calls, errors and streams go both ways, and a page that leaves ends its streams', async () => {
  const { source, state } = counter();
  const server = await servers.start({
    accept: (pipe) =>
      serve<Calls, Streams>(
        pipe,
        {
          double: (input) => (input as { n: number }).n * 2,
          fail: () => {
            throw new InterMachineError('PEER_OFFLINE', 'The peer "<b>kitchen</b>" is away');
          },
        },
        { count: () => source },
      ),
  });
  const page = await open(server);
  const client = connect<Calls, Streams>(pipeOf(page), { setTimeout, clearTimeout });
  expect(await client.call('double', { n: 21 })).toBe(42);
  await expect(client.call('fail', {})).rejects.toMatchObject({
    code: 'PEER_OFFLINE',
    message: 'The peer "<b>kitchen</b>" is away',
  });
  const seen: number[] = [];
  for await (const n of client.stream('count', {})) {
    seen.push(n);
    if (n === 1_000) page.close();
    if (n >= 1_000) break;
  }
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  await until('the stream is stopped', () => state.stopped);
});

test('what a page sends with its very first packet is read', async () => {
  const read: unknown[] = [];
  const server = await servers.start({ accept: (pipe) => pipe.onMessage((message) => read.push(message)) });
  const upgrade = request(server.port, 'GET /api', {
    Authorization: `Bearer ${server.token}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
  });
  // A text frame with "1", masked with zeros.
  const { socket } = await stalling(server.port, `${upgrade}\x81\x81\0\0\0\x001`);
  await until('it was read', () => read.length === 1);
  expect(read).toEqual([1]);
  socket.destroy();
});

test('any JSON goes through as it is', async () => {
  const server = await servers.start({ accept: (pipe) => pipe.onMessage((message) => pipe.send(message)) });
  const page = await open(server);
  for (const text of ['null', '0', '""', '[]', '{"__proto__":1,"text":"\u202e<script>\\u0000\u{1f600}"}']) {
    page.send(text);
    const [echo] = await once(page, 'message');
    expect(JSON.parse(echo.toString())).toEqual(JSON.parse(text));
  }
});

describe('a page is closed', () => {
  test.each([
    ['1007 for what is not JSON', 'not JSON', 1007],
    ['1007 for nothing', '', 1007],
    ['1007 for half of something', '{"kind":', 1007],
    ['1003 for binary', Buffer.from('{}'), 1003],
    ['1009 for more than 256 KiB', `"${'x'.repeat(256 * 1024)}"`, 1009],
  ])('with %s', async (_, message, code) => {
    const read: unknown[] = [];
    const server = await servers.start({ accept: (pipe) => pipe.onMessage((one) => read.push(one)) });
    const page = await open(server);
    page.send(message);
    page.send('"too late"');
    expect(await closeOf(page)).toBe(code);
    expect(read).toEqual([]);
  });

  test('with 1007 for text that is not UTF-8, with 1002 for a frame that is not masked', async () => {
    const server = await servers.start();
    const page = await open(server);
    page.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false });
    expect(await closeOf(page)).toBe(1007);
    const bare = await open(server);
    bare.send('{}', { mask: false });
    expect(await closeOf(bare)).toBe(1002);
  });

  test('with 1008 for a message in thousands of pieces', async () => {
    const server = await servers.start();
    const page = await open(server);
    for (let piece = 0; piece < 2_000; piece++) page.send('1', { fin: false });
    expect(await closeOf(page)).toBe(1008);
  });

  test('with 1011 when the node fails to take it, and the log says why', async () => {
    const server = await servers.start({
      accept: () => {
        throw new Error('no disk');
      },
    });
    const page = await open(server);
    expect(await closeOf(page)).toBe(1011);
    expect(server.log).toEqual(['The dashboard failed to serve a page: no disk']);
  });

  test('with 1000 by its pipe, which is told', async () => {
    const server = await servers.start();
    const page = await open(server);
    const [pipe] = server.pipes;
    const told = new Promise<void>((resolve) => pipe?.onClose(resolve));
    pipe?.close();
    expect(await closeOf(page)).toBe(1000);
    await told;
    pipe?.send({ into: 'the void' });
    pipe?.close();
  });
});

describe('a page is cut', () => {
  test('when more than 4 MiB wait for it', async () => {
    const server = await servers.start();
    const page = await open(server);
    page.pause();
    const [pipe] = server.pipes;
    let isClosed = false;
    pipe?.onClose(() => {
      isClosed = true;
    });
    let sent = 0;
    while (!isClosed && sent < 200) {
      pipe?.send('x'.repeat(200_000));
      sent++;
      await new Promise(setImmediate);
    }
    expect(isClosed).toBe(true);
    // The system's own buffers take some before ours fill.
    expect(sent).toBeGreaterThan(20);
  });

  test('not when 4 MiB went through it', async () => {
    const server = await servers.start();
    const page = await open(server);
    let read = 0;
    page.on('message', () => read++);
    for (let sent = 0; sent < 100; sent++) {
      server.pipes[0]?.send('x'.repeat(200_000));
      await until('it was read', () => read === sent + 1);
    }
    expect(page.readyState).toBe(WebSocket.OPEN);
  });

  test('when it pings and does not read', async () => {
    const server = await servers.start();
    const page = await open(server);
    let isClosed = false;
    server.pipes[0]?.onClose(() => {
      isClosed = true;
    });
    page.pause();
    const payload = Buffer.alloc(125);
    const flood = setInterval(() => {
      for (let ping = 0; ping < 2_000 && page.readyState === WebSocket.OPEN; ping++) page.ping(payload);
    }, 1);
    try {
      await until('it is cut', () => isClosed, 20_000);
    } finally {
      clearInterval(flood);
    }
  });

  test('when it has been silent for two pings, but not while it answers them', async () => {
    const server = await servers.start({ limits: { pingMs: 50, silenceMs: 100 } });
    const silent = new WebSocket(`ws://127.0.0.1:${server.port}/api`, {
      headers: { Authorization: `Bearer ${server.token}` },
      autoPong: false,
    });
    pages.push(silent);
    await once(silent, 'open');
    const lively = await open(server);
    let pings = 0;
    lively.on('ping', () => pings++);
    expect(await closeOf(silent)).toBe(1006);
    await until('five pings were answered', () => pings >= 5);
    expect(lively.readyState).toBe(WebSocket.OPEN);
  });
});

test('a page that is cut in the middle leaves the others and the server alone', async () => {
  const server = await servers.start({ accept: (pipe) => pipe.onMessage((message) => pipe.send(message)) });
  const [cut, stays] = [await open(server), await open(server)];
  cut.send('1');
  cut.terminate();
  stays.send('2');
  expect((await once(stays, 'message'))[0].toString()).toBe('2');
  expect((await ask(server.port, request(server.port, 'GET /'))).status).toBe(401);
});
