import type { Socket } from 'node:net';
import { ADMITTED_IN_ONE_TURN, MAX_HANDSHAKES, MAX_WAITING, MAX_WAITING_OF_ONE } from './defaults.ts';

export interface AdmissionParts {
  /** It is this socket's turn. */
  admit(socket: Socket): void;
  /** `why` completes "… was refused: it …". */
  refuse(socket: Socket, why: string): void;
}

/**
 * Lets sockets in by turns: setting up TLS is work, and whoever sends two thousand at once must not keep the node from everything else.
 * Nobody who stalls holds a place that another could use.
 */
export class Admission {
  readonly #parts: AdmissionParts;
  /** Connected, and nothing of them is read yet. */
  readonly #waiting = new Set<Socket>();
  /** On their way to a line, by where they come from; the one that began longest ago first. */
  readonly #under = new Map<string, Socket>();
  #isPlanned = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** It must be paused, and have a listener for errors. */
  arrived(socket: Socket): void {
    if (this.#waiting.size >= MAX_WAITING) return this.#parts.refuse(socket, FULL);
    const { remoteAddress } = socket;
    let ofOne = 0;
    for (const other of this.#waiting) if (other.remoteAddress === remoteAddress) ofOne++;
    if (ofOne >= MAX_WAITING_OF_ONE) return this.#parts.refuse(socket, FULL);
    const from = fromOf(socket);
    socket.on('close', () => {
      this.#waiting.delete(socket);
      if (this.#under.get(from) === socket) this.#under.delete(from);
    });
    this.#waiting.add(socket);
    this.#plan();
  }

  /** It has its line. `socket` may be the one around TLS. */
  through(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): void {
    this.#under.delete(fromOf(socket));
  }

  #plan(): void {
    if (this.#isPlanned || this.#waiting.size === 0) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      for (const socket of [...this.#waiting].slice(0, ADMITTED_IN_ONE_TURN)) this.#next(socket);
      this.#plan();
    });
  }

  #next(socket: Socket): void {
    this.#waiting.delete(socket);
    const [oldest] = this.#under.values();
    if (oldest && this.#under.size >= MAX_HANDSHAKES) this.#parts.refuse(oldest, 'took too long while others waited');
    this.#under.set(fromOf(socket), socket);
    this.#parts.admit(socket);
  }
}

export const FULL = 'came when all places were taken';

const fromOf = ({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string =>
  `${remoteAddress} ${remotePort}`;
