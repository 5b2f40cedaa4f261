import type { NodeId } from '../../../shared/ids.ts';
import type { Clock, Endpoint, Scheduler, Transport } from '../../core/ports.ts';
import { MemoryLine, type Party } from './memory-line.ts';
import { HOST, MemoryTransport, type Wiring } from './memory-transport.ts';

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Milliseconds from one node to another; 0 takes a turn of the scheduler instead. */
  readonly latencyMs?: number;
}

/** A whole network in one process: every transport it makes can dial every other. Nothing in it is left to chance. */
export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #later: (task: () => void) => void;
  readonly #listening = new Map<number, Party>();
  readonly #lines = new Set<MemoryLine>();
  readonly #partitions = new Set<string>();
  #ports = 0;
  #dialled = 0;

  constructor({ clock, scheduler, latencyMs = 0 }: MemoryNetworkOptions) {
    this.#clock = clock;
    this.#later = (task) => {
      if (latencyMs > 0) clock.setTimeout(task, latencyMs);
      else scheduler.soon(task);
    };
  }

  /** One node's way into this network. Listens on `{ host: 'memory', port }`, a port that is never given twice, unless it is told one. */
  transport(node: NodeId, port?: number): Transport {
    return new MemoryTransport(node, this.#wiring, port);
  }

  /**
   * Pulls the cable between two nodes: what is under way is lost, nothing arrives, and nobody is told. A line on which
   * something was lost stays silent even when the cable is back, as no line may ever show a gap.
   */
  partition(a: NodeId, b: NodeId): void {
    this.#partitions.add(pair(a, b));
    for (const line of this.#linesBetween(a, b)) line.loseAllUnderWay();
  }

  /** Puts the cable back. */
  heal(a: NodeId, b: NodeId): void {
    this.#partitions.delete(pair(a, b));
  }

  /** Ends every line between two nodes at both ends, with 1006; they may dial again at once. */
  cut(a: NodeId, b: NodeId): void {
    for (const line of this.#linesBetween(a, b)) line.cut();
  }

  /** Ends every line between two nodes at the end of `at`, with 1006; the other end hears nothing any more, and is not told. */
  halfOpen(at: NodeId, other: NodeId): void {
    for (const line of this.#linesBetween(at, other)) line.cutAt(at);
  }

  get #wiring(): Wiring {
    return {
      clock: this.#clock,
      later: this.#later,
      listen: (listening, port = ++this.#ports) => {
        this.#listening.set(port, listening);
        return port;
      },
      unlisten: (port) => this.#listening.delete(port),
      listeningOn: ({ host, port }) => (host === HOST ? this.#listening.get(port) : undefined),
      areApart: (a, b) => this.#partitions.has(pair(a, b)),
      line: (dialler, listener, endpoint) => this.#line(dialler, listener, endpoint),
    };
  }

  #line(dialler: Party, listener: Party, endpoint: Endpoint): MemoryLine {
    const line: MemoryLine = new MemoryLine({
      dialler,
      listener,
      endpoint,
      serial: ++this.#dialled,
      later: this.#later,
      isPartitioned: () => this.#partitions.has(pair(dialler.node, listener.node)),
      ended: () => this.#lines.delete(line),
    });
    this.#lines.add(line);
    return line;
  }

  #linesBetween(a: NodeId, b: NodeId): MemoryLine[] {
    return [...this.#lines].filter((line) => line.joins(a) && line.joins(b));
  }
}

const pair = (a: NodeId, b: NodeId): string => (a < b ? a + b : b + a);
