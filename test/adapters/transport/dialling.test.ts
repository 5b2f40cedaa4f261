import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { nodeIdOf } from '../../../main/adapters/identity/certificate.ts';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { WebSocketTransport } from '../../../main/adapters/transport/websocket.ts';
import type { Endpoint } from '../../../main/core/ports.ts';
import { type LoopbackNode, loopbackNode } from '../../support/transport/nodes.ts';
import { closeOf, framesOf, Recorder } from '../../support/transport/recorder.ts';
import { tcpRelay } from '../../support/transport/tcp-relay.ts';
import { until } from '../../support/transport/until.ts';

const started: LoopbackNode[] = [];
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  await Promise.all(started.splice(0).map(({ transport }) => transport.stop()));
});

function newNode(...options: Parameters<typeof loopbackNode>): LoopbackNode {
  const node = loopbackNode(...options);
  started.push(node);
  return node;
}

async function listening(...options: Parameters<typeof loopbackNode>) {
  const node = newNode(...options);
  const heard = new Recorder();
  const { port } = await node.transport.listen(heard.accept);
  return { ...node, heard, port, endpoint: { host: '127.0.0.1', port } };
}

/** Takes TCP, and then does whatever it is told to, by default nothing for ever. */
async function otherServer(then: (socket: Socket) => void = () => {}) {
  const arrivals: number[] = [];
  const server = createServer((socket) => {
    arrivals.push(performance.now());
    sockets.push(socket);
    socket.on('error', () => {});
    then(socket);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  const endpoint: Endpoint = { host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
  return { endpoint, arrivals };
}

test('an endpoint that takes TCP and is silent holds the next one up by 750 ms and no longer', async () => {
  const kitchen = await listening();
  const silent = [await otherServer(), await otherServer()];
  const said = new Recorder();
  const dialledAt = performance.now();
  await newNode().transport.dial(
    { node: kitchen.id, endpoints: [...silent.map(({ endpoint }) => endpoint), kitchen.endpoint] },
    said.accept,
  );
  const took = performance.now() - dialledAt;
  expect(took).toBeGreaterThanOrEqual(1_450);
  expect(took).toBeLessThan(2_900);
  expect(said.lines).toHaveLength(1);
  const [first = 0, second = 0] = silent.map(({ arrivals }) => arrivals[0] ?? 0);
  expect(second - first).toBeGreaterThan(700);
});

test('the endpoints that lost are dropped', async () => {
  const kitchen = await listening();
  let isDropped = false;
  const silent = await otherServer((socket) => {
    socket.resume();
    socket.on('close', () => {
      isDropped = true;
    });
  });
  await newNode().transport.dial(
    { node: kitchen.id, endpoints: [silent.endpoint, kitchen.endpoint] },
    new Recorder().accept,
  );
  await until('the loser is dropped', () => isDropped);
});

test('several addresses of one node give one line, and the node sees one', async () => {
  const kitchen = await listening({ host: '0.0.0.0' });
  const said = new Recorder();
  const cellar = newNode();
  for (let round = 0; round < 5; round++) {
    await cellar.transport.dial(
      {
        node: kitchen.id,
        endpoints: ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'].map((host) => ({ host, port: kitchen.port })),
      },
      said.accept,
    );
    await kitchen.heard.line(round);
    expect([said.lines.length, kitchen.heard.lines.length]).toEqual([round + 1, round + 1]);
  }
});

test('a slow address whose line is half open and a quick one still give one line at the node', async () => {
  const kitchen = await listening();
  // TLS is done after 170 ms and the answer there after 340; the quick one waits so long, as TCP got through at once.
  const slow = await tcpRelay(kitchen.port, 85);
  const said = new Recorder();
  try {
    await newNode().transport.dial(
      { node: kitchen.id, endpoints: [{ host: '127.0.0.1', port: slow.port }, kitchen.endpoint] },
      said.accept,
    );
    const line = await kitchen.heard.line();
    const openedAt = performance.now();
    (await said.line()).connection.send('the only one');
    await framesOf(line, 1);
    // Whatever the slow one still had under way has arrived by then.
    await until('the wire is empty', () => performance.now() - openedAt > 200);
    expect([said.lines.length, kitchen.heard.lines.length]).toEqual([1, 1]);
  } finally {
    slow.close();
  }
});

test('the error names every endpoint with its reason in words', async () => {
  const other = await listening();
  const garbage = await otherServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  const hangsUp = await otherServer((socket) => socket.destroy());
  const kitchen = loopbackNode();
  const failure = newNode().transport.dial(
    {
      node: kitchen.id,
      endpoints: [{ host: '127.0.0.1', port: 1 }, garbage.endpoint, hangsUp.endpoint, other.endpoint],
    },
    new Recorder().accept,
  );
  await expect(failure).rejects.toMatchObject({ code: 'DIAL_FAILED' });
  const { message } = await failure.catch((thrown) => thrown);
  expect(message).toContain(`Node ${kitchen.id} could not be reached`);
  expect(message).toContain('127.0.0.1:1: refused, nothing listens there');
  expect(message).toContain(`127.0.0.1:${garbage.endpoint.port}: it does not speak TLS`);
  expect(message).toMatch(new RegExp(`127.0.0.1:${hangsUp.endpoint.port}: it hung up`));
  expect(message).toContain(`127.0.0.1:${other.port}: it is another node, ${other.id}`);
});

test('four endpoints are tried at most, each once, and the error says how many were left out', async () => {
  const endpoints = Array.from({ length: 7 }, (_, index) => ({ host: '127.0.0.1', port: index + 1 }));
  const failure: Error = await newNode()
    .transport.dial({ endpoints: [...endpoints, ...endpoints] }, new Recorder().accept)
    .catch((thrown) => thrown);
  expect(failure.message.match(/refused/g)).toHaveLength(4);
  expect(failure.message).toContain('10 more not tried');
});

test.each([
  ['a name that nobody has', { host: 'nobody.invalid', port: 4000 }],
  ['a port that cannot be', { host: '127.0.0.1', port: 70_000 }],
  ['a link-local address without its interface', { host: 'fe80::1', port: 4000 }],
  ['a link-local address on an interface that is not there', { host: 'fe80::1%nowhere0', port: 4000 }],
  ['an empty name', { host: '', port: 1 }],
  ['a name with a NUL', { host: 'a\u0000b', port: 4000 }],
])('%s fails the dial and nothing else', async (_, endpoint) => {
  const failure = newNode({ dialTimeoutMs: 1_500 }).transport.dial({ endpoints: [endpoint] }, new Recorder().accept);
  await expect(failure).rejects.toMatchObject({ code: 'DIAL_FAILED' });
});

test('a name is looked up by the system', async () => {
  const kitchen = await listening();
  const said = new Recorder();
  const endpoint = { host: 'localhost', port: kitchen.port };
  await newNode().transport.dial({ node: kitchen.id, endpoints: [endpoint] }, said.accept);
  expect((await said.line()).connection.remote).toEqual(endpoint);
});

test('beyond the limit of connections nobody is let in and nobody is dialled, until one ends', async () => {
  const kitchen = await listening({ maxConnections: 2 });
  const cellar = newNode();
  const said = new Recorder();
  const target = { node: kitchen.id, endpoints: [kitchen.endpoint] };
  await cellar.transport.dial(target, said.accept);
  await cellar.transport.dial(target, said.accept);
  await expect(cellar.transport.dial(target, said.accept)).rejects.toMatchObject({
    code: 'DIAL_FAILED',
    message: expect.stringContaining('all places there are taken'),
  });
  expect(kitchen.logged).toEqual([expect.stringContaining('all places were taken')]);
  const other = await listening();
  await expect(
    kitchen.transport.dial({ node: other.id, endpoints: [other.endpoint] }, said.accept),
  ).rejects.toMatchObject({ code: 'DIAL_FAILED', message: expect.stringContaining('All 2 connections') });
  (await said.line(0)).connection.close(4001, 'duplicate');
  await closeOf(await kitchen.heard.line(0));
  await cellar.transport.dial(target, said.accept);
  const line = await kitchen.heard.line(2);
  (await said.line(2)).connection.send('there is room again');
  expect(await framesOf(line, 1)).toEqual(['there is room again']);
});

test('an accept that throws closes its line, at either end, and nothing else', async () => {
  const kitchen = await listening();
  const cellar = newNode();
  const target = { node: kitchen.id, endpoints: [kitchen.endpoint] };
  const said = new Recorder();
  await cellar.transport.dial(target, said.accept);
  const failing = cellar.transport.dial(target, () => {
    throw new Error('no reader today');
  });
  await expect(failing).rejects.toMatchObject({ message: expect.stringContaining('no reader today') });
  expect((await closeOf(await kitchen.heard.line(1))).code).toBe(1011);

  const broken = newNode();
  const { port } = await broken.transport.listen(() => {
    throw new Error('no reader here either');
  });
  await cellar.transport.dial({ node: broken.id, endpoints: [{ host: '127.0.0.1', port }] }, said.accept);
  expect((await closeOf(await said.line(1))).code).toBe(1011);
  expect(broken.logged).toEqual([expect.stringContaining('no reader here either')]);
  (await said.line(0)).connection.send('not disturbed');
  expect(await framesOf(await kitchen.heard.line(0), 1)).toEqual(['not disturbed']);
});

test('stopping gives up what is being dialled at once', async () => {
  const cellar = newNode();
  const silent = await otherServer();
  const failure = cellar.transport.dial({ endpoints: [silent.endpoint] }, new Recorder().accept);
  const refused = expect(failure).rejects.toMatchObject({
    code: 'DIAL_FAILED',
    message: expect.stringContaining('this node stops'),
  });
  await until('it is being dialled', () => silent.arrivals.length > 0);
  await cellar.transport.stop();
  await refused;
});

test('another node with the same identity is told from this node itself, at either end', async () => {
  const kitchen = await listening();
  const copy = await listening({ port: 0 }, kitchen);
  const relay = await tcpRelay(kitchen.port);
  const endpoint = { host: '127.0.0.1', port: relay.port };
  const said = new Recorder();
  await expect(kitchen.transport.dial({ endpoints: [endpoint] }, said.accept)).rejects.toMatchObject({
    code: 'DIALLED_SELF',
  });
  await expect(
    kitchen.transport.dial({ node: kitchen.id, endpoints: [endpoint, copy.endpoint] }, said.accept),
  ).rejects.toMatchObject({ code: 'IDENTITY_COPIED', message: expect.stringContaining(`127.0.0.1:${copy.port}`) });
  await until('the copy learns of it too', () => copy.logged.some((line) => line.includes('identity of this node')));
  expect(kitchen.logged).toEqual([]);
  expect([said.lines, kitchen.heard.lines, copy.heard.lines]).toEqual([[], [], []]);
  relay.close();
});

test.each([
  ['192.168.1.7', true],
  ['10.0.0.1', true],
  ['8.8.8.8', true],
  ['fd00::1', true],
  ['2001:db8::1', true],
  ['127.0.0.1', false],
  ['127.9.9.9', false],
  ['::1', false],
  ['0.0.0.0', false],
  ['0.1.2.3', false],
  ['::', false],
  ['224.0.0.251', false],
  ['239.255.77.1', false],
  ['255.255.255.255', false],
  ['ff02::fb', false],
  ['fe80::1', false],
  ['fe80::1%eth0', false],
  ['::ffff:192.168.1.7', false],
  ['kitchen.local', false],
  ['192.168.1', false],
  ['', false],
])('M4: of an address that a peer told, %s, it is known whether it may be dialled', (host, may) => {
  const open = new WebSocketTransport({ ...createKeyMaterial(), nodeIdOf, log: () => {} });
  expect(open.mayDial(host)).toBe(may);
  const onLoopback = newNode().transport;
  expect(onLoopback.mayDial(host)).toBe(host.startsWith('127.') || host === '::1');
});
