import type { TLSSocket } from 'node:tls';
import type { WebSocket } from 'ws';
import { reasonOf } from '../../../shared/errors.ts';
import { type NodeId, shorten } from '../../../shared/ids.ts';
import type { Accept, Connection, ConnectionReader, Endpoint } from '../../core/ports.ts';
import { LINE_SLICE_MS, MAX_LEFT_ASIDE, MAX_PONG_BACKLOG_BYTES } from './defaults.ts';
import type { BehindLine, Reading } from './reading.ts';

/** What is known of a line before it is open. */
export interface Line {
  readonly webSocket: WebSocket;
  readonly socket: TLSSocket;
  readonly peer: NodeId;
  readonly dialled: boolean;
  readonly remote: Endpoint;
  readonly binding: Uint8Array;
}

const ABNORMAL = 1006;
const TEXT_ONLY = 1003;
const OUR_FAILURE = 1011;

/** Bytes that fit beside the code into a control frame (RFC 6455, 5.5). */
const MAX_REASON_BYTES = 123;

/** Codes that ws closes with when the peer broke the WebSocket protocol (RFC 6455, 7.4.1). */
const VIOLATIONS: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};
const OTHER_VIOLATION = 1002;

interface Arrived {
  readonly kind: 'text' | 'binary' | 'ping';
  readonly data: WebSocket.RawData;
}

interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** One open WebSocket. Its reader is there from its first turn on, so that not even the first frame is missed. */
export class WebSocketConnection implements Connection, BehindLine {
  readonly peer: NodeId;
  readonly dialled: boolean;
  readonly remote: Endpoint;
  readonly binding: Uint8Array;
  readonly #webSocket: WebSocket;
  readonly #socket: TLSSocket;
  readonly #log: (message: string) => void;
  #reader: ConnectionReader | undefined;
  /** Set once it is decided that, and why, the line ends. */
  #ending: Ending | undefined;
  #isCorked = false;
  /** Frames that came after we closed. */
  #leftAside = 0;
  readonly #reading: Reading;
  /** Milliseconds that its frames took in the turn. */
  #spentMs = 0;
  #turn = -1;
  /** Read, and not handled in the turn in which it came. */
  #behind: Arrived[] = [];
  #handled = 0;

  constructor(line: Line, reading: Reading, log: (message: string) => void) {
    this.#reading = reading;
    this.peer = line.peer;
    this.dialled = line.dialled;
    this.remote = line.remote;
    this.binding = line.binding;
    this.#webSocket = line.webSocket;
    this.#socket = line.socket;
    this.#log = log;
  }

  /**
   * To be called in the very turn in which the WebSocket opened. `ended` is told when nothing of the line is left.
   * Throws what `accept` throws; then the line closes.
   */
  open(accept: Accept, ended: () => void): void {
    this.#webSocket.on('message', (data, isBinary) => this.#arrived({ kind: isBinary ? 'binary' : 'text', data }));
    this.#webSocket.on('ping', (data) => this.#arrived({ kind: 'ping', data }));
    this.#webSocket.on('error', (error) => this.#failed(error));
    this.#webSocket.on('close', (code, reason) => {
      ended();
      this.#closed(code, reason.toString());
    });
    try {
      this.#reader = accept(this);
    } catch (thrown) {
      this.close(OUR_FAILURE, 'internal error');
      throw thrown;
    }
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  send(frame: string): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#cork();
    this.#webSocket.send(frame);
  }

  close(code: number, reason: string): void {
    if (this.#ending) return;
    this.#ending = { code, reason };
    this.#webSocket.close(code, fitted(reason));
  }

  /** What is sent in one turn leaves as one TLS record and one packet, where it fits. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  handleNext(): boolean {
    const next = this.#behind[this.#handled++];
    if (next && !this.#ending) this.#handle(next);
    if (next && !this.#ending) return true;
    this.#behind = [];
    this.#handled = 0;
    return false;
  }

  resume(): void {
    if (this.#leftAside < MAX_LEFT_ASIDE) this.#webSocket.resume();
  }

  #arrived(frame: Arrived): void {
    if (this.#ending) return this.#leaveAside();
    const { turn } = this.#reading;
    if (turn !== this.#turn) this.#spentMs = 0;
    this.#turn = turn;
    if (this.#behind.length === 0 && this.#spentMs < LINE_SLICE_MS) {
      const began = performance.now();
      this.#handle(frame);
      this.#spentMs += performance.now() - began;
      return;
    }
    this.#behind.push(frame);
    this.#webSocket.pause();
    this.#reading.wait(this);
  }

  #handle({ kind, data }: Arrived): void {
    if (kind === 'ping') return this.#answerPing(data);
    if (kind === 'binary') return this.close(TEXT_ONLY, 'frames are text');
    try {
      this.#reader?.frame(data.toString());
    } catch (thrown) {
      this.#log(`A frame from ${this.peer} could not be handled, its connection is closed: ${reasonOf(thrown)}`);
      this.close(OUR_FAILURE, 'internal error');
    }
  }

  /** A node sends none, a library may; answers that nobody reads are left out. */
  #answerPing(data: WebSocket.RawData): void {
    if (this.bufferedBytes < MAX_PONG_BACKLOG_BYTES) this.#webSocket.pong(data);
  }

  /**
   * What was on its way when we closed is for nobody: the reader has decided to be done. Whoever goes on regardless is not even read, and
   * cut when its time to answer is over.
   */
  #leaveAside(): void {
    if (++this.#leftAside >= MAX_LEFT_ASIDE) this.#webSocket.pause();
  }

  /** ws has sent the close frame already; `close` follows. */
  #failed(error: Error): void {
    const cause = 'code' in error ? String(error.code) : '';
    const code = cause.startsWith('WS_ERR_') ? (VIOLATIONS[cause] ?? OTHER_VIOLATION) : ABNORMAL;
    this.#ending ??= { code, reason: error.message };
  }

  #closed(code: number, reason: string): void {
    while (this.handleNext());
    const ending = this.#ending ?? { code, reason: shorten(reason, MAX_REASON_BYTES) };
    this.#ending = ending;
    try {
      this.#reader?.closed(ending.code, ending.reason);
    } catch (thrown) {
      this.#log(`The end of a connection to ${this.peer} could not be handled: ${reasonOf(thrown)}`);
    }
  }
}

/** The longest beginning of `reason` that a close frame can carry. */
function fitted(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  // Not in the middle of a character: its further bytes begin with the bits 10.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
