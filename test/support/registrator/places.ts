import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedClock } from '../../../main/adapters/clock/simulated.ts';
import {
  createNode,
  type ErrorCode,
  InterMachineError,
  type InterMachineNode,
  LocalMachineRegistrator,
} from '../../../main/index.ts';
import type { RegistratorPlace } from '../../compliance/registrator.ts';
import { eventually } from '../discovery.ts';
import { freeUdpPort } from '../udp-port.ts';
import { World } from '../world.ts';
import { type Command, clear, Driver } from './driver.ts';

/** So that no place on this machine meets another one. */
const KEY = 'abcdefghijklmnopqrstuvwxya';

/** One registrator in one process: elsewhere is here. */
export async function localPlace(): Promise<RegistratorPlace> {
  const clock = new SimulatedClock();
  const here = new LocalMachineRegistrator({ clock, report: () => {} });
  const driver = new Driver(here);
  const pass = async (milliseconds: number) => {
    clock.increment(milliseconds);
    for (let n = 0; n < 5; n++) await new Promise(setImmediate);
  };
  return { here, run: (command) => driver.run(command), step: () => pass(10), pass, close: () => here.stop() };
}

/** Two nodes on a simulated network and clock. */
export async function simulatedPlace(): Promise<RegistratorPlace> {
  const world = new World();
  const { node: here } = await world.start('a');
  const there = await world.start('b');
  const driver = new Driver(there.node);
  return {
    here,
    run: (command) => driver.run(command),
    step: () => world.advance(20),
    pass: (milliseconds) => world.advance(milliseconds),
    lose: async () => {
      world.network.partition(here.id, there.node.id);
    },
    close: () => world.stop(),
  };
}

/** Two nodes in two processes, over loopback. One pair serves test after test, until one of the two is gone. */
export class Processes {
  #pair: Pair | undefined;

  async open(): Promise<RegistratorPlace> {
    this.#pair ??= await openPair();
    const { here, child, run } = this.#pair;
    return {
      here,
      run,
      step: () => new Promise((resolve) => setTimeout(resolve, 5)),
      lose: async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
      close: async (isSpent) => {
        if (isSpent) return await this.close();
        await run({ do: 'clear' });
        await clear(
          here,
          [...here.machines()].filter(({ local }) => local).map(({ id }) => id),
        );
        await eventually('nothing is left', () => here.machines().length === 0);
      },
    };
  }

  async close(): Promise<void> {
    const pair = this.#pair;
    this.#pair = undefined;
    await pair?.close();
  }
}

interface Pair {
  readonly here: InterMachineNode;
  readonly child: ChildProcess;
  readonly run: (command: Command) => Promise<unknown>;
  close(): Promise<void>;
}

async function openPair(): Promise<Pair> {
  const home = await mkdtemp(join(tmpdir(), 'intermachine-test-'));
  const loopbackPort = await freeUdpPort();
  const child = fork(new URL('./host.ts', import.meta.url), [join(home, 'there'), String(loopbackPort), KEY]);
  await once(child, 'message');
  const here = await createNode({
    name: 'here',
    dataDir: join(home, 'here'),
    loopbackPort,
    networkKey: KEY,
    report: () => {},
  });
  await eventually('the other process is alive', () => here.peers().some((peer) => peer.state === 'alive'));
  return {
    here,
    child,
    run: commander(child),
    close: async () => {
      await here.stop();
      if (child.connected) {
        child.disconnect();
        await once(child, 'exit');
      }
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Tells the other process what to do, and waits for what came of it. */
export function commander(child: ChildProcess): (command: Command) => Promise<unknown> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let numbers = 0;
  child.on('message', (message: { number: number; result?: unknown; error?: { code: ErrorCode; message: string } }) => {
    const { error } = message;
    if (error) waiting.get(message.number)?.reject(new InterMachineError(error.code, error.message));
    else waiting.get(message.number)?.resolve(message.result);
    waiting.delete(message.number);
  });
  return (command) => {
    const number = ++numbers;
    const answer = Promise.withResolvers<unknown>();
    waiting.set(number, answer);
    child.send({ number, command });
    return answer.promise;
  };
}
