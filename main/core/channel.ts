import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { Allowance } from './allowance.ts';
import { CLOSE } from './close-codes.ts';
import {
  CONGESTED_BYTES,
  MAX_UNPROVEN_LENGTH,
  MAX_UNREAD_BYTES,
  MAX_UNREAD_GREETING_BYTES,
  PROTOCOL_VERSION,
  SLEPT_AFTER_MS,
  type Timings,
  UNPROVEN_BURST,
  UNPROVEN_EVERY_MS,
} from './defaults.ts';
import { isPairingFrame, type PairingFrame, type PairingMethod } from './pairing-frames.ts';
import type { Clock, Connection, ConnectionReader, Proof, Role } from './ports.ts';
import { decode, encode, type Frame, type Generation, type Hello } from './wire.ts';

/** The frames that the owner of a channel sees, and only once the channel is open. */
export type Content = Exclude<
  Frame,
  PairingFrame | { readonly type: 'hello' | 'welcome' | 'behind' | 'ping' | 'pong' }
>;

/** Who may come in. */
export interface Door {
  readonly node: NodeId;
  proofs(connection: Connection, role: Role): readonly Proof[];
  /** Ids of our keys that the peer proved to have; `undefined` where it is not let in. */
  admit(connection: Connection, role: Role, proofs: readonly Proof[]): ReadonlySet<string> | undefined;
}

/** What a channel tells; handed over at birth. */
export interface ChannelOwner {
  /** The peer said who it is and proved that it may. It is not open before one side has said welcome. */
  proven(channel: Channel, hello: Hello): void;
  /** The peer said who it is, and is not let in. The channel closes. */
  stranger(channel: Channel, hello: Hello): void;
  /** One of both sides wants to pair: nothing but that passes. */
  pairing(channel: Channel, hello: Hello): void;
  pairingFrame(channel: Channel, frame: PairingFrame): void;
  /** The peer chose this connection. Only from a node with a smaller id. */
  welcomed(channel: Channel, generation: Generation): void;
  /** The peer remembers a later incarnation of ours. Only from a node with a larger id. */
  isBehind(channel: Channel, incarnation: number): void;
  content(channel: Channel, frame: Content): void;
  closed(channel: Channel, code: number, reason: string): void;
}

export interface ChannelParts {
  readonly connection: Connection;
  readonly door: Door;
  readonly clock: Clock;
  readonly timings: Timings;
  readonly owner: ChannelOwner;
  /** What we say about ourselves. */
  readonly self: Pick<Hello, 'name' | 'incarnation' | 'namespace' | 'port'>;
  /** Whether our person wants to pair with this node. */
  readonly pair?: PairingMethod | undefined;
}

/** The authenticated conversation with one peer over one connection: greeting, heartbeat, and the frames in between. */
export class Channel implements ConnectionReader {
  readonly #parts: ChannelParts;
  #stage: 'greeting' | 'proven' | 'behind' | 'open' | 'pairing' | 'closed' = 'greeting';
  readonly #provenKeys = new Set<string>();
  #timer: unknown;
  #tickDueAt = 0;
  #startedAt: number;
  #heardAt: number;
  #spokeAt = 0;
  #roundTripMs: number | undefined;
  #ignoredFrames = 0;
  #isForPairing = false;
  /** Frames that it may send before it proved anything. */
  readonly #unproven: Allowance;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    const { clock, self, door, connection, pair } = parts;
    this.#startedAt = clock.now();
    this.#heardAt = this.#startedAt;
    this.#unproven = new Allowance(UNPROVEN_BURST, UNPROVEN_EVERY_MS, this.#startedAt);
    const proofs = door.proofs(connection, connection.dialled ? 'dialler' : 'listener');
    this.#send({
      type: 'hello',
      version: PROTOCOL_VERSION,
      id: door.node,
      ...self,
      proofs,
      ...(pair !== undefined && { pair }),
    });
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

  /** It is, or was, there to pair alone. */
  get isForPairing(): boolean {
    return this.#isForPairing;
  }

  /** What our hello said about pairing. */
  get said(): PairingMethod | undefined {
    return this.#parts.pair;
  }

  get binding(): Uint8Array {
    return this.#parts.connection.binding;
  }

  /** Ids of our network keys that the peer has. */
  get provenKeys(): ReadonlySet<string> {
    return this.#provenKeys;
  }

  /** The peer told this key, or was told it and said so: it has it. */
  hasKey(keyId: string): void {
    this.#provenKeys.add(keyId);
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

  sendPairing(frame: PairingFrame): void {
    if (this.#stage === 'pairing') this.#send(frame);
  }

  close(code: number, reason: string): void {
    this.#parts.connection.close(code, reason);
  }

  /** As `close`, and over at once: not after the peer has had its time to answer. */
  cut(code: number, reason: string): void {
    this.close(code, reason);
    this.closed(code, reason);
  }

  // ---- ConnectionReader

  frame(text: string): void {
    if (this.#stage === 'closed') return;
    this.#heardAt = this.#parts.clock.now();
    try {
      if (this.#isUnproven) this.#checkModest(text);
      const frame = decode(text);
      if (frame) this.#read(frame);
      else if (this.#isUnproven) throw invalid('of a type that has no place before a proof');
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

  /** Anybody may be at the other end. */
  get #isUnproven(): boolean {
    return this.#stage === 'greeting' || this.#stage === 'pairing';
  }

  /** Looked at before it is decoded: a stranger does not say what is work for us. */
  #checkModest(text: string): void {
    if (text.length > MAX_UNPROVEN_LENGTH) throw invalid('too long for one that comes before a proof');
    if (!this.#unproven.take(this.#heardAt)) throw invalid('too many that come before a proof');
  }

  #read(frame: Frame): void {
    if (this.#stage === 'greeting' && frame.type !== 'hello') throw invalid(`${frame.type} before hello`);
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
        if (isPairingFrame(frame)) return this.#pair(frame);
        if (this.#stage === 'behind') return;
        if (this.#stage !== 'open') throw invalid(`${frame.type} before welcome`);
        this.#parts.owner.content(this, frame);
    }
  }

  #greet(hello: Hello): void {
    const { connection, door, owner, self, pair } = this.#parts;
    if (this.#stage !== 'greeting') throw invalid('a second hello');
    if (hello.id !== connection.peer) throw invalid('hello with an id that is not that of the certificate');
    if (hello.id === door.node) return this.close(CLOSE.self, 'this is myself');
    if (hello.namespace !== self.namespace) return this.close(CLOSE.otherNamespace, 'another namespace');
    if (pair !== undefined || hello.pair !== undefined) {
      this.#stage = 'pairing';
      this.#isForPairing = true;
      return owner.pairing(this, hello);
    }
    const proven = door.admit(connection, connection.dialled ? 'listener' : 'dialler', hello.proofs);
    if (!proven) {
      owner.stranger(this, hello);
      return this.close(CLOSE.notTrusted, 'no proof of a network key that is known here');
    }
    for (const keyId of proven) this.hasKey(keyId);
    this.#stage = 'proven';
    owner.proven(this, hello);
  }

  #pair(frame: PairingFrame): void {
    if (this.#stage !== 'pairing') throw invalid(`${frame.type} out of place`);
    this.#parts.owner.pairingFrame(this, frame);
  }

  #beWelcomed(generation: Generation): void {
    const { door, owner } = this.#parts;
    if ((this.#stage !== 'proven' && this.#stage !== 'behind') || door.node < this.peer)
      throw invalid('welcome out of place');
    owner.welcomed(this, generation);
  }

  #beTold(incarnation: number): void {
    const { door, owner } = this.#parts;
    if (this.#stage !== 'open' || door.node > this.peer) throw invalid('behind out of place');
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
      // Whoever is silent will not answer a close either: nobody waits for it.
      return this.cut(CLOSE.silent, `nothing heard for ${timings.silenceMs / 1000} s`);
    if (this.#stage === 'open' || this.#stage === 'pairing') {
      if (now - this.#spokeAt >= timings.heartbeatMs) this.#ping();
    } else if (now - this.#startedAt >= timings.greetingMs) this.close(CLOSE.notTrusted, 'no greeting in time');
  }

  #ping(): void {
    this.#send({ type: 'ping', at: Math.round(this.#parts.clock.now()) });
  }

  #send(frame: Frame): void {
    const { connection, clock } = this.#parts;
    const mayBeUnread = this.#stage === 'open' ? MAX_UNREAD_BYTES : MAX_UNREAD_GREETING_BYTES;
    if (connection.bufferedBytes > mayBeUnread) return this.close(CLOSE.silent, 'what is sent is not read');
    this.#spokeAt = clock.now();
    connection.send(encode(frame));
  }
}

const invalid = (problem: string) => new InterMachineError('FRAME_INVALID', `Frame: ${problem}`);

function codeFor(thrown: unknown): number {
  if (!(thrown instanceof InterMachineError)) return CLOSE.storeFailed;
  return thrown.code === 'PROTOCOL_DIFFERS' ? CLOSE.otherVersion : CLOSE.badFrame;
}
