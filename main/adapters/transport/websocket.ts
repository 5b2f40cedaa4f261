import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import type { Accept, DialTarget, Transport } from '../../core/ports.ts';
import { type Line, WebSocketConnection } from './connection.ts';
import { LEAVING, MAX_CONNECTIONS, MAX_STRANGERS_LINES } from './defaults.ts';
import { Dialler } from './dialler.ts';
import { isHostAddress, isLoopback } from './endpoint.ts';
import { Listener } from './listener.ts';
import { OwnEnds } from './own-ends.ts';
import { Reading } from './reading.ts';
import type { Credentials } from './tls.ts';

export interface WebSocketTransportOptions extends Credentials {
  /** TCP; 0 takes any free one. */
  readonly port?: number;
  /** The address to listen on; every one, IPv6 and IPv4, unless told. */
  readonly host?: string;
  /** Lines that may be open at once, dialled and accepted. */
  readonly maxConnections?: number;
  readonly handshakeTimeoutMs?: number;
  readonly dialTimeoutMs?: number;
  /** For a person: who was refused and why, at most one line for each address and minute. */
  readonly log: (message: string) => void;
}

/** Lines over WebSocket in TLS 1.3, both ends proven by their keys. */
export class WebSocketTransport implements Transport {
  readonly #options: WebSocketTransportOptions;
  readonly #dialler: Dialler;
  readonly #ownEnds = new OwnEnds();
  readonly #connections = new Set<WebSocketConnection>();
  readonly #reading = new Reading();
  readonly #leaving = new AbortController();
  #listener: Listener | undefined;
  #stopped: Promise<void> | undefined;
  #lastEnded: (() => void) | undefined;

  constructor(options: WebSocketTransportOptions) {
    this.#options = options;
    this.#dialler = new Dialler(options, this.#ownEnds, options.dialTimeoutMs);
  }

  async listen(
    accept: Accept,
    refuses: (node: NodeId) => boolean = () => false,
    knows: (node: NodeId) => boolean = () => true,
  ): Promise<{ readonly port: number }> {
    if (this.#listener || this.#isLeaving)
      throw new InterMachineError('INTERNAL', 'A transport listens once; make a new one to listen again.');
    const { port = 0, host, handshakeTimeoutMs, log } = this.#options;
    this.#listener = new Listener({
      credentials: this.#options,
      ...(handshakeTimeoutMs !== undefined && { handshakeTimeoutMs }),
      ownEnds: this.#ownEnds,
      log,
      refuses,
      hasRoom: (node) => this.#hasRoom && (knows(node) || this.#hasRoomForStrangers(knows)),
      opened: (line) => {
        try {
          this.#opened(line, accept);
        } catch (thrown) {
          log(`The connection from ${line.peer} could not be taken: ${reasonOf(thrown)}`);
        }
      },
    });
    return await this.#listener.listen(port, host);
  }

  async dial(target: DialTarget, accept: Accept): Promise<void> {
    if (this.#isLeaving) throw new InterMachineError('DIAL_FAILED', 'This node has stopped and dials nobody.');
    if (!this.#hasRoom) {
      throw new InterMachineError(
        'DIAL_FAILED',
        `All ${this.#maxConnections} connections that this node may have are open; close some, or raise the limit.`,
      );
    }
    await this.#dialler.dial(target, this.#leaving.signal, (line) => this.#opened(line, accept));
  }

  mayDial(host: string): boolean {
    const keepsToLoopback = isLoopback(this.#options.host ?? '');
    return isHostAddress(host) && isLoopback(host) === keepsToLoopback;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#leaving.abort(new Error('this node stops'));
    this.#listener?.close();
    for (const connection of this.#connections) connection.close(LEAVING, 'leaving');
    // A peer that does not answer the close is cut in time, so this always ends.
    if (this.#connections.size > 0)
      await new Promise<void>((resolve) => {
        this.#lastEnded = resolve;
      });
    this.#listener?.cut();
  }

  get #isLeaving(): boolean {
    return this.#leaving.signal.aborted;
  }

  get #maxConnections(): number {
    return this.#options.maxConnections ?? MAX_CONNECTIONS;
  }

  get #hasRoom(): boolean {
    return !this.#isLeaving && this.#connections.size < this.#maxConnections;
  }

  /** However many come whom we do not know, those whom we know find room. */
  #hasRoomForStrangers(knows: (node: NodeId) => boolean): boolean {
    let strangers = 0;
    for (const { dialled, peer } of this.#connections) if (!dialled && !knows(peer)) strangers++;
    return strangers < Math.min(MAX_STRANGERS_LINES, Math.ceil(this.#maxConnections / 4));
  }

  #opened(line: Line, accept: Accept): void {
    const connection = new WebSocketConnection(line, this.#reading, this.#options.log);
    this.#connections.add(connection);
    connection.open(accept, () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#lastEnded?.();
    });
  }
}
