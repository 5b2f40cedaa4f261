import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { reasonOf } from '../../../shared/errors.ts';
import { type NodeId, shorten } from '../../../shared/ids.ts';
import { Admission, FULL } from './admission.ts';
import type { Line } from './connection.ts';
import { HANDSHAKE_TIMEOUT_MS, MAX_HTTP_HEADER_BYTES, WEBSOCKET_OPTIONS } from './defaults.ts';
import { endpointOf } from './endpoint.ts';
import { COPIED, handshakeFault, isHangUp, portError } from './faults.ts';
import type { OwnEnds } from './own-ends.ts';
import { RefusalLog } from './refusal-log.ts';
import { bindingOf, type Credentials, PATH, PEER_OPTIONS, peerOf, secureContextOptions } from './tls.ts';

export interface ListenerParts {
  readonly credentials: Credentials;
  readonly handshakeTimeoutMs?: number;
  readonly ownEnds: OwnEnds;
  readonly log: (message: string) => void;
  /** Cut before HTTP. */
  refuses(node: NodeId): boolean;
  /** Whether one more line may open, to this node. */
  hasRoom(node: NodeId): boolean;
  /** Must take its frames before it returns. */
  opened(line: Line): void;
}

/** Somebody whose key is proven, and who has not asked for a line yet. */
interface Guest {
  readonly line: Omit<Line, 'webSocket'>;
  readonly deadline: NodeJS.Timeout;
}

/** Lets peers in, one step at a time: TLS, then who they are, and only then HTTP. Whoever stalls is cut. */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #timeoutMs: number;
  readonly #refusals: RefusalLog;
  // Paused, so that what comes is kept until somebody reads it.
  readonly #tcp = createTcpServer({ pauseOnConnect: true });
  readonly #admission = new Admission({
    admit: (socket) => this.#tls.emit('connection', socket),
    refuse: (socket, why) => this.#drop(socket, why),
  });
  // It never listens: it is handed sockets when it is their turn.
  readonly #tls;
  // Nor does it: it is handed sockets that passed TLS. So a stranger does not even reach its parser.
  readonly #http = createServer({ maxHeaderSize: MAX_HTTP_HEADER_BYTES });
  readonly #webSockets = new WebSocketServer({ ...WEBSOCKET_OPTIONS, noServer: true, clientTracking: false });
  readonly #sockets = new Set<Socket>();
  readonly #guests = new Map<Duplex, Guest>();

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#timeoutMs = parts.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    this.#refusals = new RefusalLog(parts.log);
    this.#tls = createTlsServer({
      ...secureContextOptions(parts.credentials),
      ...PEER_OPTIONS,
      handshakeTimeout: this.#timeoutMs,
    });
    this.#tcp.on('connection', (socket) => this.#arrived(socket));
    this.#tls.on('tlsClientError', (error, socket) => {
      if (isHangUp(error)) socket.destroy();
      else this.#drop(socket, handshakeFault(error));
    });
    this.#tls.on('secureConnection', (socket) => this.#secured(socket));
    this.#http.on('clientError', (error, socket) => {
      if (isHangUp(error)) socket.destroy();
      else this.#drop(socket, `sent bad HTTP (${shorten(error.message)})`);
    });
    this.#http.on('request', (request, response) => this.#requested(request, response));
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#webSockets.on('wsClientError', (error, socket) =>
      this.#drop(socket, `failed to upgrade (${shorten(error.message)})`),
    );
  }

  /** Every address, IPv6 and IPv4, unless `host` names one. Throws PORT_IN_USE, PORT_UNUSABLE. */
  listen(port: number, host: string | undefined): Promise<{ readonly port: number }> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => reject(portError(error, port, host));
      this.#tcp.once('error', failed);
      this.#tcp.once('close', () => failed(new Error('the node was stopped meanwhile')));
      const listening = () => {
        this.#tcp.off('error', failed);
        // Too many open files, for one: those who are connected stay, and the next one may get in again.
        this.#tcp.on('error', (error) => this.#parts.log(`Somebody could not be let in: ${reasonOf(error)}`));
        const address = this.#tcp.address();
        resolve({ port: typeof address === 'object' && address !== null ? address.port : port });
      };
      try {
        // Without a host Node itself falls back to IPv4 where IPv6 is switched off.
        this.#tcp.listen({ port, ...(host !== undefined && { host }) }, listening);
      } catch (thrown) {
        // A number that is no port.
        reject(portError(thrown, port, host));
      }
    });
  }

  /** Nobody new. Lines and handshakes stay until `cut`. */
  close(): void {
    this.#tcp.close();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #arrived(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    this.#admission.arrived(socket);
  }

  #secured(socket: TLSSocket): void {
    // `close` follows an error and is what counts. HTTP takes its own listener away when it hands an upgrade over.
    socket.on('error', () => {});
    const { credentials } = this.#parts;
    try {
      const peer = peerOf(socket, credentials);
      if (peer === credentials.node) return void this.#selfSecured(socket);
      if (this.#parts.refuses(peer)) throw new Error(`is blocked: ${peer}`);
      const remote = endpointOf(socket);
      if (!remote) return void socket.destroy();
      const binding = bindingOf(socket, peer, credentials.node);
      const deadline = setTimeout(() => this.#drop(socket, 'asked for nothing in time'), this.#timeoutMs);
      this.#guests.set(socket, { line: { socket, peer, dialled: false, remote, binding }, deadline });
      socket.on('close', () => this.#forget(socket));
      this.#http.emit('connection', socket);
    } catch (thrown) {
      this.#drop(socket, reasonOf(thrown));
    }
  }

  /** Our own key at the other end: we dialled ourselves, or a copy of it is in use. Neither gets a line. */
  async #selfSecured(socket: TLSSocket): Promise<void> {
    const { credentials, ownEnds } = this.#parts;
    const where = addressOf(socket);
    const isOurs = ownEnds.accepted(bindingOf(socket, credentials.node, credentials.node));
    socket.destroy();
    if (!(await isOurs)) this.#refusals.refused(where, `has the identity of this node: ${COPIED}`);
  }

  #forget(socket: Duplex): Guest | undefined {
    const guest = this.#guests.get(socket);
    clearTimeout(guest?.deadline);
    this.#guests.delete(socket);
    return guest;
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    this.#refusals.refused(addressOf(request.socket), 'asked for a web page');
    response
      .writeHead(426, { connection: 'close', upgrade: 'websocket' })
      .end('Only InterMachine nodes connect here.\n');
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const fault = upgradeFault(request);
    if (fault !== undefined) return this.#drop(socket, fault);
    const peer = this.#guests.get(socket)?.line.peer;
    if (peer !== undefined && !this.#parts.hasRoom(peer)) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
      return this.#refusals.refused(addressOf(socket), FULL);
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const guest = this.#forget(socket);
      if (!guest) return webSocket.terminate();
      this.#admission.through(guest.line.socket);
      this.#parts.opened({ ...guest.line, webSocket });
    });
  }

  #drop(socket: Duplex, why: string): void {
    this.#refusals.refused(addressOf(socket), why);
    socket.destroy();
  }
}

/** Why this is not how a node asks for a line. A browser always names the origin of its page, a node never does. */
function upgradeFault({ url, headers }: IncomingMessage): string | undefined {
  if (headers.origin !== undefined) return `is a web page of ${shorten(headers.origin)}`;
  return url === PATH ? undefined : `asked for ${shorten(url)}`;
}

/** A socket that is closed already has forgotten its address. */
const addressOf = (socket: Duplex): string =>
  ('remoteAddress' in socket && endpointOf(socket as Socket)?.host) || 'somewhere';
