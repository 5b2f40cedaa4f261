import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Calls, Streams } from '../../shared/api.ts';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { type Client, connect } from '../../shared/rpc.ts';
import { dashboardTokenFile, type Environment, homeFrom, nodesIn } from '../config.ts';
import { type Running, readRunning } from '../dashboard/running-file.ts';
import { type Connection, connectTo } from './node-connection.ts';

/** Which node a command means; the only one that this user runs, unless told. */
export interface NodeChoice {
  readonly name?: string;
  readonly dataDir?: string;
}

/** A node as a command has it: the dashboard's contract, until it is disposed of. */
export interface RunningNode extends Client<Calls, Streams>, Disposable {
  readonly dataDir: string;
  /** Of the server that answered, on loopback. */
  readonly dashboardPort: number;
}

/** A data directory whose node runs, or ended without taking leave. */
interface Candidate {
  readonly dataDir: string;
  readonly running: Running;
}

interface Looked extends Candidate {
  readonly connection: Connection;
}

/**
 * Connects to the node that is meant: that of a data directory, or one of those that have theirs below this user's
 * InterMachine directory. Throws NODE_NOT_RUNNING, NODE_AMBIGUOUS, NODE_SILENT, DATA_DIR_UNUSABLE.
 */
export async function runningNode(choice: NodeChoice, environment: Environment): Promise<RunningNode> {
  if (choice.dataDir !== undefined) return await nodeOf(resolve(choice.dataDir));
  const all = await candidatesBelow(nodesIn(homeFrom(environment)));
  const name = choice.name ?? (environment.INTERMACHINE_NAME || undefined);
  return name === undefined ? await anyOf(all) : await named(name, all);
}

async function nodeOf(dataDir: string): Promise<RunningNode> {
  const running = await readRunning(dataDir);
  const looked = running ? [await look({ dataDir, running })] : [];
  return theOnly(looked) ?? notRunning(`No node is running in ${dataDir}`, looked, `run --data-dir '${dataDir}'`);
}

async function anyOf(all: readonly Candidate[]): Promise<RunningNode> {
  const looked = await Promise.all(all.map(look));
  return theOnly(looked) ?? notRunning('You run no node', looked, `run. ${ELSEWHERE}`);
}

async function named(name: string, all: readonly Candidate[]): Promise<RunningNode> {
  const looked = await Promise.all(all.filter(({ running }) => running.name === name).map(look));
  const only = theOnly(looked);
  if (only) return only;
  const others = await namesOfRunning(all.filter(({ running }) => running.name !== name));
  const what = `You run no node "${name}"${others.length > 0 ? `, but ${others.join(', ')}` : ''}`;
  return notRunning(what, looked, `run --name '${name}'. ${ELSEWHERE}`);
}

async function namesOfRunning(candidates: readonly Candidate[]): Promise<readonly string[]> {
  const looked = await Promise.all(candidates.map(look));
  return looked.flatMap(({ running, connection }) => {
    if (connection.kind === 'connected') connection.cut();
    return connection.kind === 'gone' ? [] : [`"${running.name}"`];
  });
}

const ELSEWHERE = 'One that was given a data directory of its own is found with --data-dir.';

function theOnly(looked: readonly Looked[]): RunningNode | undefined {
  const there = looked.filter(({ connection }) => connection.kind !== 'gone');
  const [first, ...more] = there;
  if (!first) return undefined;
  if (more.length > 0) {
    for (const { connection } of there) if (connection.kind === 'connected') connection.cut();
    const which = there.map(({ dataDir, running }) => `"${running.name}" in ${dataDir}`).join(', ');
    throw new InterMachineError(
      'NODE_AMBIGUOUS',
      `Several nodes are running: ${which}. Say which with --name or --data-dir.`,
    );
  }
  const { running, dataDir, connection } = first;
  if (connection.kind === 'connected')
    return {
      ...connect<Calls, Streams>(connection.pipe, globalThis),
      dataDir,
      dashboardPort: running.port,
      [Symbol.dispose]: connection.cut,
    };
  const why = connection.kind === 'silent' ? connection.why : '';
  throw new InterMachineError(
    'NODE_SILENT',
    `The node "${running.name}" (process ${running.pid}, in ${dataDir}) does not answer: ${why}`,
  );
}

function notRunning(what: string, gone: readonly Looked[], start: string): never {
  const ended = gone.map(
    ({ running, dataDir }) => ` "${running.name}" (process ${running.pid}, in ${dataDir}) ended without taking leave.`,
  );
  throw new InterMachineError('NODE_NOT_RUNNING', `${what}.${ended.join('')} Start it: intermachine ${start}`);
}

async function candidatesBelow(directory: string): Promise<readonly Candidate[]> {
  const names = await readdir(directory).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const dataDir = join(directory, name);
      // What this user may not read is no node of theirs.
      const running = await readRunning(dataDir).catch(() => undefined);
      return running ? [{ dataDir, running }] : [];
    }),
  );
  return found.flat();
}

async function look({ dataDir, running }: Candidate): Promise<Looked> {
  try {
    const token = (await readFile(dashboardTokenFile(dataDir), 'utf8')).trim();
    return { dataDir, running, connection: await connectTo(running, token) };
  } catch (thrown) {
    return { dataDir, running, connection: { kind: 'silent', why: reasonOf(thrown) } };
  }
}

/** The newest item of a stream; leaves it then. Throws PIPE_CLOSED. */
export async function firstOf<Item>(items: AsyncIterable<Item>): Promise<Item> {
  for await (const item of items) return item;
  throw ended();
}

/** PIPE_CLOSED, of a stream that has no end of its own. */
export const ended = (): InterMachineError =>
  new InterMachineError('PIPE_CLOSED', 'The node ended the list before it was whole');
