import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { symlink, unlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { DashboardServer } from '../../main/dashboard/server.ts';
import { nodeId } from '../../shared/ids.ts';
import { ask, request, stalling } from '../support/dashboard/raw-client.ts';
import { build, HASHED, newToken, PAGE, type RunningServer, Servers } from '../support/dashboard/servers.ts';

const run = promisify(execFile);
const servers = new Servers();
afterEach(() => servers.end());

const get = ({ port, token }: RunningServer, path: string, host = '127.0.0.1') =>
  ask(port, request(port, `GET ${path}`, { Authorization: `Bearer ${token}` }), host);

async function taken(port: number, host: string): Promise<number> {
  const other: Server = createServer().listen(port, host);
  await once(other, 'listening');
  servers.also(async () => other.close());
  const address = other.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('the URL that it gives lets in whoever opens it', async () => {
  const token = 'has/characters+that%need&care=in?a#URL';
  const { server, port } = await servers.start({ token });
  expect(server.url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/\\?token=`));
  const { pathname, search } = new URL(server.url);
  expect((await ask(port, request(port, `GET ${pathname}${search}`))).status).toBe(303);
});

test('it answers on 127.0.0.1 and on ::1, on one port, and nowhere else', async () => {
  const server = await servers.start();
  expect((await get(server, '/')).status).toBe(200);
  expect((await get(server, '/', '::1')).status).toBe(200);
  expect((await get(server, '/', '127.0.0.2')).status).toBe(0);
});

test('on one address alone where one is named', async () => {
  const server = await servers.start({ host: '::1' });
  expect(server.server.url).toMatch(/^http:\/\/\[::1\]:/);
  expect((await get(server, '/', '::1')).status).toBe(200);
  expect((await get(server, '/', '127.0.0.1')).status).toBe(0);
});

test.each(['127.0.0.1', '::1'])(
  'a port that is taken on %s is PORT_IN_USE, and the sentence names it',
  async (host) => {
    const port = await taken(0, host);
    await expect(servers.start({ port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `Port ${port} on ${host}, for the dashboard, is taken by another program. Choose another port, or 0 for any free one.`,
    });
    // And the other address is free again.
    await expect(taken(port, host === '::1' ? '127.0.0.1' : '::1')).resolves.toBe(port);
  },
);

test('a number that is no port is PORT_UNUSABLE', async () => {
  await expect(servers.start({ port: 70_000 })).rejects.toMatchObject({
    code: 'PORT_UNUSABLE',
    message: expect.stringContaining('ports go from 0'),
  });
});

test.each(['', 'secret', 'x'.repeat(31)])(
  'the token "%s" is CONFIG_INVALID, and the port is free again',
  async (token) => {
    const port = await taken(0, '127.0.0.1');
    await servers.end();
    await expect(servers.start({ token, port })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(servers.start({ port })).resolves.toMatchObject({ port });
  },
);

test('listening twice is listening once', async () => {
  const { server, port } = await servers.start();
  expect(await server.listen()).toEqual({ port });
});

test('a server that starts again on its port with its token knows its pages, with another token it does not', async () => {
  const token = newToken();
  const first = await servers.start({ token });
  const { port } = first;
  const cookie = await first.cookie();
  const shown = async () => (await ask(port, request(port, 'GET /', { Cookie: cookie }))).status;
  expect(await shown()).toBe(200);
  await first.server.stop();
  expect((await ask(port, request(port, 'GET /', { Cookie: cookie }))).status).toBe(0);
  const second = await servers.start({ token, port });
  expect(await shown()).toBe(200);
  await second.server.stop();
  await servers.start({ token: newToken(), port });
  expect(await shown()).toBe(401);
});

test('stopping takes less than a second whatever the clients do, and leaves no socket behind', async () => {
  const server = await servers.start();
  const headers = { Authorization: `Bearer ${server.token}` };
  const page = new WebSocket(`ws://127.0.0.1:${server.port}/api`, { headers });
  await once(page, 'open');
  const closed = once(page, 'close');
  const deaf = new WebSocket(`ws://127.0.0.1:${server.port}/api`, { headers });
  await once(deaf, 'open');
  deaf.pause();
  const silent = await stalling(server.port);
  const half = await stalling(server.port, 'GET / HTTP/1.1\r\n');
  const idle = await stalling(server.port, request(server.port, 'GET /', headers));
  await once(idle.socket, 'data');

  const began = performance.now();
  await Promise.all([server.server.stop(), server.server.stop()]);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect((await closed)[0]).toBe(1001);
  await Promise.all([silent.closed, half.closed, idle.closed]);
  await server.server.stop();
  deaf.terminate();
});

test('stopping before or during the start ends both', async () => {
  const port = await taken(0, '127.0.0.1');
  await servers.end();
  const options = {
    port,
    token: newToken(),
    node: nodeId('kitchen'.padEnd(52, 'a')),
    filesDirectory: '/nowhere',
    accept: () => {},
    log: () => {},
  };
  const never = new DashboardServer(options);
  await never.stop();
  await expect(never.listen()).rejects.toMatchObject({ code: 'NODE_STOPPED' });
  const during = new DashboardServer(options);
  const listening = during.listen();
  const stopped = during.stop();
  await expect(listening).rejects.toMatchObject({ code: 'NODE_STOPPED' });
  await stopped;
  await expect(taken(port, '127.0.0.1')).resolves.toBe(port);
});

test('each file is what its name says, and only what has a hash in its name may be kept', async () => {
  const server = await servers.start();
  const seen = async (path: string) => {
    const { status, headers, body } = await get(server, path);
    return [status, headers.get('content-type'), headers.get('cache-control'), body];
  };
  expect(await seen('/')).toEqual([200, 'text/html; charset=utf-8', 'no-store', PAGE['/index.html']]);
  expect(await seen('/logo.svg')).toEqual([200, 'image/svg+xml', 'no-store', PAGE['/logo.svg']]);
  expect(await seen(HASHED)).toEqual([
    200,
    'text/javascript; charset=utf-8',
    'private, max-age=31536000, immutable',
    PAGE[HASHED],
  ]);
});

test('files of other kinds, and symbolic links to anywhere, are not served', async () => {
  const directory = await servers.directory({ ...PAGE, '/secret.pem': 'key', '/.env': 'X=1', '/plain': 'x' });
  await symlink('/etc/hostname', join(directory, 'link.txt'));
  await symlink('/etc', join(directory, 'etc'));
  const server = await servers.start({ filesDirectory: directory });
  for (const path of ['/secret.pem', '/.env', '/plain', '/link.txt', '/etc/hostname'])
    expect([path, (await get(server, path)).status]).toEqual([path, 404]);
});

test('what is in a file changes nothing that is served once it was', async () => {
  const server = await servers.start();
  await get(server, '/');
  await unlink(join(server.directory, 'logo.svg'));
  await build(server.directory, { '/index.html': 'changed', '/new.txt': 'new' });
  expect((await get(server, '/')).body).toBe(PAGE['/index.html']);
  expect((await get(server, '/logo.svg')).status).toBe(200);
  expect((await get(server, '/new.txt')).status).toBe(404);
});

test('before the page is built it says so to those who may know, and finds it when it is', async () => {
  const server = await servers.start({ page: {} });
  const notBuilt = await get(server, '/');
  expect(notBuilt.status).toBe(503);
  expect(notBuilt.body).toBe("The dashboard's page is not built yet: run `npm run build`, then reload.\n");
  expect((await ask(server.port, request(server.port, 'GET /'))).status).toBe(401);
  // Half of it is none.
  await build(server.directory, { '/index.html': PAGE['/index.html'] });
  expect((await get(server, '/')).status).toBe(503);
  await build(server.directory, PAGE);
  expect((await get(server, '/')).status).toBe(200);
  expect((await get(server, HASHED)).status).toBe(200);
});

test('a directory that is missing, or is a file, is a page that is not built', async () => {
  const directory = await servers.directory({ '/file': 'x' });
  for (const missing of [join(directory, 'missing'), join(directory, 'file')])
    expect((await get(await servers.start({ filesDirectory: missing }), '/')).status).toBe(503);
});

const isRoot = process.getuid?.() === 0;

test.skipIf(!isRoot || process.platform !== 'linux')(
  'where IPv6 is switched off it answers on IPv4 alone [needs root on Linux, for a network namespace of its own]',
  async () => {
    const script = fileURLToPath(new URL('../support/dashboard/answer-without-ipv6.ts', import.meta.url));
    const { stdout } = await run('unshare', [
      '-n',
      'sh',
      '-c',
      `ip link set lo up; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; exec '${process.execPath}' '${script}'`,
    ]);
    expect(stdout).toBe('127.0.0.1 answers 200, ::1 answers 0');
  },
);
