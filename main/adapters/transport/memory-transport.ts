import { InterMachineError } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import type { Accept, Clock, ConnectionReader, DialTarget, Endpoint, Transport } from '../../core/ports.ts';
import { DIAL_TIMEOUT_MS, LEAVING, STAGGER_MS } from './defaults.ts';
import { formatEndpoint, worthTrying } from './endpoint.ts';
import { copiedError, dialError, noAnswer, selfErrorIn } from './faults.ts';
import type { MemoryConnection } from './memory-connection.ts';
import type { MemoryLine, Party } from './memory-line.ts';
import { staggered } from './staggered.ts';

/** The one host of a network in memory. */
export const HOST = 'memory';

/** What a transport needs of the network it belongs to. */
export interface Wiring {
  readonly clock: Clock;
  later(task: () => void): void;
  listen(party: Party, port?: number): number;
  unlisten(port: number): void;
  listeningOn(endpoint: Endpoint): Party | undefined;
  areApart(a: NodeId, b: NodeId): boolean;
  line(dialler: Party, listener: Party, endpoint: Endpoint): MemoryLine;
}

/** One node's way into a `MemoryNetwork`. */
export class MemoryTransport implements Transport {
  readonly #node: NodeId;
  readonly #wiring: Wiring;
  readonly #wantedPort: number | undefined;
  readonly #connections = new Set<MemoryConnection>();
  /** Each gives one dial up. */
  readonly #dials = new Set<(why: Error) => void>();
  #listening: Party | undefined;
  #port: number | undefined;
  #isStopped = false;

  constructor(node: NodeId, wiring: Wiring, wantedPort?: number) {
    this.#node = node;
    this.#wiring = wiring;
    this.#wantedPort = wantedPort;
  }

  async listen(accept: Accept, refuses: (node: NodeId) => boolean = () => false): Promise<{ readonly port: number }> {
    if (this.#port !== undefined || this.#isStopped)
      throw new InterMachineError('INTERNAL', 'A transport listens once; make a new one to listen again.');
    this.#listening = { ...this.#party(accept), refuses };
    this.#port = this.#wiring.listen(this.#listening, this.#wantedPort);
    return { port: this.#port };
  }

  async dial({ node, endpoints }: DialTarget, accept: Accept): Promise<void> {
    if (this.#isStopped) throw new InterMachineError('DIAL_FAILED', 'This node has stopped and dials nobody.');
    const { clock } = this.#wiring;
    const { promise: over, reject: giveUp } = Promise.withResolvers<never>();
    // Often nobody waits for it any more.
    over.catch(() => {});
    const timeout = clock.setTimeout(() => giveUp(noAnswer(DIAL_TIMEOUT_MS)), DIAL_TIMEOUT_MS);
    this.#dials.add(giveUp);
    const tried = worthTrying(endpoints);
    const party = this.#party(accept);
    try {
      const failures = await staggered(
        tried,
        { afterMs: STAGGER_MS, answeredMs: STAGGER_MS },
        (endpoint) => this.#reach(endpoint, node, party, over),
        clock,
      );
      if (failures) throw selfErrorIn(failures) ?? dialError(node, failures, endpoints.length - tried.length);
    } finally {
      clock.clearTimeout(timeout);
      this.#dials.delete(giveUp);
      giveUp(new Error('another endpoint was faster'));
    }
  }

  mayDial(host: string): boolean {
    return host === HOST;
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const giveUp of this.#dials) giveUp(new Error('this node stops'));
    if (this.#port !== undefined) this.#wiring.unlisten(this.#port);
    // At once: on a simulated clock nobody may be there to let time pass.
    for (const connection of [...this.#connections]) connection.leave(LEAVING, 'leaving');
  }

  /** A line to whoever listens there. `over` rejects when it takes too long. */
  async #reach(endpoint: Endpoint, expected: NodeId | undefined, party: Party, over: Promise<never>): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => this.#wiring.later(resolve)), over]);
    const other = this.#wiring.listeningOn(endpoint);
    if (!other) throw new Error('refused, nothing listens there');
    if (this.#wiring.areApart(this.#node, other.node)) return over;
    if (other.node === this.#node && other === this.#listening)
      throw new InterMachineError('DIALLED_SELF', `${formatEndpoint(endpoint)} is this node itself`);
    if (other.node === this.#node) throw copiedError(endpoint);
    if (expected !== undefined && other.node !== expected) throw new Error(`it is another node, ${other.node}`);
    if (other.refuses?.(this.#node)) throw new Error('it hung up');
    const line = this.#wiring.line(party, other, endpoint);
    try {
      await Promise.race([new Promise<void>((resolve) => line.open(resolve)), over]);
    } catch (thrown) {
      line.abandon();
      throw thrown;
    }
  }

  #party(accept: Accept): Party {
    return { node: this.#node, accept: (connection) => this.#take(connection, accept) };
  }

  /** Keeps the connection in mind for as long as it is open. */
  #take(connection: MemoryConnection, accept: Accept): ConnectionReader {
    if (this.#isStopped) {
      connection.close(LEAVING, 'leaving');
      return { frame: () => {}, closed: () => {} };
    }
    this.#connections.add(connection);
    const reader = accept(connection);
    return {
      frame: (text) => reader.frame(text),
      closed: (code, reason) => {
        this.#connections.delete(connection);
        reader.closed(code, reason);
      },
    };
  }
}
