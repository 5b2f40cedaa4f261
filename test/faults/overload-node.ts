// One of two nodes in processes of their own: `fork(overload-node, ['slow' | 'fast', dataDir, loopbackPort, networkKey])`. The fast one sends more than the slow one can take.
import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { createMachine } from 'xstate';
import { createNode, InterMachineError } from '../../main/index.ts';
import { reply } from '../../main/xstate.ts';

/** What a node tells, four times a second. */
export interface OverloadReport {
  readonly rss: number;
  /** Bytes of the heap that were in use after the last full collection; 0 before the first. */
  readonly live: number;
  /** Of the slow one. */
  readonly handled: number;
  /** Of the fast one: accepted, and what was said instead, by code. */
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Envelopes that the slow one does not have yet, at the most. */
  readonly waiting: number;
  /** How its peer was at any time. */
  readonly states: readonly string[];
  /** Milliseconds that each question took that was answered since the last report. */
  readonly asked: readonly number[];
}

const REPORT_MS = 250;
const ASK_EVERY_MS = 50;
/** What its machine is busy for with each event. */
const WORK_MS = 0.5;
const BURST = 500;
const EVENT = { type: 'SAMPLE', value: 'x'.repeat(1_000) };

const [role, dataDir = '', loopbackPort = '', networkKey = ''] = process.argv.slice(2);
const node = await createNode({
  name: role ?? '',
  dataDir,
  networkKey,
  loopbackPort: Number(loopbackPort),
  report: console.error,
});
const refused: Record<string, number> = {};
const states = new Set<string>();
let asked: number[] = [];
let [handled, accepted, waiting, live] = [0, 0, 0, 0];

new PerformanceObserver((list) => {
  const isFull = (entry: PerformanceEntry & { readonly detail?: NodeGCPerformanceDetail }) =>
    entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
  if (list.getEntries().some(isFull)) live = process.memoryUsage().heapUsed;
}).observe({ entryTypes: ['gc'] });

const work = () => {
  handled++;
  const until = performance.now() + WORK_MS;
  while (performance.now() < until);
};
if (role === 'slow') {
  await node.register('Slow', createMachine({ on: { SAMPLE: { actions: work } } }));
  await node.register('Echo', createMachine({ on: { PING: { actions: reply({ type: 'PONG' }) } } }));
} else {
  const [slow] = await node.waitForType('Slow', { timeoutMs: 60_000 });
  const [echo] = await node.waitForType('Echo', { timeoutMs: 60_000 });
  if (!slow || !echo) throw new Error('nobody is there');
  node.on('peer', ({ state }) => states.add(state));
  setInterval(async () => {
    const from = performance.now();
    await node.ask(echo.address, { type: 'PING' }, { timeoutMs: 30_000 }).then(
      () => asked.push(performance.now() - from),
      () => asked.push(Number.POSITIVE_INFINITY),
    );
  }, ASK_EVERY_MS);
  const flood = () => {
    for (let n = 0; n < BURST; n++)
      node.sendTo(slow.address, EVENT, { until: 'accepted' }).then(
        () => accepted++,
        (thrown: unknown) => {
          const code = thrown instanceof InterMachineError ? thrown.code : String(thrown);
          refused[code] = (refused[code] ?? 0) + 1;
        },
      );
    for (const { id } of node.peers()) waiting = Math.max(waiting, node.waitingFor(id));
    setTimeout(flood, 10);
  };
  flood();
}
setInterval(() => {
  const report: OverloadReport = {
    ...{ handled, accepted, refused, waiting, asked, live },
    states: [...states],
    rss: process.memoryUsage.rss(),
  };
  asked = [];
  process.send?.(report);
}, REPORT_MS);
process.on('disconnect', () => process.exit());
