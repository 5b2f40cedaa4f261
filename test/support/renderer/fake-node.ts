import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Calls, Streams } from '../../../shared/api.ts';
import type { Pipe } from '../../../shared/pipe.ts';
import { type CallHandlers, type StreamHandlers, serve } from '../../../shared/rpc.ts';
import { fakeCalls, fakeStreams } from './fake-api.ts';
import type { FakeWorld } from './fake-world.ts';

/** As the product's server sends it, so that a page that breaks it is seen at once. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const FILES = fileURLToPath(new URL('../../../out/renderer', import.meta.url));

export interface FakeNode extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** How often a page opened the link. */
  readonly opened: () => number;
  /** Cuts every link, without a word. New ones are taken. */
  cut(): void;
  /** While true, nobody gets a link: it looks like a node that is down. */
  refuse(refusing: boolean): void;
  stop(): Promise<void>;
}

export interface FakeNodeOptions {
  readonly files?: string;
  readonly port?: number;
  /** In place of the fake's own, where a test wants a failing call. */
  readonly calls?: Partial<CallHandlers<Calls>>;
  readonly streams?: Partial<StreamHandlers<Streams>>;
}

/** Serves the built page and, at `/api`, a world that a test made. */
export async function startFakeNode(world: FakeWorld, options: FakeNodeOptions = {}): Promise<FakeNode> {
  const { files = FILES, port = 0 } = options;
  const sockets = new Set<Socket>();
  const links = new Set<WebSocket>();
  let opened = 0;
  let refusing = false;

  const server = createServer((request, response) => {
    void respond(files, request.url ?? '/', response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (refusing || request.url !== '/api') return void socket.destroy();
    webSockets.handleUpgrade(request, socket, head, (link) => {
      opened++;
      links.add(link);
      link.on('close', () => links.delete(link));
      serve(pipeOf(link), { ...fakeCalls(world), ...options.calls }, { ...fakeStreams(world), ...options.streams });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  const node: FakeNode = {
    port: address.port,
    url: `http://127.0.0.1:${address.port}/`,
    opened: () => opened,
    cut() {
      for (const link of links) link.terminate();
    },
    refuse(now) {
      refusing = now;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
    [Symbol.asyncDispose]: () => node.stop(),
  };
  return node;
}

function pipeOf(link: WebSocket): Pipe {
  return {
    send: (message) => link.send(JSON.stringify(message)),
    onMessage: (read) => void link.on('message', (data) => read(JSON.parse(String(data)))),
    onClose: (told) => void link.on('close', told),
    close: () => link.close(),
  };
}

async function respond(files: string, url: string, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(url, 'http://fake');
  const path = join(files, normalize(pathname === '/' ? '/index.html' : pathname));
  const type = TYPES[extname(path)];
  const body = path.startsWith(files) && type ? await readFile(path).catch(() => undefined) : undefined;
  response.writeHead(body ? 200 : 404, {
    'content-security-policy': CSP,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...(type && { 'content-type': type }),
  });
  response.end(body ?? 'Not found');
}
