import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { type Started, shippedMachine, startFrom } from '../compose.ts';
import { configFrom, type NodeOptions } from '../config.ts';
import { type LocalApi, type LocalApiOptions, openLocalApi } from '../local-api.ts';
import { openBrowser } from './browser.ts';
import { fail } from './exit-codes.ts';
import type { DashboardAddress, Printer } from './printer.ts';
import { JsonPrinter } from './printer-json.ts';
import { TextPrinter } from './printer-text.ts';

export interface RunFlags {
  readonly name?: string;
  readonly dataDir?: string;
  readonly namespace?: string;
  readonly networkKey?: string;
  readonly open?: boolean;
  readonly port?: string;
  readonly peer?: readonly string[];
  readonly peersFile?: string;
  readonly advertise?: readonly string[];
  readonly peerExchange: boolean;
  readonly machine?: readonly string[];
  readonly ttlHours?: string;
  readonly outboxRows?: string;
  readonly logDays?: string;
  readonly logMb?: string;
  readonly storeMb?: string;
  readonly loopback?: string;
  readonly advertiseTypes: boolean;
  readonly machineFiles: boolean;
  readonly json?: boolean;
  readonly dashboard: boolean;
  readonly dashboardPort?: string;
  /** False for `--no-open`. */
  readonly browser?: boolean;
}

/** Milliseconds. Goodbyes take a few; a disk that hangs must not keep us. */
const STOP_LIMIT_MS = 1_900;

/** Runs a node until it is told to stop. */
export async function run(flags: RunFlags): Promise<void> {
  const printer: Printer = flags.json ? new JsonPrinter() : new TextPrinter();
  const config = configFrom(
    {
      advertiseTypes: flags.advertiseTypes,
      machineFiles: flags.machineFiles,
      ...(flags.name !== undefined && { name: flags.name }),
      ...(flags.dataDir !== undefined && { dataDir: flags.dataDir }),
      ...(flags.namespace !== undefined && { namespace: flags.namespace }),
      ...(flags.networkKey !== undefined && { networkKey: flags.networkKey }),
      ...(flags.open !== undefined && { open: flags.open }),
      ...(flags.port !== undefined && { port: numberFrom(flags.port) }),
      exchangePeers: flags.peerExchange,
      ...(flags.peer !== undefined && { peers: flags.peer }),
      ...(flags.peersFile !== undefined && { peersFile: flags.peersFile }),
      ...(flags.advertise !== undefined && { advertise: flags.advertise }),
      storage: storageFrom(flags),
      ...(flags.loopback !== undefined && { loopbackPort: numberFrom(flags.loopback) }),
    },
    process.env,
  );
  const machines = await Promise.all((flags.machine ?? []).map(shippedMachine));
  const dashboardPort = flags.dashboardPort === undefined ? 0 : dashboardPortFrom(flags.dashboardPort);
  // A machine's action that fails beside its machine must not end the node and the other machines.
  process.on('uncaughtException', (error) => printer.problem(`not caught: ${reasonOf(error)}`));
  process.on('unhandledRejection', (error) => printer.problem(`not caught: ${reasonOf(error)}`));

  const report = (message: string) => printer.problem(message);
  const started = await startFrom(config, report);
  const api = await openApi(started, { port: dashboardPort, report, page: flags.dashboard });
  stopOnSignals(started, api, printer);
  const dashboard = flags.dashboard ? { url: api.url, onceUrl: api.ticketUrl() } : undefined;
  print(started, dashboard, printer);
  if (dashboard && !flags.json && flags.browser !== false) openBrowser(dashboard.onceUrl);
  try {
    for (const { type, logic } of machines) await started.node.register(type, logic);
  } catch (thrown) {
    // Told to stop before all of them ran: that is no failure.
    if (!(thrown instanceof InterMachineError && thrown.code === 'NODE_STOPPED')) throw thrown;
  }
}

/** From here on everything that happens is printed, beginning with what happened while the node started. */
function print(started: Started, dashboard: DashboardAddress | undefined, printer: Printer): void {
  const { node } = started;
  printer.ready(started, dashboard);
  for (const peer of node.peers()) printer.peer(peer);
  for (const machine of node.machines()) if (machine.reachable) printer.machine({ type: 'found', machine });
  node.on('peer', (peer) => printer.peer(peer));
  node.on('machine', (change) => printer.machine(change));
  node.on('message', (row) => printer.message(row));
  node.on('outcome', (outcome) => printer.outcome(outcome));
  node.on('log', ({ machine, text }) => printer.log(machine, text));
  node.on('problem', (message) => printer.problem(message));
  // Told by its exit code, so that whoever supervises it can tell it from a crash.
  node.on('broken', fail);
}

function stopOnSignals({ node }: Started, api: LocalApi, printer: Printer): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(130);
    stopping = true;
    printer.stopping();
    setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref();
    const ended = node.trust
      .record('stop', '', { by: 'command' }, 'the node')
      .catch(() => {})
      .then(() => Promise.all([node.stop(), api.stop()]));
    ended.then(
      () => process.exit(0),
      (thrown: unknown) => {
        printer.problem(reasonOf(thrown));
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // Whoever read our output is gone.
  process.stdout.on('error', stop);
}

async function openApi(started: Started, options: LocalApiOptions): Promise<LocalApi> {
  try {
    return await openLocalApi(started, options);
  } catch (thrown) {
    await started.node.stop();
    throw thrown;
  }
}

function dashboardPortFrom(text: string): number {
  const port = numberFrom(text);
  if (port <= 65_535) return port;
  throw new InterMachineError('CONFIG_INVALID', 'dashboard-port: a whole number from 0 to 65535 is expected');
}

function storageFrom(flags: RunFlags): NonNullable<NodeOptions['storage']> {
  const { ttlHours, outboxRows, logDays, logMb, storeMb } = flags;
  return {
    ...(ttlHours !== undefined && { ttlMs: wholeFrom('ttl-hours', ttlHours) * 3_600_000 }),
    ...(outboxRows !== undefined && { outboxRows: wholeFrom('outbox-rows', outboxRows) }),
    ...(logDays !== undefined && { logMs: wholeFrom('log-days', logDays) * 86_400_000 }),
    ...(logMb !== undefined && { logBytes: wholeFrom('log-mb', logMb) * 1024 * 1024 }),
    ...(storeMb !== undefined && { maxBytes: wholeFrom('store-mb', storeMb) * 1024 * 1024 }),
  };
}

/** Where the unit is another one than that of the configuration, it could only name what nobody wrote. */
function wholeFrom(flag: string, text: string): number {
  const number = numberFrom(text);
  if (number > 0) return number;
  throw new InterMachineError('CONFIG_INVALID', `${flag}: a whole number from 1 is expected`);
}

/** What is no number becomes NaN, which the check of the configuration refuses by the option's name. */
const numberFrom = (text: string): number => (/^\d+$/.test(text) ? Number(text) : Number.NaN);
