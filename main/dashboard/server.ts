import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Visitor } from '../../shared/api.ts';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { type NodeId, shorten } from '../../shared/ids.ts';
import type { Pipe } from '../../shared/pipe.ts';
import { type Answer, type TroubleStatus, trouble } from './answers.ts';
import { bindBoth, bindOne, type LoopbackHost } from './binding.ts';
import { isNonce, NONCE_HEADER } from './command-proof.ts';
import { Credentials } from './credentials.ts';
import { PageFiles } from './files.ts';
import { Guard, pathOf } from './guard.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Pages } from './pages.ts';
import { Refusals } from './refusals.ts';
import { farewell, reply, replyAtOnce } from './reply.ts';
import { Tickets } from './tickets.ts';

export interface DashboardServerOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Both loopback addresses unless one is named. There is no other: beyond this computer it would need TLS. */
  readonly host?: LoopbackHost;
  /** Opens the dashboard. 256 random bits, safe from other users of this computer. */
  readonly token: string;
  /** Opens it for those who may only look. */
  readonly viewerToken?: string;
  readonly node: NodeId;
  /** The built page. Without it commands are answered all the same. */
  readonly filesDirectory?: string;
  /** Gets each browser page or script that was let in; must set its reader before it returns. */
  readonly accept: (pipe: Pipe, visitor: Visitor) => void;
  readonly log: (message: string) => void;
  readonly limits?: Partial<Limits>;
  /** Milliseconds that only ever grow. */
  readonly now?: () => number;
}

/** Where the page connects to. */
const API = '/api';
const NO_PAGE = 'This node serves no dashboard, as it was told.';
const NOT_BUILT = "The dashboard's page is not built yet: run `npm run build`, then reload.";

interface Open {
  readonly port: number;
  readonly guard: Guard;
  readonly credentials: Credentials;
}

/**
 * The dashboard for browsers on this computer, and for the command line: hands out the page, and turns WebSockets into pipes. It
 * knows no machine.
 */
export class DashboardServer {
  /** Random, of this server alone. */
  readonly run = randomBytes(16).toString('base64url');
  readonly #options: DashboardServerOptions;
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #files: PageFiles | undefined;
  readonly #refusals: Refusals;
  readonly #pages: Pages;
  readonly #tickets: Tickets;
  readonly #sockets = new Set<Socket>();
  #servers: readonly Server[] = [];
  #open: Open | undefined;
  #listening: Promise<{ readonly port: number }> | undefined;
  #isStopping = false;
  #stopped: Promise<void> | undefined;

  constructor(options: DashboardServerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#now = options.now ?? (() => performance.now());
    this.#files = options.filesDirectory === undefined ? undefined : new PageFiles(options.filesDirectory);
    this.#refusals = new Refusals(options.log, this.#now);
    this.#tickets = new Tickets(this.#now);
    this.#pages = new Pages({
      limits: this.#limits,
      accept: options.accept,
      log: options.log,
      proofFor: ({ headers: { [NONCE_HEADER]: nonce } }) =>
        isNonce(nonce) ? this.#open?.credentials.proofOver(nonce) : undefined,
      refuse: (socket, why) => this.#refuseSocket(socket, 400, `failed to upgrade (${shorten(why)})`),
    });
  }

  /** Throws PORT_IN_USE, PORT_UNUSABLE, CONFIG_INVALID for a token that could be guessed. May be called twice. */
  listen(): Promise<{ readonly port: number }> {
    this.#listening ??= this.#listen();
    return this.#listening;
  }

  /** What the user opens. Whoever has it is let in. */
  get url(): string {
    return this.#urlWith('token', this.#options.token);
  }

  /** The same for one browser, once and within a minute. */
  ticketUrl(): string {
    return this.#urlWith('ticket', this.#tickets.issue());
  }

  #urlWith(name: string, secret: string): string {
    if (!this.#open) throw new InterMachineError('INTERNAL', 'The dashboard has no URL before it listens');
    const host = this.#options.host === '::1' ? '[::1]' : '127.0.0.1';
    return `http://${host}:${this.#open.port}/?${name}=${encodeURIComponent(secret)}`;
  }

  /** Takes less than a second, whatever the browsers do. May be called twice. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #listen(): Promise<{ readonly port: number }> {
    const { host, port, node, log } = this.#options;
    const create = () => this.#createServer();
    const bound = host === undefined ? await bindBoth(port, create) : await bindOne(host, port, create);
    this.#servers = bound.servers;
    try {
      if (this.#isStopping) throw new InterMachineError('NODE_STOPPED', 'The dashboard was stopped while it started');
      const credentials = new Credentials(this.#options, node, bound.port, this.run);
      const guard = new Guard(credentials, this.#tickets, bound.port, this.#now);
      this.#open = { port: bound.port, credentials, guard };
    } catch (thrown) {
      for (const server of bound.servers) server.close();
      throw thrown;
    }
    // Too many open files, for one: the next one may get in again.
    for (const server of bound.servers)
      server.on('error', (error) => log(`Somebody could not reach the dashboard: ${reasonOf(error)}`));
    return { port: bound.port };
  }

  #createServer(): Server {
    const server = createServer({
      maxHeaderSize: this.#limits.headerBytes,
      headersTimeout: this.#limits.headersMs,
      requestTimeout: this.#limits.requestMs,
      keepAliveTimeout: this.#limits.keepAliveMs,
      connectionsCheckingInterval: this.#limits.checkMs,
      insecureHTTPParser: false,
      // The guard asks for it, with all headers on the answer.
      requireHostHeader: false,
      // An offer of HTTP/2 is an ordinary request.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    });
    server.maxConnections = this.#limits.socketsPerAddress;
    server.timeout = this.#limits.idleMs;
    server.on('connection', (socket) => this.#arrived(socket));
    server.on('request', (request, response) => void this.#requested(request, response));
    // Nobody gets the `100 Continue` that they wait for: no body is wanted.
    server.on('checkContinue', (request, response) => void this.#requested(request, response, replyAtOnce));
    server.on('checkExpectation', (request, response) => replyAtOnce(request, response, trouble(417), this.#limits));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('clientError', (error, socket) => this.#garbled(error, socket));
    return server;
  }

  #arrived(socket: Socket): void {
    socket.on('error', () => {});
    // Nobody can know the port yet; a page of an earlier run tries again.
    if (!this.#open || this.#isStopping) return void socket.destroy();
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  async #requested(
    request: IncomingMessage,
    response: ServerResponse,
    answer: typeof replyAtOnce | typeof reply = reply,
  ): Promise<void> {
    try {
      await answer(request, response, await this.#answerTo(request), this.#limits);
    } catch (thrown) {
      this.#options.log(`The dashboard failed to answer: ${reasonOf(thrown)}`);
      if (response.headersSent) request.socket.destroy();
      else replyAtOnce(request, response, trouble(500), this.#limits);
    }
  }

  async #answerTo(request: IncomingMessage): Promise<Answer> {
    if (!this.#open || this.#isStopping) return trouble(503);
    const { guard, credentials } = this.#open;
    const verdict = guard.request(request);
    switch (verdict.kind) {
      case 'refused':
        this.#refusals.refused(verdict.status, verdict.why);
        return trouble(verdict.status, { asPage: isFromPerson(request) });
      case 'entering': {
        const cookies = credentials.setCookies(verdict.visitor, request.headers.cookie);
        // So that the token is neither in the address bar nor in the history.
        return { status: 303, headers: { location: '/', 'set-cookie': cookies }, body: '' };
      }
      case 'admitted':
        return this.#contentOf(pathOf(request));
    }
  }

  async #contentOf(path: string): Promise<Answer> {
    if (path === API) return trouble(426);
    if (!this.#files) return trouble(404, { text: NO_PAGE });
    const files = await this.#files.read();
    return files ? (files.get(path) ?? trouble(404)) : trouble(503, { text: NOT_BUILT });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.#open || this.#isStopping) return farewell(socket, trouble(503), this.#limits);
    const verdict = this.#open.guard.webSocket(request);
    if (verdict.kind !== 'admitted')
      return verdict.kind === 'refused'
        ? this.#refuseSocket(socket, verdict.status, verdict.why)
        : this.#refuseSocket(socket, 400, 'wanted a WebSocket with a token in its URL');
    if (request.url !== API)
      return this.#refuseSocket(socket, 404, `wanted a WebSocket at ${shorten(pathOf(request))}`);
    if (!this.#pages.hasRoom) return this.#refuseSocket(socket, 503, 'came when all places for pages were taken');
    this.#pages.open(request, socket, head, verdict.visitor);
  }

  /** What is no HTTP, or too slow, or too long. */
  #garbled(error: Error & { readonly code?: string }, socket: Duplex): void {
    const { bytesRead, bytesWritten } = socket as Socket;
    // Browsers open sockets ahead, and may never use them: nothing to tell anybody. And where something was answered already, half
    // of it may be out: another answer behind it would be taken for its rest.
    if (!socket.writable || bytesRead === 0 || bytesWritten > 0) return void socket.destroy();
    this.#refuseSocket(socket, statusOf(error.code), `sent bad HTTP (${shorten(error.message)})`);
  }

  #refuseSocket(socket: Duplex, status: TroubleStatus, why: string): void {
    this.#refusals.refused(status, why);
    farewell(socket, trouble(status), this.#limits);
  }

  async #stop(): Promise<void> {
    await this.#listening?.catch(() => {});
    this.#pages.closeAll();
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#limits.stopMs);
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    clearTimeout(cut);
  }
}

const isFromPerson = ({ headers }: IncomingMessage): boolean => headers.accept?.includes('text/html') === true;

function statusOf(code: string | undefined): TroubleStatus {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    default:
      return 400;
  }
}
