import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteStore } from '../../main/adapters/store/sqlite.ts';
import { JsonProcess, type Line } from '../support/cli.ts';
import { expectWithin } from '../support/figures.ts';
import { createLan, type Lan, lanUnavailable } from '../support/lan.ts';
import { programFile } from '../support/programs.ts';

const noLan = lanUnavailable();
/** One key for hosts that do not share a home. */
const KEY = 'abcdefghijklmnopqrstuvwxya';
const NAMES = ['red', 'green', 'blue'] as const;
const MACHINES = { red: ['feeder'], green: ['robot'], blue: ['press', 'inspector'] } as const;
const TYPES = { red: ['Feeder'], green: ['Robot'], blue: ['Press', 'Inspector'] } as const;
type Name = (typeof NAMES)[number];

let lan: Lan;
let home: string;
const environment = () => ({ ...process.env, INTERMACHINE_HOME: home, INTERMACHINE_NETWORK_KEY: KEY, NO_COLOR: '1' });

/** A whole node on one host, as a person starts it. */
function start(name: Name): JsonProcess {
  const host = lan.hosts[NAMES.indexOf(name)];
  if (!host) throw new Error('no such host');
  const args = [
    programFile('intermachine'),
    'run',
    '--json',
    '--name',
    name,
    '--data-dir',
    join(home, name),
    '--machine',
    ...MACHINES[name],
  ];
  return new JsonProcess(host.spawn(process.execPath, args, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] }));
}

const isReady = ({ event }: Line) => event === 'ready';
const isPeer =
  (of: Name, state: string) =>
  ({ event, name, state: now }: Line) =>
    event === 'peer' && name === of && now === state;
const isMachine =
  (type: string) =>
  ({ event, type: of, local, reachable }: Line) =>
    event === 'machine' && of === type && local === false && reachable === true;

/** Milliseconds between two lines that this process read. */
const between = (from: Line, to: Line): number => to.at - from.at;

/** All three, seeing each other and each other's machines. */
async function startAll(): Promise<Record<Name, JsonProcess>> {
  const nodes = { red: start('red'), green: start('green'), blue: start('blue') };
  for (const name of NAMES)
    for (const other of NAMES) if (other !== name) await nodes[name].line(isPeer(other, 'alive'));
  return nodes;
}

describe.skipIf(noLan)(`three hosts on a LAN${noLan ? ` (skipped: ${noLan})` : ''}`, () => {
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'intermachine-lan-'));
    lan = createLan(3);
  });
  afterEach(async () => {
    await lan.down();
    await rm(home, { recursive: true, force: true });
  });

  test('each lists the other two, with their machines, within a second', async () => {
    const nodes = await startAll();
    const readyAt = Math.max(...(await Promise.all(NAMES.map(async (name) => (await nodes[name].line(isReady)).at))));
    for (const name of NAMES) {
      for (const other of NAMES) {
        if (other === name) continue;
        for (const type of TYPES[other])
          expect((await nodes[name].line(isMachine(type))).at - readyAt).toBeLessThan(1_000);
      }
    }
  });

  test('events cross both ways, and are in the databases of both ends', async () => {
    const { red, green } = await startAll();
    const sent = await red.line(
      ({ event, type, direction }) => event === 'message' && direction === 'out' && type === 'PART_READY',
    );
    const answered = await green.line(
      ({ event, type, direction }) => event === 'message' && direction === 'out' && type === 'PART_TAKEN',
    );
    for (const { id } of [sent, answered]) {
      await red.line(({ event, id: of, status }) => event === 'outcome' && of === id && status === 'handled');
      await green.line(({ event, id: of, status }) => event === 'outcome' && of === id && status === 'handled');
    }
    await Promise.all([red.end(), green.end()]);
    for (const name of ['red', 'green']) {
      // Both processes ended: what is read here is what their disks hold.
      const store = new SqliteStore({ file: join(home, name, 'node.db') });
      await store.open();
      const rows = await store.messages({ limit: 1_000 });
      await store.close();
      const statuses = rows.filter(({ id }) => id === sent.id || id === answered.id).map(({ status }) => status);
      expect(statuses).toEqual(['handled', 'handled']);
    }
  });

  test('one that says goodbye is offline within 0.3 s', async () => {
    const { red, green, blue } = await startAll();
    const since = [red, blue].map((node) => [node, { from: node.lines.length }] as const);
    const signalledAt = performance.now();
    expect([await green.end('SIGTERM'), green.errors]).toEqual([0, '']);
    const offline = since.map(async ([node, from]) => (await node.line(isPeer('green', 'offline'), from)).at);
    expectWithin(
      'SIGTERM → offline',
      (await Promise.all(offline)).map((at) => at - signalledAt),
      300,
    );
  });

  test('one that is killed is not alive within 1 s, and offline within 10 s', async () => {
    const { red, green, blue } = await startAll();
    // Whoever was seen before there was a line was offline already.
    const since = [red, blue].map((node) => [node, { from: node.lines.length }] as const);
    const killedAt = performance.now();
    await green.end('SIGKILL');
    const became = async (state: string) => {
      const lines = since.map(([node, from]) => node.line(isPeer('green', state), from));
      return (await Promise.all(lines)).map(({ at }) => at - killedAt);
    };
    expectWithin('SIGKILL → unlinked', await became('suspect'), 1_000);
    expectWithin('SIGKILL → offline', await became('offline'), 10_000);
  });

  test('a pulled cable is noticed within 5 s, and mended within 10 s of being plugged in again', async () => {
    const { red, green } = await startAll();
    const since = { from: red.lines.length };
    const pulledAt = performance.now();
    lan.hosts[1]?.cable('down');
    const suspect = await red.line(isPeer('green', 'suspect'), since);
    expectWithin('cable pulled → unlinked', [suspect.at - pulledAt], 5_000);
    const offline = await red.line(isPeer('green', 'offline'), since);
    expectWithin('cable pulled → offline', [offline.at - pulledAt], 10_000);
    const from = red.lines.length;
    const pluggedAt = performance.now();
    lan.hosts[1]?.cable('up');
    const alive = await red.line(isPeer('green', 'alive'), { from });
    expectWithin('cable plugged in → linked', [alive.at - pluggedAt], 10_000);
    expect(between(suspect, offline)).toBeGreaterThan(0);
    expect(green.hasEnded).toBe(false);
  });

  test('one that is killed and started again is linked within 1 s of being ready, as the same node', async () => {
    const { red, green } = await startAll();
    const { id } = await red.line(isPeer('green', 'alive'));
    await green.end('SIGKILL');
    await red.line(isPeer('green', 'suspect'));
    const from = red.lines.length;
    const ready = await start('green').line(isReady);
    const alive = await red.line(isPeer('green', 'alive'), { from });
    expect(alive.id).toBe(id);
    expectWithin('restart with the same id → linked', [between(ready, alive)], 1_000);
  });

  test('a node without any network says so, goes on, and finds the others when there is one', async () => {
    lan.hosts[0]?.link('down');
    const red = start('red');
    await red.line(isReady);
    const green = start('green');
    await green.line(isReady);
    await red.line(({ event, message }) => event === 'problem' && /No network interface/.test(String(message)));
    lan.hosts[0]?.link('up');
    await red.line(isPeer('green', 'alive'));
    await green.line(isPeer('red', 'alive'));
  });

  test('the program of the README talks between two hosts that have one key', async () => {
    const readme = await readFile(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
    const program = /<!-- test\/package.*?-->\n```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
    const source = (file: string) => `'${new URL(`../../main/${file}`, import.meta.url).href}'`;
    const xstate = `'${import.meta.resolve('xstate')}'`;
    const file = join(home, 'ping-pong.mts');
    await writeFile(
      file,
      program
        .replace(`'intermachine'`, source('index.ts'))
        .replace(`'intermachine/xstate'`, source('xstate.ts'))
        .replace(`'xstate'`, xstate),
    );
    const runs = lan.hosts.slice(0, 2).map(async (host, at) => {
      const env = { ...environment(), INTERMACHINE_HOME: join(home, `host-${at}`) };
      const child = host.spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      const code = await new Promise((resolve) => child.once('exit', resolve));
      return `${output}exit ${String(code)}`;
    });
    for (const output of await Promise.all(runs)) expect(output).toMatch(/^(?=.*ping\n)(?=.*pong\n).*exit 0$/s);
  });
});
