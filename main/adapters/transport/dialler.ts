import { setTimeout as delay } from 'node:timers/promises';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import type { DialTarget, Endpoint } from '../../core/ports.ts';
import type { Line } from './connection.ts';
import {
  AGAIN_MS,
  ANSWERED_STAGGER_MS,
  DIAL_TIMEOUT_MS,
  LOSSY_DIAL_TIMEOUT_MS,
  STAGGER_MS,
  WEBSOCKET_OPTIONS,
} from './defaults.ts';
import { formatEndpoint, worthTrying } from './endpoint.ts';
import { copiedError, dialError, noAnswer, selfErrorIn } from './faults.ts';
import { hedged } from './hedged.ts';
import type { OwnEnds } from './own-ends.ts';
import { staggered } from './staggered.ts';
import { bindingOf, type Credentials, PATH, PEER_OPTIONS, peerOf, secureContextOptions } from './tls.ts';

/** Must take the frames of the line before it returns. */
type Opened = (line: Line) => void;

const STAGGER = { afterMs: STAGGER_MS, answeredMs: ANSWERED_STAGGER_MS };

/** Opens a line to one node of which several endpoints may be known. */
export class Dialler {
  readonly #credentials: Credentials;
  /** Made once: reading the key is half the work of a connection. */
  readonly #secureContext: SecureContext;
  readonly #ownEnds: OwnEnds;
  readonly #timeoutMs: number;

  constructor(credentials: Credentials, ownEnds: OwnEnds, timeoutMs = DIAL_TIMEOUT_MS) {
    this.#credentials = credentials;
    this.#ownEnds = ownEnds;
    this.#secureContext = createSecureContext(secureContextOptions(credentials));
    this.#timeoutMs = timeoutMs;
  }

  /** Throws DIAL_FAILED with the reason of each endpoint, or with the reason of `signal` for all; DIALLED_SELF, IDENTITY_COPIED. */
  async dial({ node, endpoints }: DialTarget, signal: AbortSignal, opened: Opened): Promise<void> {
    const tried = worthTrying(endpoints);
    const over = new AbortController();
    const stop = () => over.abort(signal.reason);
    const road = { isBad: false, isAnswered: false };
    let timeout = setTimeout(() => {
      const isLossy = road.isBad && road.isAnswered;
      const longerMs = isLossy ? LOSSY_DIAL_TIMEOUT_MS : this.#timeoutMs;
      timeout = setTimeout(() => over.abort(noAnswer(longerMs)), longerMs - this.#timeoutMs);
    }, this.#timeoutMs);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    // Up to TLS the endpoints race; from there one gets a head start, so that the peer sees one line, not several.
    let ahead: Promise<unknown> = Promise.resolve();
    const attempt = async (endpoint: Endpoint, given: AbortSignal, answered: () => void): Promise<void> => {
      const socket = await secured(endpoint, this.#secureContext, given, answered);
      const peer = await this.#checked(socket, endpoint, node);
      const binding = bindingOf(socket, this.#credentials.node, peer);
      const turn = ahead;
      const upgrade = Promise.race([turn, delay(STAGGER_MS)]).then(() =>
        upgraded(socket, given, (webSocket) => {
          over.abort();
          opened({ webSocket, socket, peer, dialled: true, remote: endpoint, binding });
        }),
      );
      ahead = upgrade.catch(() => {});
      return upgrade;
    };
    const hedgedAttempt = (endpoint: Endpoint, waits: () => void) => {
      const begin = (given: AbortSignal, answered: () => void) =>
        attempt(endpoint, given, () => {
          answered();
          if (!road.isBad) waits();
        });
      return hedged(begin, AGAIN_MS, road, over.signal);
    };
    try {
      const failures = await staggered(tried, STAGGER, hedgedAttempt, globalThis);
      if (failures) throw selfErrorIn(failures) ?? dialError(node, failures, endpoints.length - tried.length);
    } finally {
      clearTimeout(timeout);
      signal.removeEventListener('abort', stop);
    }
  }

  /** The node at the other end. Throws, and drops the socket, if it is not the expected one. */
  async #checked(socket: TLSSocket, endpoint: Endpoint, expected: NodeId | undefined): Promise<NodeId> {
    try {
      const peer = peerOf(socket, this.#credentials);
      if (peer === this.#credentials.node) throw await this.#selfError(socket, endpoint);
      if (expected !== undefined && peer !== expected) throw new Error(`is another node, ${peer}`);
      return peer;
    } catch (thrown) {
      socket.destroy();
      throw thrown instanceof InterMachineError ? thrown : new Error(`it ${reasonOf(thrown)}`, { cause: thrown });
    }
  }

  async #selfError(socket: TLSSocket, endpoint: Endpoint): Promise<InterMachineError> {
    const { node } = this.#credentials;
    if (await this.#ownEnds.dialled(bindingOf(socket, node, node)))
      return new InterMachineError('DIALLED_SELF', `${formatEndpoint(endpoint)} is this node itself`);
    return copiedError(endpoint);
  }
}

/** TLS is set up with this endpoint, whoever that is. `answered` is called before that, when TCP gets through. */
function secured(
  { host, port }: Endpoint,
  secureContext: SecureContext,
  signal: AbortSignal,
  answered: () => void,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // No name is sent and none is checked: the key says who it is.
    const socket = connect({
      host,
      port,
      secureContext,
      ...PEER_OPTIONS,
      servername: '',
      checkServerIdentity: () => undefined,
    });
    const abort = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', abort);
    // Stays for as long as the socket: an error that nobody listens to would end the process.
    socket.on('error', reject);
    socket.on('close', () => {
      signal.removeEventListener('abort', abort);
      reject(new Error('it hung up while TLS was set up'));
    });
    socket.on('connect', answered);
    socket.on('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
  });
}

/** The socket became a WebSocket and was handed to `opened`, in the very turn in which it did. */
function upgraded(socket: TLSSocket, signal: AbortSignal, opened: (webSocket: WebSocket) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted || socket.destroyed) {
      socket.destroy();
      return reject(signal.aborted ? signal.reason : new Error('it hung up before the line was open'));
    }
    const webSocket = new WebSocket(`ws://node${PATH}`, {
      ...WEBSOCKET_OPTIONS,
      createConnection: () => socket,
      generateMask: noMask,
    });
    const abort = () => webSocket.terminate();
    const failed = (error: Error) => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      reject(signal.aborted ? signal.reason : error);
    };
    signal.addEventListener('abort', abort);
    webSocket.on('error', failed);
    webSocket.on('open', () => {
      signal.removeEventListener('abort', abort);
      // From here on an error is the connection's to tell, after it sent its close frame.
      webSocket.off('error', failed);
      try {
        resolve(opened(webSocket));
      } catch (thrown) {
        reject(thrown);
      }
    });
  });
}

/** Masks guard proxies that look into the stream (RFC 6455, 10.3); inside TLS there are none, and zeros cost nothing. */
const noMask = (mask: Buffer): void => {
  mask.fill(0);
};
