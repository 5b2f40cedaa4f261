import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromEngine, ToEngine } from '../../main/electron/engine-messages.ts';
import type { Calls, Streams } from '../../shared/api.ts';
import { type Client, connect } from '../../shared/rpc.ts';
import type { Passed } from './parent-port.ts';

const PARENT_PORT = fileURLToPath(new URL('parent-port.ts', import.meta.url));

/** The bundled engine in a process of its own, told what the shell would tell it. */
export class EngineChild {
  readonly #child: ChildProcess;
  readonly #told: FromEngine[] = [];
  readonly #closed = new Set<number>();
  readonly #readers = new Map<number, (message: unknown) => void>();
  readonly #watchers = new Set<() => void>();
  #ports = 0;
  errors = '';

  constructor(script: string, environment: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, ['--import', PARENT_PORT, script], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.#child.on('message', ({ port, data, closes }: Passed) => {
      if (port === undefined) this.#told.push(data as FromEngine);
      else if (closes) this.#closed.add(port);
      else this.#readers.get(port)?.(data);
      for (const watcher of this.#watchers) watcher();
    });
    this.#child.on('exit', () => {
      for (const watcher of this.#watchers) watcher();
    });
  }

  tell(message: ToEngine, opens?: number): void {
    this.#pass({ data: message, ...(opens !== undefined && { opens }) });
  }

  /** What the engine tells of that type; fails when it ends without it. */
  async says<Type extends FromEngine['type']>(type: Type): Promise<FromEngine & { type: Type }> {
    return await this.#until(() => this.#told.find((message) => message.type === type) as FromEngine & { type: Type });
  }

  /** A page's end of a new port. */
  connect(): Client<Calls, Streams> & { readonly port: number } {
    const { port, send } = this.open();
    const onMessage = (read: (message: unknown) => void) => this.read(port, read);
    return { ...connect<Calls, Streams>({ send, onMessage, onClose: () => {}, close: () => {} }, globalThis), port };
  }

  open(): { readonly port: number; send(data: unknown): void } {
    const port = ++this.#ports;
    this.tell({ type: 'CONNECT' }, port);
    return { port, send: (data) => this.#pass({ port, data }) };
  }

  read(port: number, read: (message: unknown) => void): void {
    this.#readers.set(port, read);
  }

  async closed(port: number): Promise<true> {
    return await this.#until(() => (this.#closed.has(port) ? true : undefined));
  }

  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  /** The end of it, whatever it is doing. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** As with a real port, what is said to an engine that is gone is lost without a word. */
  #pass(passed: Passed): void {
    this.#child.send(passed, () => {});
  }

  async #until<Value>(look: () => Value | undefined): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const check = () => {
      const found = look();
      if (found !== undefined) resolve(found);
      else if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        reject(new Error(`the engine ended with ${this.#child.exitCode ?? this.#child.signalCode}: ${this.errors}`));
    };
    this.#watchers.add(check);
    check();
    return await promise.finally(() => this.#watchers.delete(check));
  }
}
