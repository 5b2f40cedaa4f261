// npm run bench:restart [-- --rows 1000000 --page 1]: how soon a node is there again whose database holds a long log and much that waits.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqliteStore } from '../../main/adapters/store/sqlite.ts';
import type { Page, Stream } from '../../main/core/ports.ts';
import { createNode } from '../../main/index.ts';
import { encodeLabel } from '../../shared/envelope-text.ts';
import { machineId, type NodeId } from '../../shared/ids.ts';
import { CliPlace, type JsonProcess } from '../support/cli.ts';
import { idOf } from '../support/world.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    /** Rows that came or went in one turn; 1 is the worst that can be. */
    page: { type: 'string', default: '1' },
  },
});
const ROWS = Number(values.rows);
const PAGE = Number(values.page);
/** For a peer that is away. */
const WAITING = 20_000;
/** For a machine of this node that does not run: as much as may wait for one. */
const HELD = 10_000;
const COMMIT_PAGES = 5_000;
const PROMISED_MS = 2_000;
/** With INTERMACHINE_QUIET=1 nobody else uses this machine. Else what takes so many times as long is a fault, whoever else works. */
const FAULT_FACTOR = process.env.INTERMACHINE_QUIET === '1' ? 1 : 4;

const PEER = idOf('peer');
const HERE = machineId('Held_1');
const THERE = machineId('Sink_1');
const VALUE = 'x'.repeat(72);

/** One log of events of 100 bytes: half of it came, half of it went; the newest of each still wait. */
async function fill(file: string, self: NodeId): Promise<void> {
  const store = new SqliteStore({ file });
  const { clock } = await store.open();
  const expiresAt = (clock?.time ?? 0) + 7 * 86_400_000;
  const loggedAt = Date.now();
  const pageOf = (stream: Stream, first: number, count: number): Page => {
    const [from, to] = stream.direction === 'in' ? [THERE, HERE] : [HERE, THERE];
    const text = (n: number) =>
      `${encodeLabel({ from, to, sentAt: loggedAt, expiresAt })}\n${JSON.stringify({ type: 'SAMPLE', n, value: VALUE })}`;
    const texts = Array.from({ length: count }, (_, n) => text(first + n));
    return { ...stream, first, count, text: texts.join('\n'), clockOffset: 0, loggedAt };
  };
  await store.commit([
    { type: 'node', row: { id: PEER, name: 'peer', incarnation: 1, lastSeenAt: loggedAt, endpoints: [] } },
    { type: 'machine', row: { node: PEER, id: THERE, type: 'Sink', version: '1.0.0', metadata: {} } },
    { type: 'machine', row: { node: self, id: HERE, type: 'Held', version: '1.0.0', metadata: {} } },
  ]);
  const received: Stream = { direction: 'in', peer: PEER, epoch: '0123456789abcdef' };
  const sent: Stream = { direction: 'out', peer: PEER, epoch: 'fedcba9876543210' };
  for (let first = 1; first <= ROWS / 2; ) {
    const pages: Page[] = [];
    for (; pages.length < COMMIT_PAGES && first <= ROWS / 2; first += PAGE)
      for (const stream of [received, sent]) pages.push(pageOf(stream, first, Math.min(PAGE, ROWS / 2 + 1 - first)));
    const last = Math.min(first - 1, ROWS / 2);
    await store.commit([
      ...pages.map((page) => ({ type: 'page' as const, page })),
      { type: 'became', ...received, first: 1, last: Math.min(last, ROWS / 2 - HELD), status: 'handled' },
      { type: 'acknowledged', ...sent, sequence: Math.min(last, ROWS / 2 - WAITING) },
      { type: 'became', ...sent, first: 1, last: Math.min(last, ROWS / 2 - WAITING), status: 'handled' },
    ]);
  }
  await store.close();
}

interface Start {
  readonly ready: number;
  /** Of all its threads until then; `undefined` where the system does not tell. It hardly depends on who else works. */
  readonly processor: number | undefined;
  readonly machine: number;
  readonly answer: number;
}

/** In milliseconds. Linux counts in hundredths of a second. */
function processorTimeOf(pid: number | undefined): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

/** In milliseconds from the start of its process; `answer` is what `intermachine id` takes, from its own. */
async function start(place: CliPlace, dataDir: string): Promise<{ readonly child: JsonProcess; readonly took: Start }> {
  const from = performance.now();
  const child = place.node('--data-dir', dataDir, '--machine', 'thermostat');
  const ready = (await child.line(({ event }) => event === 'ready')).at - from;
  const processor = processorTimeOf(child.child.pid);
  const isThere = ({ event, type, local }: { event: string; type?: unknown; local?: unknown }) =>
    event === 'machine' && type === 'Thermostat' && local === true;
  const machine = (await child.line(isThere)).at - from;
  const asked = performance.now();
  const { code, errors } = await place.ask('id', '--data-dir', dataDir);
  if (code !== 0) throw new Error(errors);
  return { child, took: { ready, processor, machine, answer: performance.now() - asked } };
}

const place = await CliPlace.make();
const home = await mkdtemp(join(tmpdir(), 'intermachine-bench-'));
const dataDir = join(home, 'full');
const file = join(dataDir, 'node.db');
try {
  const node = await createNode({
    name: 'full',
    dataDir,
    networkKey: 'abcdefghijklmnopqrstuvwxya',
    loopbackPort: place.loopbackPort,
    report: console.error,
  });
  const self = node.id;
  await node.stop();
  const filledFrom = performance.now();
  await fill(file, self);
  const mebibytes = Math.round((await stat(file)).size / 1024 / 1024);
  console.log(
    `${ROWS.toLocaleString('en')} rows of 100 bytes in pages of ${PAGE}, ${mebibytes} MiB, written in ${((performance.now() - filledFrom) / 1_000).toFixed(0)} s; ` +
      `${WAITING.toLocaleString('en')} wait for a peer, ${HELD.toLocaleString('en')} for a machine`,
  );
  const empty = await start(place, join(home, 'empty'));
  await empty.child.end();
  const show = (what: string, { ready, processor, machine, answer }: Start) =>
    console.log(
      `${what.padEnd(34)} ready after ${ready.toFixed(0).padStart(5)} ms (${processor ?? '?'} ms of processor time), its machine runs after ${machine.toFixed(0).padStart(5)} ms, \`intermachine id\` takes ${answer.toFixed(0)} ms`,
    );
  show('a new node, for comparison', empty.took);
  let slowest = 0;
  for (const how of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
    const { child, took } = await start(place, dataDir);
    slowest = Math.max(slowest, took.machine);
    show(`the full one (ended by ${how} next)`, took);
    await child.end(how);
  }
  const boundMs = PROMISED_MS * FAULT_FACTOR;
  console.log(`promised: ${PROMISED_MS} ms on a quiet machine; a fault from ${boundMs} ms on`);
  if (slowest >= boundMs) process.exitCode = 1;
} finally {
  await place.clear();
  await rm(home, { recursive: true, force: true });
}
