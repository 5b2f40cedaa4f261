import type { NodeId } from '../../../shared/ids.ts';
import type { ConnectionReader, Endpoint } from '../../core/ports.ts';
import { MemoryConnection } from './memory-connection.ts';

/** WebSocket's code for a line that broke (RFC 6455, 7.4.1). */
const BROKEN = 1006;
const BINDING_BYTES = 32;

/** A node, and what it does with its end of a line. */
export interface Party {
  readonly node: NodeId;
  accept(connection: MemoryConnection): ConnectionReader;
  refuses?(node: NodeId): boolean;
}

export interface MemoryLineParts {
  readonly dialler: Party;
  readonly listener: Party;
  /** What was dialled. */
  readonly endpoint: Endpoint;
  /** Of this line in its network, from 1. */
  readonly serial: number;
  later(task: () => void): void;
  isPartitioned(): boolean;
  /** Both ends are closed. */
  ended(): void;
}

/** Two connections that are each other's other end, and what is under way between them. */
export class MemoryLine {
  readonly #parts: MemoryLineParts;
  readonly #dialler: MemoryConnection;
  readonly #listener: MemoryConnection;
  readonly #toDialler: (() => void)[] = [];
  readonly #toListener: (() => void)[] = [];
  #isSilent = false;
  #isAbandoned = false;
  #ends = 2;

  constructor(parts: MemoryLineParts) {
    this.#parts = parts;
    const { dialler, listener, endpoint, serial } = parts;
    const binding = new Uint8Array(BINDING_BYTES);
    new DataView(binding.buffer).setUint32(BINDING_BYTES - 4, serial);
    const both = { binding, later: parts.later, ended: () => this.#ended() };
    this.#dialler = new MemoryConnection({
      ...both,
      peer: listener.node,
      dialled: true,
      remote: endpoint,
      carry: (arrive) => this.#carry(this.#toListener, () => arrive(this.#listener)),
    });
    this.#listener = new MemoryConnection({
      ...both,
      peer: dialler.node,
      dialled: false,
      // As over TCP, the port that somebody dials from is nobody's to dial.
      remote: { host: endpoint.host, port: serial },
      carry: (arrive) => this.#carry(this.#toDialler, () => arrive(this.#dialler)),
    });
  }

  joins(node: NodeId): boolean {
    return this.#parts.dialler.node === node || this.#parts.listener.node === node;
  }

  /** The listener has its end first; `opened` is called once the dialler has its own, if that ever happens. */
  open(opened: () => void): void {
    this.#carry(this.#toListener, () => {
      // Before the listener can send anything.
      this.#carry(this.#toDialler, () => this.#openDialler(opened));
      this.#listener.open(this.#parts.listener);
    });
  }

  /** The dialler gave up waiting. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#carry(this.#toListener, () => this.#listener.end(BROKEN, ''));
    this.#dialler.end(BROKEN, '');
  }

  cut(): void {
    this.#silence();
    this.#parts.later(() => {
      this.#dialler.end(BROKEN, '');
      this.#listener.end(BROKEN, '');
    });
  }

  /** As `cut`, at one end alone. */
  cutAt(node: NodeId): void {
    this.#silence();
    const end = this.#parts.dialler.node === node ? this.#dialler : this.#listener;
    this.#parts.later(() => end.end(BROKEN, ''));
  }

  loseAllUnderWay(): void {
    if (this.#toDialler.length + this.#toListener.length > 0) this.#silence();
  }

  #openDialler(opened: () => void): void {
    if (this.#isAbandoned) return;
    this.#dialler.open(this.#parts.dialler);
    opened();
  }

  #silence(): void {
    this.#isSilent = true;
    this.#toDialler.length = 0;
    this.#toListener.length = 0;
  }

  /** Every task has its own place in the queue, so order holds whatever the order of the clock's timers. */
  #carry(queue: (() => void)[], arrive: () => void): void {
    if (this.#parts.isPartitioned()) this.#silence();
    if (this.#isSilent) return;
    queue.push(arrive);
    this.#parts.later(() => queue.shift()?.());
  }

  #ended(): void {
    this.#ends--;
    if (this.#ends === 0) this.#parts.ended();
  }
}
