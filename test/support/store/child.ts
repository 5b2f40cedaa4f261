import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { programFile } from '../programs.ts';

/** A process of its own with a store, and what it reported. */
export interface StoreProcess {
  readonly pid: number;
  readonly messages: readonly unknown[];
  /** Resolves with the first report that passes, also with one that came before. */
  reported(passes: (message: unknown) => boolean): Promise<unknown>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

export const startStoreProcess = (task: string, ...args: readonly string[]): StoreProcess => start([], task, args);

/** One whose heap has so many megabytes. */
export const startSmallProcess = (heapMb: number, task: string, ...args: readonly string[]): StoreProcess =>
  start([`--max-old-space-size=${heapMb}`], task, args);

function start(execArgv: readonly string[], task: string, args: readonly string[]): StoreProcess {
  const child = fork(programFile('store-process'), [task, ...args], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const messages: unknown[] = [];
  const watchers = new Set<() => void>();
  child.on('message', (message) => {
    messages.push(message);
    for (const watcher of watchers) watcher();
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  return {
    pid: pidOf(child),
    messages,
    kill,
    reported: (passes) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = messages.find(passes);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        exited.then(() => reject(new Error(`the process ended; it reported ${JSON.stringify(messages.at(-1))}`)));
        look();
      }),
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process did not start');
  return pid;
}
