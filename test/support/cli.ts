import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { programFile } from './programs.ts';
import { freeUdpPort } from './udp-port.ts';

/** Runs the command line from its sources, as `npm start` does. */
export const START = fileURLToPath(new URL('../../build/start.js', import.meta.url));

export interface Line {
  readonly event: string;
  /** Milliseconds of this process's clock when it came. */
  readonly at: number;
  readonly [field: string]: unknown;
}

/** What a command said. */
export interface Told {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A program that prints JSON lines, and what it printed so far. */
export class JsonProcess {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  errors = '';
  readonly #watchers = new Set<() => void>();

  constructor(child: ChildProcess) {
    this.child = child;
    if (!child.stdout || !child.stderr) throw new Error('its output must be piped');
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push({ ...(JSON.parse(line) as Line), at: performance.now() });
      this.#tell();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    child.on('exit', () => this.#tell());
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The first line, from number `from` on, that fits; fails when it ended or `withinMs` passed. */
  async line(fits: (line: Line) => boolean, { withinMs = 30_000, from = 0 } = {}): Promise<Line> {
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const look = () => {
      const found = this.lines.slice(from).find(fits);
      if (found) resolve(found);
      else if (this.hasEnded)
        reject(new Error(`it ended with ${this.child.exitCode ?? this.child.signalCode}: ${this.errors}`));
    };
    const late = () =>
      reject(
        new Error(
          `no such line within ${withinMs} ms; there are:\n${this.lines.map((line) => JSON.stringify(line)).join('\n')}\n${this.errors}`,
        ),
      );
    const timer = setTimeout(late, withinMs);
    this.#watchers.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
  }

  /** Its exit code or signal. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    if (!this.hasEnded) await once(this.child, 'exit');
    return this.child.exitCode ?? this.child.signalCode;
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    this.child.kill(signal);
    return await this.ended();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** A place of its own for the nodes of one test: data, network key and a loopback group that nobody else uses. */
export class CliPlace {
  readonly home: string;
  readonly loopbackPort: number;
  /** More of the environment, for what is started from now on. */
  readonly variables: Record<string, string> = {};
  readonly #processes: JsonProcess[] = [];

  private constructor(home: string, loopbackPort: number) {
    this.home = home;
    this.loopbackPort = loopbackPort;
  }

  static async make(): Promise<CliPlace> {
    return new CliPlace(await mkdtemp(join(tmpdir(), 'intermachine-test-')), await freeUdpPort());
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      INTERMACHINE_HOME: this.home,
      INTERMACHINE_NETWORK_KEY: '',
      INTERMACHINE_NAME: '',
      NO_COLOR: '1',
      ...this.variables,
    };
  }

  /** `intermachine …` */
  start(args: readonly string[]): JsonProcess {
    return this.track(
      spawn(process.execPath, [programFile('intermachine'), ...args], {
        env: this.environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  }

  /** `intermachine run --json …` in this place, with no dashboard unless its port is named. */
  node(...args: readonly string[]): JsonProcess {
    const dashboard = args.includes('--dashboard-port') ? [] : ['--no-dashboard'];
    return this.start(['run', '--json', '--loopback', String(this.loopbackPort), ...dashboard, ...args]);
  }

  /** `intermachine …` that asks a running node: what it printed, and its exit code. */
  async ask(...args: readonly string[]): Promise<Told> {
    const child = spawn(process.execPath, [programFile('intermachine'), ...args], {
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [output, errors] = [child.stdout, child.stderr].map((stream) => text(stream));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: (await output) ?? '', errors: (await errors) ?? '' };
  }

  track(child: ChildProcess): JsonProcess {
    const started = new JsonProcess(child);
    this.#processes.push(started);
    return started;
  }

  async clear(): Promise<void> {
    for (const each of this.#processes) if (!each.hasEnded) await each.end('SIGKILL');
    await rm(this.home, { recursive: true, force: true });
  }
}
