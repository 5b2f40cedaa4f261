import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as passes } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DELIVERY_LIMITS } from '../../main/core/defaults.ts';
import { eventually } from '../support/discovery.ts';
import { freeUdpPort } from '../support/udp-port.ts';
import type { OverloadReport } from './overload-node.ts';

const PROGRAM = fileURLToPath(new URL('./overload-node.ts', import.meta.url));
const KEY = 'abcdefghijklmnopqrstuvwxya';
const MiB = 1024 * 1024;
/** A third more than was seen in three minutes, on a busy machine. */
const MAX_RSS_MIB = 800;
/** Twice what was seen. A leak shows here long before it shows in the memory of the process, of which V8 lets most lie. */
const MAX_LIVE_MIB = 160;
/** What may wait for one peer unless told (core/defaults.ts). */
const MAX_WAITING = DELIVERY_LIMITS.outboxRows;

interface End {
  readonly child: ChildProcess;
  report: OverloadReport | undefined;
  /** In MiB, each time that it reported. */
  readonly rss: number[];
  readonly live: number[];
  readonly asked: number[];
}

/** A sender that knows no measure, and a machine that is too slow for it, in two processes: what both ends need, and how long an `ask` takes beside it. Returns what is wrong. */
export async function overload({ seconds }: { readonly seconds: number }): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'intermachine-overload-'));
  const loopbackPort = String(await freeUdpPort());
  const start = (role: string): End => {
    const child = fork(PROGRAM, [role, join(directory, role), loopbackPort, KEY], { execArgv: [] });
    const end: End = { child, report: undefined, rss: [], live: [], asked: [] };
    child.on('message', (report) => {
      end.report = report as OverloadReport;
      end.rss.push(end.report.rss / MiB);
      end.live.push(end.report.live / MiB);
      end.asked.push(...end.report.asked);
    });
    return end;
  };
  const ends = { slow: start('slow'), fast: start('fast') };
  try {
    await eventually('it floods', () => (ends.fast.report?.accepted ?? 0) > 0, 60_000);
    await passes(seconds * 1_000);
    return faultsOf(ends, seconds);
  } finally {
    await Promise.all(Object.values(ends).map(({ child }) => ended(child)));
    await rm(directory, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function faultsOf({ slow, fast }: { readonly slow: End; readonly fast: End }, seconds: number): readonly string[] {
  const { accepted = 0, refused = {}, waiting = 0, states = [] } = fast.report ?? {};
  const { asked } = fast;
  const handled = slow.report?.handled ?? 0;
  const times = asked.toSorted((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1);
  const most = ({ rss }: End) => Math.max(...rss);
  const shown = (mebibytes: readonly number[]) =>
    [0.25, 0.5, 0.75, 1].map((share) => mebibytes[Math.ceil(mebibytes.length * share) - 1]?.toFixed(0)).join(', ');
  console.log(
    `overload ${seconds} s: ${accepted.toLocaleString('en')} accepted, ${handled.toLocaleString('en')} handled, ${waiting.toLocaleString('en')} waited at the most, refused ${JSON.stringify(refused)}`,
  );
  console.log(`       MiB after each quarter: sender ${shown(fast.rss)}; receiver ${shown(slow.rss)}`);
  console.log(`       of it in use after a full collection: sender ${shown(fast.live)}; receiver ${shown(slow.live)}`);
  console.log(`       ask beside it: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (of ${times.length})`);
  const checks: readonly [boolean, string][] = [
    [handled > 0 && accepted > handled, 'it was no overload'],
    [Object.keys(refused).join() === 'OUTBOX_FULL', 'its sender was not told, or of something else'],
    [waiting <= MAX_WAITING, `${waiting} envelopes waited, where ${MAX_WAITING} may`],
    [states.every((state) => state === 'alive'), `its peer was ${states.join(', ')}`],
    [most(fast) < MAX_RSS_MIB, `the sender needs more than ${MAX_RSS_MIB} MiB`],
    [most(slow) < MAX_RSS_MIB, `the receiver needs more than ${MAX_RSS_MIB} MiB`],
    [fast.live.every((live) => live < MAX_LIVE_MIB), `the sender keeps more than ${MAX_LIVE_MIB} MiB`],
    [slow.live.every((live) => live < MAX_LIVE_MIB), `the receiver keeps more than ${MAX_LIVE_MIB} MiB`],
    [times.length > 0 && times.every(Number.isFinite), 'a question had no answer'],
  ];
  return checks.flatMap(([isSo, fault]) => (isSo ? [] : [fault]));
}
