import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Campaign } from './campaign.ts';
import { MEMBER, STRANGER } from './frames.ts';
import { PACKETS_HEARD } from './packets.ts';
import { SOCKETS } from './sockets.ts';

export const CAMPAIGNS: readonly Campaign[] = [MEMBER, STRANGER, PACKETS_HEARD, SOCKETS];

export interface FuzzOptions {
  readonly cases: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  /** Cases after which progress is told. */
  readonly every?: number;
}

/** What one campaign did. */
export interface Fuzzed {
  readonly name: string;
  readonly cases: number;
  readonly healthyEvents: number;
  /** Of the heap, collected before and after. */
  readonly grewBytes: number;
  readonly tookMs: number;
}

/** Runs all campaigns. Rejects with what was found: the seed, and the smallest case that shows it. */
export async function fuzz({ cases, seed, say, every = Number.POSITIVE_INFINITY }: FuzzOptions): Promise<Fuzzed[]> {
  say(`seed ${seed}`);
  const done: Fuzzed[] = [];
  for (const campaign of CAMPAIGNS) {
    const before = collectedHeap();
    const startedAt = performance.now();
    let count = 0;
    const healthyEvents = await campaign.run(Math.ceil(cases * campaign.share), seed, () => {
      if (++count % every === 0) say(`${campaign.name}: ${count.toLocaleString('en')} cases`);
    });
    const tookMs = performance.now() - startedAt;
    done.push({ name: campaign.name, cases: count, healthyEvents, grewBytes: collectedHeap() - before, tookMs });
    say(textOf(done.at(-1) as Fuzzed));
  }
  return done;
}

const textOf = ({ name, cases, healthyEvents, grewBytes, tookMs }: Fuzzed): string =>
  `${name}: ${cases.toLocaleString('en')} cases in ${(tookMs / 1_000).toFixed(1)} s, ${healthyEvents.toLocaleString('en')} events of healthy peers, ` +
  `heap ${grewBytes < 0 ? '' : '+'}${(grewBytes / 2 ** 20).toFixed(1)} MiB`;

function collectedHeap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
