import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Visitor } from '../../shared/api.ts';
import { reasonOf } from '../../shared/errors.ts';
import type { Pipe } from '../../shared/pipe.ts';
import { SECURITY_HEADERS } from './answers.ts';
import { PROOF_HEADER } from './command-proof.ts';
import type { Limits } from './limits.ts';
import { webSocketPipe } from './web-socket-pipe.ts';

export interface PagesOptions {
  readonly limits: Limits;
  readonly accept: (pipe: Pipe, visitor: Visitor) => void;
  readonly log: (message: string) => void;
  /** What shows whoever asked for it that this is the node it means. */
  readonly proofFor: (request: IncomingMessage) => string | undefined;
  /** What was asked for is no WebSocket. */
  readonly refuse: (socket: Duplex, why: string) => void;
}

const LEAVING = 1001;
const FAILED = 1011;

/** The WebSockets of open pages. Who may have one was decided before. */
export class Pages {
  readonly #options: PagesOptions;
  readonly #server: WebSocketServer;

  constructor(options: PagesOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: options.limits.messageBytes,
      maxFragments: options.limits.fragments,
    });
    this.#server.on('headers', (lines, request) => {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) lines.push(`${name}: ${value}`);
      const proof = options.proofFor(request);
      if (proof !== undefined) lines.push(`${PROOF_HEADER}: ${proof}`);
    });
    this.#server.on('wsClientError', (error, socket) => options.refuse(socket, error.message));
  }

  get hasRoom(): boolean {
    return this.#server.clients.size < this.#options.limits.webSockets;
  }

  open(request: IncomingMessage, socket: Duplex, head: Buffer, visitor: Visitor): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#opened(webSocket, visitor));
  }

  closeAll(): void {
    for (const webSocket of this.#server.clients) webSocket.close(LEAVING, 'The node stops');
  }

  #opened(webSocket: WebSocket, visitor: Visitor): void {
    const pipe = webSocketPipe(webSocket, this.#options.limits);
    try {
      this.#options.accept(pipe, visitor);
    } catch (thrown) {
      this.#options.log(`The dashboard failed to serve a page: ${reasonOf(thrown)}`);
      webSocket.close(FAILED);
    }
  }
}
