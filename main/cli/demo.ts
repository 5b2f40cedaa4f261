import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseAddress } from '../../shared/ids.ts';
import { openBrowser } from './browser.ts';
import { fail } from './exit-codes.ts';
import { bold, cyan, dim, fieldsOf, green, plain, red, timeOfDay, yellow } from './text.ts';

/** The press line, spread over three nodes. */
const NODES = [
  { name: 'feeding', machines: ['feeder'] },
  { name: 'handling', machines: ['robot'] },
  { name: 'pressing', machines: ['press', 'inspector'] },
] as const;

const BIN = fileURLToPath(new URL(`../bin${extname(import.meta.url)}`, import.meta.url));
/** Milliseconds until a node that does not stop by itself is ended. */
const STOP_LIMIT_MS = 3_000;

interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface DemoFlags {
  readonly seconds?: string;
  readonly dashboard: boolean;
  /** False for `--no-open`. */
  readonly browser?: boolean;
}

/** Starts the three nodes as processes of their own, which find each other on loopback alone, and prints what passes between them. */
export async function demo({ seconds, dashboard, browser }: DemoFlags): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'intermachine-demo-'));
  const port = await freeUdpPort();
  process.stdout.write(
    `${bold('Three nodes on this machine work together as a press line.')} The LAN does not see them. Ctrl+C stops them.\n\n`,
  );
  const view = new DemoView((url) => {
    if (browser !== false) openBrowser(url);
  });
  const children = NODES.map(({ name, machines }) => {
    const args = [
      'run',
      '--json',
      '--name',
      name,
      '--data-dir',
      join(directory, name),
      '--loopback',
      String(port),
      '--machine',
      ...machines,
      ...(dashboard ? [] : ['--no-dashboard']),
    ];
    const env = { ...process.env, INTERMACHINE_HOME: directory };
    const child = spawn(process.execPath, [BIN, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => view.show(name, JSON.parse(line) as Line));
    return child;
  });
  await untilStopped(children, seconds === undefined ? undefined : Number(seconds) * 1000);
  await Promise.all(children.map(stop));
  await rm(directory, { recursive: true, force: true });
  view.sum();
  // One that was told to stop before it could listen to that is ended by the signal itself.
  process.exit(children.some(({ exitCode, signalCode }) => exitCode !== 0 && signalCode !== 'SIGTERM') ? 1 : 0);
}

/** Resolves on a signal, when the time is up, or when a node ends by itself. */
async function untilStopped(children: readonly ChildProcess[], limitMs: number | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  // Whoever read our output is gone.
  process.stdout.on('error', () => resolve());
  if (limitMs !== undefined) setTimeout(resolve, limitMs);
  for (const child of children) {
    child.once('exit', () => resolve());
    child.once('error', fail);
  }
  await promise;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(limit);
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

interface Sent {
  readonly at: number;
  readonly text: string;
}

/** Prints each event once, when it is known what its machine did with it. */
class DemoView {
  readonly #openFirst: (url: string) => void;
  #isOpen = false;
  readonly #sent = new Map<string, Sent>();
  readonly #counts = new Map<string, number>();

  constructor(openFirst: (url: string) => void) {
    this.#openFirst = openFirst;
  }

  show(node: string, line: Line): void {
    if (line.event === 'ready') this.#ready(node, line);
    else if (line.event === 'problem') process.stdout.write(yellow(`  ${node}: ${plain(String(line.message))}\n`));
    else if (line.event === 'message' && line.direction !== 'in') this.#remember(line);
    else if (line.event === 'outcome' && line.direction !== 'in') this.#print(line);
  }

  sum(): void {
    const counts = [...this.#counts].map(([status, count]) => `${count} ${status}`).join(', ');
    process.stdout.write(`\nAll three nodes are stopped. Events: ${counts || 'none'}.\n`);
  }

  #ready(node: string, { nodeId, dashboard, dashboardOnce }: Line): void {
    const look = typeof dashboard === 'string' ? dashboard : '';
    process.stdout.write(`  node ${bold(node.padEnd(9))} ${dim(String(nodeId).slice(0, 12))}  ${look}\n`);
    if (look !== '' && !this.#isOpen) this.#openFirst(String(dashboardOnce));
    this.#isOpen ||= look !== '';
  }

  #remember({ id, from, to, payload, sentAt }: Line): void {
    const event = payload as Readonly<Record<string, unknown>>;
    const names = `${machineOf(from).padEnd(11)} → ${machineOf(to).padEnd(11)}`;
    const text = `${names}  ${cyan(plain(String(event.type)).padEnd(10))} ${fieldsOf(event).padEnd(20)}`;
    this.#sent.set(String(id), { at: Number(sentAt), text });
  }

  #print({ id, status }: Line): void {
    const sent = this.#sent.get(String(id));
    if (!sent || status === 'delivered' || status === 'accepted') return;
    this.#sent.delete(String(id));
    this.#counts.set(String(status), (this.#counts.get(String(status)) ?? 0) + 1);
    const told =
      status === 'handled' ? green('handled') : status === 'ignored' ? yellow('ignored: busy') : red(String(status));
    process.stdout.write(`${dim(timeOfDay(sent.at))}  ${sent.text}  ${told}\n`);
  }
}

const machineOf = (address: unknown): string => plain(parseAddress(String(address)).machine);
