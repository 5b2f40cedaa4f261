import type { NodeId } from '../../../shared/ids.ts';
import { utf8Length } from '../../../shared/utf8.ts';
import { MAX_FRAME_BYTES } from '../../core/defaults.ts';
import type { Connection, ConnectionReader, Endpoint } from '../../core/ports.ts';

/** WebSocket's code for a frame that is too long (RFC 6455, 7.4.1). */
const TOO_LONG = 1009;

export interface MemoryConnectionParts {
  readonly peer: NodeId;
  readonly dialled: boolean;
  readonly remote: Endpoint;
  readonly binding: Uint8Array;
  /** Runs `arrive` at the other end, in order, if it gets there. */
  carry(arrive: (other: MemoryConnection) => void): void;
  /** In a later turn, whatever becomes of the line. */
  later(task: () => void): void;
  ended(): void;
}

/** One end of a line in memory. */
export class MemoryConnection implements Connection {
  readonly peer: NodeId;
  readonly dialled: boolean;
  readonly remote: Endpoint;
  readonly binding: Uint8Array;
  readonly #parts: MemoryConnectionParts;
  #reader: ConnectionReader | undefined;
  /** Why it ends, told to the reader once: the first reason counts. */
  #ending: { readonly code: number; readonly reason: string } | undefined;
  #isTold = false;
  #bufferedBytes = 0;

  constructor(parts: MemoryConnectionParts) {
    this.peer = parts.peer;
    this.dialled = parts.dialled;
    this.remote = parts.remote;
    this.binding = parts.binding;
    this.#parts = parts;
  }

  open(party: { accept(connection: MemoryConnection): ConnectionReader }): void {
    this.#reader = party.accept(this);
  }

  /** What was lost stays in here, as in the buffer of a socket whose cable was pulled. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  send(frame: string): void {
    if (this.#ending) return;
    const bytes = utf8Length(frame);
    this.#bufferedBytes += bytes;
    this.#parts.carry((other) => {
      this.#bufferedBytes -= bytes;
      other.#receive(frame, bytes);
    });
  }

  close(code: number, reason: string): void {
    if (this.#ending) return;
    this.#ending = { code, reason };
    this.#parts.carry((other) => other.end(code, reason));
    this.#parts.later(() => this.end(code, reason));
  }

  /** As `close`, but this end is closed when it returns. */
  leave(code: number, reason: string): void {
    this.close(code, reason);
    this.end(code, reason);
  }

  /** Now, and without a word to the other end. */
  end(code: number, reason: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#ending ??= { code, reason };
    this.#parts.ended();
    this.#reader?.closed(this.#ending.code, this.#ending.reason);
  }

  #receive(frame: string, bytes: number): void {
    if (this.#ending) return;
    if (bytes > MAX_FRAME_BYTES) return this.close(TOO_LONG, 'Max payload size exceeded');
    this.#reader?.frame(frame);
  }
}
