import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freeUdpPort } from '../udp-port.ts';
import type { Look } from './program.ts';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));
const KEY = 'abcdefghijklmnopqrstuvwxya';

/** What the machines ended up with, and what was promised to them on the way. */
export interface Survived extends Look {
  readonly accepted: readonly number[];
}

/** Starts a node with persisted machines on one data directory again and again, and kills it (SIGKILL) while it works. */
export async function surviveKills(
  lives: number,
  random: () => number,
  told: (accepted: number) => void = () => {},
): Promise<Survived> {
  const place = await mkdtemp(join(tmpdir(), 'intermachine-persisted-'));
  const port = await freeUdpPort();
  const start = (life: string): ChildProcess =>
    fork(PROGRAM, [join(place, 'data'), KEY, life], {
      execArgv: [],
      env: { ...process.env, INTERMACHINE_HOME: place, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  const accepted: number[] = [];
  try {
    for (let life = 1; life <= lives; life++) {
      const child = start(String(life));
      child.on('message', (n) => accepted.push(n as number));
      await heard(child);
      await passed(100 + 500 * random());
      child.kill('SIGKILL');
      await once(child, 'exit');
      told(accepted.length);
    }
    // Twice: what happens while a node stops counts, too.
    for (let looks = 1; ; looks++) {
      const child = start('look');
      const look = (await heard(child)) as Look;
      if (child.exitCode === null) await once(child, 'exit');
      if (looks === 2) return { ...look, accepted };
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Its next message; fails when it ends before. */
async function heard(child: ChildProcess): Promise<unknown> {
  // Told when all that it said was heard, which its exit is not.
  const ended = once(child, 'disconnect').then(() => {
    throw new Error(`the node ended by itself: ${child.exitCode ?? child.signalCode}`);
  });
  ended.catch(() => {});
  const [message] = (await Promise.race([once(child, 'message'), ended])) as unknown[];
  return message;
}

/** What is wrong with it, in sentences; empty where every event is there once, in order, in state and log. */
export function faultsOf({ numbers, ticks, seen, log, accepted }: Survived): readonly string[] {
  const known = new Set(numbers);
  const lost = accepted.filter((n) => !known.has(n));
  const firstTicks = Array.from({ length: seen.ticks.length }, (_, at) => at + 1);
  const recent = numbers.slice(-log.length);
  const checks: readonly [boolean, string][] = [
    [lost.length === 0, `${lost.length} accepted events are lost, such as ${lost[0]}`],
    [known.size === numbers.length, `${numbers.length - known.size} events were handled twice`],
    [numbers.every((n, at) => at === 0 || n > (numbers[at - 1] ?? n)), 'events changed their order'],
    [seen.numbers.join() === numbers.join(), 'what the worker sent is not what it handled'],
    [seen.ticks.join() === firstTicks.join(), 'ticks were lost or sent twice'],
    [seen.ticks.length <= ticks && ticks - seen.ticks.length < 100, `of ${ticks} ticks ${seen.ticks.length} arrived`],
    [log.map(({ n }) => n).join() === recent.join(), 'the log is not what was handled'],
    [log.every(({ status }) => status === 'handled'), 'the log does not say that all of it was handled'],
  ];
  return checks.flatMap(([isSo, fault]) => (isSo ? [] : [fault]));
}
