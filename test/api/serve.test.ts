import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromPromise } from 'xstate';
import { serveApi } from '../../main/api/serve.ts';
import { type Started, startFrom } from '../../main/compose.ts';
import { configFrom } from '../../main/config.ts';
import { press } from '../../main/machines/press.ts';
import { CALLS, type Calls, type LogItem, type MachineLive, type MachineView, type Streams } from '../../shared/api.ts';
import { type Client, connect } from '../../shared/rpc.ts';
import { collector } from '../support/machines.ts';
import { pipePair } from '../support/pipes.ts';
import { freeUdpPort } from '../support/udp-port.ts';

let directory: string;
let here: Started;
let there: Started;
let client: Client<Calls, Streams>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'intermachine-api-'));
  const loopbackPort = await freeUdpPort();
  const start = (name: string) =>
    startFrom(
      configFrom({ name, dataDir: join(directory, name), loopbackPort, networkKey: 'abcdefghijklmnopqrstuvwxya' }, {}),
      () => {},
    );
  here = await start('here');
  there = await start('there');
  const [near, far] = pipePair();
  serveApi(here, far, { by: 'script', mayAct: true });
  client = connect<Calls, Streams>(near, { setTimeout, clearTimeout });
});
afterEach(async () => {
  await here.node.stop();
  await there.node.stop();
  await rm(directory, { recursive: true, force: true });
});

/** The first item that fits. */
async function first<Name extends keyof Streams>(
  name: Name,
  input: Parameters<Streams[Name]>[0],
  fits: (item: ReturnType<Streams[Name]>) => boolean,
): Promise<ReturnType<Streams[Name]>> {
  for await (const item of client.stream(name, input as never))
    if (fits(item as ReturnType<Streams[Name]>)) return item as ReturnType<Streams[Name]>;
  throw new Error('the stream ended');
}

test('the node tells who it is', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await client.call('node', {})).toMatchObject({
    id: here.node.id,
    name: 'here',
    version: manifest.version,
    port: here.node.port,
    dataDir: join(directory, 'here'),
  });
});

test('peers come with their state and round trip', async () => {
  const peers = await first('peers', {}, (list) => list.some(({ roundTripMs }) => roundTripMs !== undefined));
  expect(peers).toMatchObject([{ name: 'there', state: 'alive', waiting: 0 }]);
});

test('machines of every node come with their states, and with what becomes of them', async () => {
  const pressing = await there.node.register('Press', press);
  await here.node.waitForType('Press');
  const seen: MachineView[] = [];
  for await (const item of client.stream('machines', {})) {
    seen.push(...item.changed);
    if (seen.at(-1)?.state === 'open') void here.node.sendTo(pressing.address, { type: 'LOAD', part: 3 });
    if (item.removed.includes(pressing.address)) break;
    if (seen.at(-1)?.state === 'pressing' && there.node.machine('Press_1')) await pressing.unregister();
  }
  expect(seen.map(({ state }) => state)).toEqual(expect.arrayContaining(['open', 'pressing']));
  expect(seen.at(-1)).toMatchObject({ nodeName: 'there', local: false, type: 'Press', status: 'active' });
});

test('a machine of another node is drawn, watched while it runs, and sent to', async () => {
  const pressing = await there.node.register('Press', press);
  await here.node.waitForType('Press');
  const chart = await client.call('chart', { address: pressing.address });
  expect(chart.root.children.map(({ key }) => key)).toEqual(['open', 'pressing', 'opening']);
  const lives: MachineLive[] = [];
  for await (const live of client.stream('watch', { address: pressing.address })) {
    lives.push(live);
    if (lives.length === 1)
      expect(
        await client.call('send', { to: pressing.address, event: { type: 'LOAD', part: 9 } as { type: string } }),
      ).toMatchObject({ status: 'handled' });
    if (live.state === 'opening') break;
  }
  expect(lives[0]).toMatchObject({ state: 'open', status: 'active', step: 0 });
  const moved = lives.find(({ state }) => state === 'pressing');
  const transition = chart.transitions.find(({ event, source }) => event === 'LOAD' && source.endsWith('open'));
  expect(moved).toMatchObject({ last: { event: 'LOAD', transitions: [transition?.id] } });
  expect(JSON.parse(moved?.context ?? '')).toEqual({ part: 9, strokes: 0 });
  expect(moved?.active.every((id) => JSON.stringify(chart.root).includes(`"id":"${id}"`))).toBe(true);
});

test('the watch of a machine that is unregistered ends', async () => {
  const sink = await there.node.register('Sink', collector);
  await here.node.waitForType('Sink');
  const lives: MachineLive[] = [];
  const reading = (async () => {
    for await (const live of client.stream('watch', { address: sink.address })) {
      lives.push(live);
      void sink.unregister().catch(() => {});
    }
  })();
  await reading.catch((thrown: unknown) => expect(thrown).toMatchObject({ code: 'MACHINE_UNKNOWN' }));
  expect(lives.length).toBeGreaterThan(0);
});

test('logic that is no machine has no chart, and says so', async () => {
  const job = await there.node.register(
    'Job',
    fromPromise(() => new Promise(() => {})),
  );
  await here.node.waitForType('Job');
  await expect(client.call('chart', { address: job.address })).rejects.toMatchObject({ code: 'NOT_A_MACHINE' });
});

test('what is logged comes as it happens, and pages of it on demand', async () => {
  const sink = await there.node.register('Sink', collector);
  await here.node.waitForType('Sink');
  const items: LogItem[] = [];
  for await (const item of client.stream('log', {})) {
    items.push(item);
    if (items.length === 1) for (let n = 0; n < 5; n++) void here.node.sendTo(sink.address, { type: 'NUMBER', n });
    if (items.flatMap(({ outcomes }) => outcomes).filter(({ status }) => status === 'handled').length === 5) break;
  }
  expect(items.flatMap(({ rows }) => rows)).toHaveLength(5);
  const page = await client.call('messages', { limit: 2 });
  const next = await client.call('messages', { limit: 10, before: page.at(-1)?.place ?? 0 });
  expect([...page, ...next].map(({ eventJson }) => JSON.parse(eventJson).n)).toEqual([4, 3, 2, 1, 0]);
  expect(await client.call('messages', { limit: 10, text: '"n":3' })).toHaveLength(1);
});

test.each<[keyof Calls, unknown]>([
  ['messages', { limit: 0 }],
  ['messages', { limit: 10_000 }],
  ['messages', { limit: 1, sql: 'drop table' }],
  ['messages', {}],
  ['chart', {}],
  ['chart', { address: 5 }],
  ['send', { to: 'X' }],
  ['send', { to: 'X', event: { type: 5 } }],
  ['node', null],
])('%s does not take %j', async (name, input) => {
  await expect(client.call(name, input as never)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test('unknown machines are told by their code', async () => {
  await expect(client.call('chart', { address: 'Nobody' })).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
  await expect(client.call('send', { to: 'Nobody', event: { type: 'X' } })).rejects.toMatchObject({
    code: 'MACHINE_UNKNOWN',
  });
  await expect(first('watch', { address: 'Nobody' }, () => true)).rejects.toMatchObject({ code: 'MACHINE_UNKNOWN' });
});

test('who may only look sees all but pairing, changes nothing, and gets no secret', async () => {
  const [near, far] = pipePair();
  serveApi(here, far, { by: 'dashboard', mayAct: false });
  const viewer = connect<Calls, Streams>(near, { setTimeout, clearTimeout });
  expect(await viewer.call('node', {})).toMatchObject({ id: here.node.id, mayAct: false });
  await here.node.trust.showCode();
  for await (const { keyId, pairing } of viewer.stream('trust', {})) {
    expect([keyId, pairing]).toEqual([here.node.trust.keyId, undefined]);
    break;
  }
  const acts = Object.keys(CALLS).filter((name) => CALLS[name as keyof Calls] === 'acts') as (keyof Calls)[];
  expect(acts.length).toBeGreaterThan(10);
  for (const name of acts)
    await expect(viewer.call(name, {} as never), name).rejects.toMatchObject({ code: 'READ_ONLY' });
  expect(await viewer.call('audit', { limit: 10 })).toEqual([]);
});

test('what people do leaves rows, with what they did it through', async () => {
  const sink = await here.node.register('Sink', collector);
  await client.call('send', { to: sink.address, event: { type: 'NUMBER' } });
  await client.call('restart', { machine: sink.id });
  await client.call('networkKey', {});
  await client.call('block', { node: there.node.id });
  const rows = await client.call('audit', { limit: 10 });
  expect(rows.map(({ action, subject, by }) => [action, subject, by])).toEqual([
    ['block', there.node.id, 'script'],
    ['reveal', '', 'script'],
    ['restart', sink.id, 'script'],
    ['send', sink.address, 'script'],
  ]);
});

test.each<[keyof Calls, unknown]>([
  ['block', { node: 'kitchen' }],
  ['block', {}],
  ['join', { key: 'x', bring: 'some' }],
  ['typeCode', { node: 1 }],
  ['audit', { limit: 0 }],
  ['rotate', { now: true }],
])('%s with %j is refused', async (name, input) => {
  await expect(client.call(name, input as never)).rejects.toMatchObject({
    code: expect.stringMatching(/^(INPUT|ADDRESS)_INVALID$/),
  });
});
