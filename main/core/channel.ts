import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { CLOSE } from './close-codes.ts';
import { CONGESTED_BYTES, PROTOCOL_VERSION, SLEPT_AFTER_MS, type Timings } from './defaults.ts';
import type { Clock, Connection, ConnectionReader, Identity } from './ports.ts';
import { decode, encode, type Frame, type Generation, type Hello } from './wire.ts';

/** The frames that the owner of a channel sees, and only once the channel is open. */
export type Content = Exclude<Frame, { readonly type: 'hello' | 'welcome' | 'behind' | 'ping' | 'pong' }>;

/** What a channel tells; handed over at birth. */
export interface ChannelOwner {
  /** The peer said who it is and proved that it may. It is not open before one side has said welcome. */
  proven(channel: Channel, hello: Hello): void;
  /** The peer chose this connection. Only from a node with a smaller id. */
  welcomed(channel: Channel, generation: Generation): void;
  /** The peer remembers a later incarnation of ours. Only from a node with a larger id. */
  isBehind(channel: Channel, incarnation: number): void;
  content(channel: Channel, frame: Content): void;
  closed(channel: Channel, code: number, reason: string): void;
}

export interface ChannelParts {
  readonly connection: Connection;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly timings: Timings;
  readonly owner: ChannelOwner;
  /** What we say about ourselves. */
  readonly self: Pick<Hello, 'name' | 'incarnation' | 'namespace'>;
}

/** The authenticated conversation with one peer over one connection: greeting, heartbeat, and the frames in between. */
export class Channel implements ConnectionReader {
  readonly #parts: ChannelParts;
  #stage: 'greeting' | 'proven' | 'behind' | 'open' | 'closed' = 'greeting';
  #timer: unknown;
  #tickDueAt = 0;
  #startedAt: number;
  #heardAt: number;
  #spokeAt = 0;
  #roundTripMs: number | undefined;
  #ignoredFrames = 0;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    const { clock, self, identity, connection } = parts;
    this.#startedAt = clock.now();
    this.#heardAt = this.#startedAt;
    const proof = identity.prove(connection, connection.dialled ? 'dialler' : 'listener');
    this.#send({ type: 'hello', version: PROTOCOL_VERSION, id: identity.node, ...self, ...(proof && { proof }) });
    this.#planTick();
  }

  get peer(): NodeId {
    return this.#parts.connection.peer;
  }

  get remote() {
    return this.#parts.connection.remote;
  }

  get dialled(): boolean {
    return this.#parts.connection.dialled;
  }

  get isOpen(): boolean {
    return this.#stage === 'open';
  }

  /** Milliseconds from our last ping to its answer. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Milliseconds since the peer last gave a sign of life. */
  get silenceMs(): number {
    return this.#parts.clock.now() - this.#heardAt;
  }

  /** More was sent than the network takes. */
  get isCongested(): boolean {
    return this.#parts.connection.bufferedBytes > CONGESTED_BYTES;
  }

  /** Frames of types that we do not know, so of a later version of the protocol. */
  get ignoredFrames(): number {
    return this.#ignoredFrames;
  }

  /** Opens a proven channel from our side, and tells the peer. Only the node with the smaller id does. */
  welcome(generation: Generation): void {
    this.open();
    this.#send({ type: 'welcome', generation });
  }

  /** Tells the peer which of its incarnations we know; what comes before its next welcome is left aside. */
  behind(incarnation: number): void {
    this.#stage = 'behind';
    this.#send({ type: 'behind', incarnation });
  }

  /** From here on content passes. */
  open(): void {
    this.#stage = 'open';
    this.#ping();
  }

  send(frame: Content): void {
    if (this.#stage === 'open') this.#send(frame);
  }

  close(code: number, reason: string): void {
    this.#parts.connection.close(code, reason);
  }

  // ---- ConnectionReader

  frame(text: string): void {
    if (this.#stage === 'closed') return;
    this.#heardAt = this.#parts.clock.now();
    try {
      const frame = decode(text);
      if (frame) this.#read(frame);
      else this.#ignoredFrames++;
    } catch (thrown) {
      this.close(codeFor(thrown), reasonOf(thrown).slice(0, 100));
    }
  }

  closed(code: number, reason: string): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    this.#parts.clock.clearTimeout(this.#timer);
    this.#parts.owner.closed(this, code, reason);
  }

  // ---- Greeting

  #read(frame: Frame): void {
    switch (frame.type) {
      case 'hello':
        return this.#greet(frame);
      case 'welcome':
        return this.#beWelcomed(frame.generation);
      case 'behind':
        return this.#beTold(frame.incarnation);
      case 'ping':
        return this.#send({ type: 'pong', at: frame.at });
      case 'pong':
        this.#roundTripMs = Math.max(0, this.#parts.clock.now() - frame.at);
        return;
      default:
        if (this.#stage === 'behind') return;
        if (this.#stage !== 'open') throw new InterMachineError('FRAME_INVALID', `Frame: ${frame.type} before welcome`);
        this.#parts.owner.content(this, frame);
    }
  }

  #greet(hello: Hello): void {
    const { connection, identity, owner, self } = this.#parts;
    if (this.#stage !== 'greeting') throw new InterMachineError('FRAME_INVALID', 'Frame: a second hello');
    if (hello.id !== connection.peer)
      throw new InterMachineError('FRAME_INVALID', 'Frame: hello with an id that is not that of the certificate');
    if (hello.id === identity.node) return this.close(CLOSE.self, 'this is myself');
    if (hello.namespace !== self.namespace) return this.close(CLOSE.otherNamespace, 'another namespace');
    if (!identity.accepts(connection, connection.dialled ? 'listener' : 'dialler', hello.proof)) {
      return this.close(CLOSE.notTrusted, 'no proof of a network key that is known here');
    }
    this.#stage = 'proven';
    owner.proven(this, hello);
  }

  #beWelcomed(generation: Generation): void {
    const { identity, owner } = this.#parts;
    if ((this.#stage !== 'proven' && this.#stage !== 'behind') || identity.node < this.peer)
      throw new InterMachineError('FRAME_INVALID', 'Frame: welcome out of place');
    owner.welcomed(this, generation);
  }

  #beTold(incarnation: number): void {
    const { identity, owner } = this.#parts;
    if (this.#stage !== 'open' || identity.node > this.peer)
      throw new InterMachineError('FRAME_INVALID', 'Frame: behind out of place');
    owner.isBehind(this, incarnation);
  }

  // ---- Heartbeat

  #planTick(): void {
    const { clock, timings } = this.#parts;
    this.#tickDueAt = clock.now() + timings.heartbeatMs / 2;
    this.#timer = clock.setTimeout(() => this.#tick(), timings.heartbeatMs / 2);
  }

  #tick(): void {
    if (this.#stage === 'closed') return;
    const { clock, timings } = this.#parts;
    const now = clock.now();
    if (now - this.#tickDueAt > SLEPT_AFTER_MS) {
      this.#heardAt = now;
      this.#startedAt = now;
    }
    this.#planTick();
    if (now - this.#heardAt >= timings.silenceMs)
      return this.#giveUp(`nothing heard for ${timings.silenceMs / 1000} s`);
    if (this.#stage === 'open') {
      if (now - this.#spokeAt >= timings.heartbeatMs) this.#ping();
    } else if (now - this.#startedAt >= timings.greetingMs) this.close(CLOSE.notTrusted, 'no greeting in time');
  }

  /** Whoever is silent will not answer a close either: nobody waits for it. */
  #giveUp(reason: string): void {
    this.close(CLOSE.silent, reason);
    this.closed(CLOSE.silent, reason);
  }

  #ping(): void {
    this.#send({ type: 'ping', at: Math.round(this.#parts.clock.now()) });
  }

  #send(frame: Frame): void {
    this.#spokeAt = this.#parts.clock.now();
    this.#parts.connection.send(encode(frame));
  }
}

function codeFor(thrown: unknown): number {
  if (!(thrown instanceof InterMachineError)) return CLOSE.storeFailed;
  return thrown.code === 'PROTOCOL_DIFFERS' ? CLOSE.otherVersion : CLOSE.badFrame;
}
