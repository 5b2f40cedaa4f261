import { closeSync, openSync, writeSync } from 'node:fs';
import { createMachine } from 'xstate';
import { createNode, InterMachineError, type InterMachineNode, type NodeOptions } from '../../main/index.ts';
import { NUMBERS_A_START } from './numbers.ts';

/** What a test tells the node in a process of its own. */
export type NodeOrder =
  | { readonly type: 'start'; readonly options: NodeOptions; readonly sending: Sending; readonly wallClock: number }
  /** Sends nothing more. */
  | { readonly type: 'quiet' }
  /** The wall clock is wrong by so much, in milliseconds. */
  | { readonly type: 'wallClock'; readonly is: number }
  | { readonly type: 'stop' };

export interface Sending {
  /** Accepted envelopes are written here, a line each, before they are counted. */
  readonly acceptedFile: string;
  /** Grows at every start of this node: the numbers of a later start are higher. */
  readonly start: number;
  /** The other nodes, by name. */
  readonly to: readonly string[];
  /** Events a second to each of them, in bursts. */
  readonly perSecond: number;
  readonly ttlMs: number;
}

/** What it reports, four times a second. */
export interface NodeState {
  readonly type: 'state';
  /** Sent and neither accepted nor refused yet. */
  readonly inFlight: number;
  readonly accepted: number;
  /** What was not accepted, by its code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Envelopes that peers do not have yet, and how those peers are, by name. */
  readonly waiting: Readonly<Record<string, number>>;
  readonly peers: Readonly<Record<string, string>>;
  /** Events that its machine handled since the start. */
  readonly handled: number;
  readonly rss: number;
}

export type NodeReport =
  | NodeState
  | { readonly type: 'started'; readonly id: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'problem'; readonly message: string }
  | { readonly type: 'stopped' };

/** Between two bursts. */
const BURST_MS = 10;
const REPORT_MS = 250;

/** One node whose machine sends to those of all others, until it is told to be quiet; it ends with its parent. */
class FaultNode {
  readonly #node: InterMachineNode;
  readonly #sending: Sending;
  readonly #file: number;
  readonly #refused: Record<string, number> = {};
  readonly #next = new Map<string, number>();
  #handled = 0;
  #accepted = 0;
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(node: InterMachineNode, sending: Sending) {
    this.#node = node;
    this.#sending = sending;
    this.#file = openSync(sending.acceptedFile, 'a');
  }

  async start(): Promise<void> {
    const count = { NUMBER: { actions: () => this.#handled++ } };
    const me = await this.#node.register('Sink', createMachine({ on: count }), { id: `sink-${this.#node.name}` });
    // Later starts know all others from their store, whether they are there or not.
    if (this.#sending.start === 1) await me.registrator.waitForType('Sink', { count: 3, timeoutMs: 60_000 });
    this.#timer = setInterval(() => {
      for (const name of this.#sending.to) {
        // The next burst is as large as chance will have it, twice the mean at the most.
        const size = Math.floor(((Math.random() * 2 * BURST_MS) / 1000) * this.#sending.perSecond + Math.random());
        for (let n = 0; n < size; n++) this.#send(me, name);
      }
    }, BURST_MS);
  }

  quiet(): void {
    clearInterval(this.#timer);
  }

  close(): void {
    this.quiet();
    closeSync(this.#file);
  }

  get state(): NodeState {
    const peers = this.#node.peers().filter(({ name }) => this.#sending.to.includes(name));
    return {
      type: 'state',
      inFlight: this.#inFlight,
      accepted: this.#accepted,
      refused: this.#refused,
      waiting: Object.fromEntries(peers.map(({ name, id }) => [name, this.#node.waitingFor(id)])),
      peers: Object.fromEntries(peers.map(({ name, state }) => [name, state])),
      handled: this.#handled,
      rss: process.memoryUsage.rss(),
    };
  }

  #send(me: Awaited<ReturnType<InterMachineNode['register']>>, name: string): void {
    const n = this.#next.get(name) ?? this.#sending.start * NUMBERS_A_START;
    this.#next.set(name, n + 1);
    this.#inFlight++;
    me.sendTo(`sink-${name}`, { type: 'NUMBER', n }, { until: 'accepted', ttlMs: this.#sending.ttlMs })
      .then(
        () => {
          // In the file before it is counted: a process that is killed keeps what it wrote.
          writeSync(this.#file, `${name} ${n}\n`);
          this.#accepted++;
        },
        (thrown: unknown) => {
          const code = thrown instanceof InterMachineError ? thrown.code : String(thrown);
          this.#refused[code] = (this.#refused[code] ?? 0) + 1;
        },
      )
      .finally(() => this.#inFlight--);
  }
}

const wallTime = Date.now;

/** Of this whole process, for its main thread, which does all that goes by it. */
function setWallClock(is: number): void {
  Date.now = () => wallTime() + is;
}

function main(): void {
  const report = (what: NodeReport) => {
    if (process.connected) process.send?.(what);
  };
  let running: { readonly node: InterMachineNode; readonly sender: FaultNode } | undefined;

  async function obey(order: NodeOrder): Promise<void> {
    switch (order.type) {
      case 'start': {
        setWallClock(order.wallClock);
        const node = await createNode({
          ...order.options,
          report: (message) => report({ type: 'problem', message }),
        });
        node.on('problem', (message) => report({ type: 'problem', message }));
        // Whoever runs a node starts it anew then, as the command line says by its exit code.
        node.on('broken', ({ code, message }) => {
          report({ type: 'failed', code, message });
          process.exitCode = 1;
          process.disconnect();
        });
        const sender = new FaultNode(node, order.sending);
        running = { node, sender };
        setInterval(() => report(sender.state), REPORT_MS).unref();
        await sender.start();
        return report({ type: 'started', id: node.id });
      }
      case 'quiet':
        return running?.sender.quiet();
      case 'wallClock':
        return setWallClock(order.is);
      case 'stop':
        running?.sender.quiet();
        await running?.node.stop();
        running?.sender.close();
        report({ type: 'stopped' });
        return process.disconnect();
    }
  }

  process.on('disconnect', () => process.exit());
  process.on('message', (order) => {
    obey(order as NodeOrder).catch((thrown: unknown) => {
      const code = thrown instanceof InterMachineError ? thrown.code : 'INTERNAL';
      report({ type: 'failed', code, message: String(thrown) });
      process.exitCode = 1;
      process.disconnect();
    });
  });
}

if (process.send) main();
