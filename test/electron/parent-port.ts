import { EventEmitter } from 'node:events';

// Gives a plain Node process what Electron gives to the engine's: `node --import parent-port.ts engine.js`. Messages and what
// passes through ports travel over the channel to the process that started it, each with the number of its port.

/** Between the two processes; without a port it is of the parent port itself. */
export interface Passed {
  readonly port?: number;
  readonly data: unknown;
  /** A port that comes with the message, or its end. */
  readonly opens?: number;
  readonly closes?: true;
}

const pass = (passed: Passed) => process.send?.(passed);

class PortDouble extends EventEmitter {
  readonly #id: number;
  #waiting: unknown[] | undefined = [];
  constructor(id: number) {
    super();
    this.#id = id;
  }
  /** Messages wait for this, as in Electron. */
  start(): void {
    for (const data of this.#waiting?.splice(0) ?? []) this.emit('message', { data, ports: [] });
    this.#waiting = undefined;
  }
  arrive(data: unknown): void {
    if (this.#waiting) this.#waiting.push(data);
    else this.emit('message', { data, ports: [] });
  }
  postMessage(data: unknown): void {
    pass({ port: this.#id, data });
  }
  close(): void {
    pass({ port: this.#id, data: undefined, closes: true });
    this.emit('close');
  }
}

const ports = new Map<number, PortDouble>();
const parentPort = Object.assign(new EventEmitter(), { postMessage: (data: unknown) => pass({ data }) });
Object.assign(process, { parentPort });

// As in Electron, messages wait for the first reader.
parentPort.once('newListener', () => {
  process.on('message', ({ port, data, opens, closes }: Passed) => {
    if (port !== undefined && closes) ports.get(port)?.emit('close');
    else if (port !== undefined) ports.get(port)?.arrive(data);
    else {
      const opened = opens === undefined ? [] : [new PortDouble(opens)];
      if (opens !== undefined && opened[0]) ports.set(opens, opened[0]);
      parentPort.emit('message', { data, ports: opened });
    }
  });
});
