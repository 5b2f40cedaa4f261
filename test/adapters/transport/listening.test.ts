import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { type LoopbackNode, loopbackNode } from '../../support/transport/nodes.ts';
import { plainPeer, tlsPeer, webSocketPeer } from '../../support/transport/raw-peer.ts';
import { closeOf, framesOf, Recorder } from '../../support/transport/recorder.ts';
import { recordsIn, tcpRelay } from '../../support/transport/tcp-relay.ts';
import { until } from '../../support/transport/until.ts';

const run = promisify(execFile);
const started: LoopbackNode[] = [];

afterEach(() => Promise.all(started.splice(0).map(({ transport }) => transport.stop())));

function newNode(...options: Parameters<typeof loopbackNode>): LoopbackNode {
  const node = loopbackNode(...options);
  started.push(node);
  return node;
}

const accept = new Recorder().accept;

test('a port that is taken is PORT_IN_USE, and the sentence names it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  try {
    await expect(newNode({ port }).transport.listen(accept)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`Port ${port} on 127.0.0.1 is taken`),
    });
  } finally {
    taken.close();
  }
});

test('two nodes that want the same port: the second one is told', async () => {
  const { port } = await newNode().transport.listen(accept);
  await expect(newNode({ port }).transport.listen(accept)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
});

test('an address that is not ours is PORT_UNUSABLE', async () => {
  await expect(newNode({ host: '192.0.2.1' }).transport.listen(accept)).rejects.toMatchObject({
    code: 'PORT_UNUSABLE',
    message: expect.stringContaining('does not have that address'),
  });
});

test('a number that is no port is PORT_UNUSABLE', async () => {
  await expect(newNode({ port: 70_000 }).transport.listen(accept)).rejects.toMatchObject({ code: 'PORT_UNUSABLE' });
});

test('a port is free again once its transport has stopped', async () => {
  const first = newNode();
  const { port } = await first.transport.listen(accept);
  await first.transport.stop();
  expect(await newNode({ port }).transport.listen(accept)).toEqual({ port });
});

test('a transport listens once', async () => {
  const node = newNode();
  await node.transport.listen(accept);
  await expect(node.transport.listen(accept)).rejects.toThrow('listens once');
});

test('without a host it listens on every address, IPv6 and IPv4, and writes IPv4 as IPv4', async () => {
  const kitchen = newNode({ everywhere: true });
  const heard = new Recorder();
  const { port } = await kitchen.transport.listen(heard.accept);
  const said = new Recorder();
  for (const host of ['127.0.0.1', '::1']) {
    await newNode().transport.dial({ node: kitchen.id, endpoints: [{ host, port }] }, said.accept);
  }
  await heard.line(1);
  expect(heard.lines.map(({ connection }) => connection.remote.host)).toEqual(['127.0.0.1', '::1']);
});

test('a stop during the start ends both', async () => {
  const node = newNode();
  const listening = node.transport.listen(accept).catch((thrown) => thrown);
  await node.transport.stop();
  await listening;
});

test('stopping takes less than a second whatever the peers do, and leaves no socket behind', async () => {
  const node = newNode();
  const heard = new Recorder();
  const { port } = await node.transport.listen(heard.accept);
  const silent = await webSocketPeer(port, createKeyMaterial());
  const greeting = await tlsPeer(port, createKeyMaterial());
  const arriving = await plainPeer(port);
  const deaf = await webSocketPeer(port, createKeyMaterial());
  deaf.socket.pause();
  const line = await heard.line(1);
  for (let frame = 0; frame < 40; frame++) line.connection.send('x'.repeat(500_000));

  const stoppedAt = performance.now();
  await node.transport.stop();
  expect(performance.now() - stoppedAt).toBeLessThan(1_300);
  for (const { closes } of heard.lines) expect(closes).toEqual([{ code: 4000, reason: 'leaving' }]);
  deaf.socket.resume();
  await Promise.all([silent, greeting, arriving, deaf].map((peer) => peer.closed()));
});

test('frames of one turn leave in one TLS record, however idle the line was', async () => {
  const kitchen = newNode();
  const heard = new Recorder();
  const { port } = await kitchen.transport.listen(heard.accept);
  const relay = await tcpRelay(port);
  const records = () => recordsIn(Buffer.concat(relay.answers));
  try {
    const said = new Recorder();
    await newNode().transport.dial({ endpoints: [{ host: '127.0.0.1', port: relay.port }] }, said.accept);
    const { connection } = await heard.line();
    const line = await said.line();
    connection.send('first');
    await framesOf(line, 1);
    await until('the line is idle', () => connection.bufferedBytes === 0);
    const before = records();
    for (let frame = 0; frame < 50; frame++) connection.send(`frame ${frame}`);
    await framesOf(line, 51);
    expect(records()).toBe(before + 1);
  } finally {
    relay.close();
  }
});

const isRoot = process.getuid?.() === 0;

test.skipIf(!isRoot || process.platform !== 'linux')(
  'where IPv6 is switched off it falls back to IPv4 [needs root on Linux, for a network namespace of its own]',
  async () => {
    const script = fileURLToPath(new URL('../../support/transport/listen-without-ipv6.ts', import.meta.url));
    const { stdout } = await run('unshare', [
      '-n',
      'sh',
      '-c',
      `ip link set lo up; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; exec '${process.execPath}' '${script}'`,
    ]);
    expect(stdout).toBe('127.0.0.1');
  },
);

test.skipIf(!isRoot || process.platform !== 'linux')(
  'a link-local IPv6 address with its interface can be dialled [needs root on Linux, for a network namespace of its own]',
  async () => {
    const script = fileURLToPath(new URL('../../support/transport/dial-link-local.ts', import.meta.url));
    const { stdout } = await run('unshare', [
      '-n',
      'sh',
      '-c',
      `ip link set lo up; ip addr add fe80::7/64 dev lo nodad; exec '${process.execPath}' '${script}'`,
    ]);
    expect(stdout).toBe('fe80::7%lo fe80::7%lo');
  },
);

test('too many open files do not end the process: who is connected stays, and others get in later', async () => {
  const script = fileURLToPath(new URL('../../support/transport/run-out-of-files.ts', import.meta.url));
  const { stdout } = await run('sh', ['-c', `ulimit -n 64; exec '${process.execPath}' '${script}'`]);
  expect(stdout).toBe('stayed, and let another in');
});

test('a line between two processes ends with 1006 when one is killed', async () => {
  const script = fileURLToPath(new URL('../../support/transport/dial-and-wait.ts', import.meta.url));
  const kitchen = newNode();
  const heard = new Recorder();
  const { port } = await kitchen.transport.listen(heard.accept);
  const child = execFile(process.execPath, [script, String(port)]);
  const line = await heard.line();
  expect(await framesOf(line, 1)).toEqual(['here']);
  child.kill('SIGKILL');
  expect((await closeOf(line)).code).toBe(1006);
});
