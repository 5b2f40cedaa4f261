import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { EngineOptions } from '../../main/electron/engine-options.ts';
import { freeUdpPort } from '../support/udp-port.ts';
import { bundleDesktop } from './bundle.ts';
import { EngineChild } from './engine-child.ts';

// The engine as it is bundled, in a process of its own, with its database on disk.

const place = mkdtempSync(join(tmpdir(), 'intermachine-test-'));
const bundle = join(place, 'desktop');
const engines: EngineChild[] = [];

beforeAll(async () => {
  await bundleDesktop(bundle);
}, 60_000);
afterEach(() => {
  for (const engine of engines.splice(0)) engine.kill();
});
afterAll(() => rmSync(place, { recursive: true, force: true, maxRetries: 3 }));

async function start(options: EngineOptions): Promise<EngineChild> {
  const engine = new EngineChild(join(bundle, 'engine.js'), {
    INTERMACHINE_HOME: join(place, 'home'),
    INTERMACHINE_NETWORK_KEY: '',
    INTERMACHINE_NAME: '',
    INTERMACHINE_LOOPBACK: String(await freeUdpPort()),
  });
  engines.push(engine);
  engine.tell({ type: 'START', options });
  return engine;
}

test('it starts a node with its database and machines, answers through the port, and says goodbye when told to stop', async () => {
  const engine = await start({ node: { name: 'bundled' }, machines: ['press'] });
  // Asked for before the node is there: the port waits.
  const page = engine.connect();
  const node = await page.call('node', {});
  expect(node).toMatchObject({ name: 'bundled', dataDir: join(place, 'home/nodes/bundled') });
  expect(await engine.says('READY')).toEqual({ type: 'READY', name: 'bundled' });
  for await (const { changed } of page.stream('machines', {})) {
    expect(changed).toMatchObject([{ type: 'Press', local: true }]);
    break;
  }
  expect(existsSync(join(place, 'home/nodes/bundled/node.db'))).toBe(true);
  // Where the command line finds it.
  const running = join(place, 'home/nodes/bundled/running.json');
  expect(JSON.parse(readFileSync(running, 'utf8'))).toMatchObject({ name: 'bundled', node: node.id });
  const stoppedAt = performance.now();
  engine.tell({ type: 'STOP' });
  expect(await engine.ended()).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(2_000);
  expect(existsSync(running)).toBe(false);
  expect(engine.errors).toBe('');
});

test('a machine file beside nothing uses the copies that are in the bundle', async () => {
  const folder = join(place, 'home/nodes/filed/machines');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'pong.mjs'),
    `import { defineMachine, createNode } from 'intermachine';
import { reply } from 'intermachine/xstate';
import { createMachine } from 'xstate';
const on = { PING: { actions: reply({ type: 'PONG' }) } };
export default defineMachine({ type: 'Pong', metadata: { node: typeof createNode }, machine: createMachine({ on }) });`,
  );
  const engine = await start({ node: { name: 'filed' }, machines: ['thermostat'] });
  const page = engine.connect();
  for await (const { files } of page.stream('files', {})) {
    if (files.length === 0) continue;
    expect(files).toMatchObject([{ name: 'pong.mjs', machines: ['Pong_1'], problems: [] }]);
    break;
  }
  const { id } = await page.call('node', {});
  const outcome = await page.call('send', { to: `im://${id}/Pong_1`, event: { type: 'PING' } });
  expect(outcome.status).toBe('handled');
});

test('the log is read and searched by the thread that only reads, and copied by another one', async () => {
  const engine = await start({ node: { name: 'logged' }, machines: ['press'] });
  const page = engine.connect();
  const node = await page.call('node', {});
  const { id } = await page.call('send', { to: `im://${node.id}/Press_1`, event: { type: 'UNHEARD_OF' } });
  const ofEngine = async (text: string) =>
    (await page.call('messages', { limit: 10, text })).map((message) => message.id);
  expect(await ofEngine('unheard')).toContain(id);
  expect(await ofEngine('never said')).toEqual([]);
  const file = join(place, 'logged.backup');
  for await (const { bytes } of page.stream('backup', { file })) expect(statSync(file).size).toBe(bytes);
});

test.each([
  [{ node: { name: '' }, machines: [] }, 'name: '],
  [{ node: { port: Number.NaN }, machines: [] }, 'port: '],
  [{ node: {}, machines: ['constructor'] }, '"constructor" is not shipped; there are feeder, robot, press, inspector'],
])('what it cannot start with it says, and waits for its end: %j', async (options, why) => {
  const engine = await start(options);
  expect(await engine.says('FAILED')).toEqual({
    type: 'FAILED',
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(why),
  });
  const { port } = engine.connect();
  expect(await engine.closed(port)).toBe(true);
  engine.tell({ type: 'STOP' });
  expect(await engine.ended()).toBe(0);
});

test('a page that asks again and again loses its oldest ports, and the newest works', async () => {
  const engine = await start({ node: { store: 'memory', name: 'asked' }, machines: [] });
  await engine.says('READY');
  const pages = Array.from({ length: 100 }, () => engine.connect());
  const [oldest, newest] = [pages[0], pages.at(-1)];
  expect(await engine.closed(oldest?.port ?? -1)).toBe(true);
  expect(await newest?.call('node', {})).toMatchObject({ name: 'asked' });
});

test('the preload is one CommonJS file that requires nothing but electron', () => {
  const scripts = readdirSync(bundle).filter((name) => /\.(c?js|ts|map)$/.test(name) && !name.startsWith('chunk-'));
  expect(scripts).toEqual(['engine.js', 'main.js', 'preload.cjs', 'reader-worker.js', 'sqlite-worker.js']);
  const preload = readFileSync(join(bundle, 'preload.cjs'), 'utf8');
  expect([...preload.matchAll(/require\(([^)]*)\)/g)].map(([, what]) => what)).toEqual(['"electron"']);
  expect(preload).not.toMatch(/^(import|export) /m);
});
