import { once } from 'node:events';
import { copyFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { CliPlace, type JsonProcess } from '../support/cli.ts';

let place: CliPlace;
const strangers: Server[] = [];
beforeEach(async () => {
  place = await CliPlace.make();
});
afterEach(async () => {
  for (const stranger of strangers.splice(0)) {
    stranger.closeAllConnections();
    stranger.close();
  }
  await place.clear();
});

/** A node that runs, and what it said of itself. */
async function running(...args: readonly string[]): Promise<{ node: JsonProcess; id: string; dataDir: string }> {
  const node = place.node(...args);
  const { nodeId, dataDir } = await node.line(({ event }) => event === 'ready');
  return { node, id: String(nodeId), dataDir: String(dataDir) };
}

const runningFile = (dataDir: string) => join(dataDir, 'running.json');
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('a command asks', () => {
  test('the only node of this user, which serves no dashboard', async () => {
    const { id, dataDir } = await running('--name', 'kitchen');
    const told = await place.ask('id', '--json');
    expect(told).toMatchObject({ code: 0, errors: '' });
    expect(json(told.output)).toMatchObject({ id, name: 'kitchen', dataDir, port: expect.any(Number) });
    const { output } = await place.ask('id');
    expect(output.replaceAll(' ', '')).toContain(id);
    expect(output).toMatch(/^kitchen\n {2}node id .*\n {2}port .*\n {2}data .*\n {2}network +key \w{8}\n/);
    expect(await place.ask('peers')).toEqual({ code: 0, output: 'No other node has been seen yet.\n', errors: '' });
    expect(await place.ask('peers', '--json')).toEqual({ code: 0, output: '', errors: '' });
  });

  test('what opens its dashboard, to act there or to look alone', async () => {
    const { node } = await running('--name', 'kitchen', '--no-open');
    await node.line(({ event }) => event === 'ready');
    const urls: string[] = [];
    for (const viewer of [false, true]) {
      const { code, output } = await place.ask('dashboard', '--json', ...(viewer ? ['--viewer'] : []));
      expect([code, json(output)]).toEqual([
        0,
        { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}$/), viewer },
      ]);
      const { url } = json(output) as { url: string };
      urls.push(url);
      const answer = await fetch(url, { redirect: 'manual' });
      expect([answer.status, answer.headers.get('set-cookie')]).toEqual([303, expect.stringContaining('HttpOnly')]);
    }
    expect(urls[0]).not.toBe(urls[1]);
    expect((await place.ask('dashboard', '--viewer')).output).toBe(`${urls[1]}\n`);
  });

  test('the node of a name, or of a data directory, and is told its peers', async () => {
    const elsewhere = join(place.home, 'elsewhere');
    const kitchen = await running('--name', 'kitchen');
    const garden = await running('--name', 'garden', '--data-dir', elsewhere);
    const cellar = await running('--name', 'cellar', '--network-key', 'abcdefghijklmnopqrstuvwxya');
    for (const name of ['garden', 'cellar'])
      await kitchen.node.line(
        ({ event, name: its, state }) => event === 'peer' && its === name && /alive|untrusted/.test(String(state)),
      );
    const peers = await place.ask('peers', '--name', 'kitchen', '--json');
    expect(peers.output.trim().split('\n').map(json)).toMatchObject([
      { id: cellar.id, name: 'cellar', state: 'untrusted' },
      { id: garden.id, name: 'garden', state: 'alive' },
    ]);
    const { output } = await place.ask('peers', '--name', 'kitchen');
    expect(output).toMatch(/^peer +state .*\ncellar +untrusted .*\n {2}no proof .*\ngarden +alive .*127\.0\.0\.1:\d+/);
    expect(json((await place.ask('id', '--data-dir', elsewhere, '--json')).output)).toMatchObject({ id: garden.id });
    // Whose name is in the environment is meant, as it is by `run`.
    place.variables.INTERMACHINE_NAME = 'cellar';
    expect(json((await place.ask('id', '--json')).output)).toMatchObject({ id: cellar.id });
  });
});

describe('where no single node can be meant, a command says', () => {
  test('that none is running, and how to start one', async () => {
    for (const [args, message] of [
      [[], /You run no node\. Start it: intermachine run\. .*--data-dir/],
      [['--name', 'kitchen'], /no node "kitchen"\. Start it: intermachine run --name 'kitchen'/],
      [['--data-dir', place.home], new RegExp(`No node is running in ${place.home}\\. .*run --data-dir '`)],
    ] as const) {
      const { code, output, errors } = await place.ask('peers', ...args);
      expect({ code, output }).toEqual({ code: 13, output: '' });
      expect(errors).toMatch(message);
      expect(errors).toMatch(/^[^\n]* \(NODE_NOT_RUNNING\)\n$/);
    }
  });

  test('which ones there are', async () => {
    await running('--name', 'kitchen');
    const garden = await running('--name', 'garden');
    const several = await place.ask('id');
    expect(several).toMatchObject({ code: 14, output: '' });
    expect(several.errors).toMatch(/"garden" in .*, "kitchen" in .*--name.*\(NODE_AMBIGUOUS\)\n$/);
    const { errors } = await place.ask('id', '--name', 'gardn');
    expect(errors).toMatch(/no node "gardn", but "garden", "kitchen"\. Start it/);
    await garden.node.end();
    expect(await place.ask('id')).toMatchObject({ code: 0 });
  });

  test('that the node does not answer', async () => {
    const { node } = await running('--name', 'kitchen');
    node.child.kill('SIGSTOP');
    const { code, errors } = await place.ask('id');
    node.child.kill('SIGCONT');
    expect(code).toBe(15);
    expect(errors).toMatch(
      new RegExp(`"kitchen" \\(process ${node.child.pid}, .*no answer within 5 s \\(NODE_SILENT\\)`),
    );
  });
});

describe('the address of a node', () => {
  test('is for its owner alone, and goes when the node stops', async () => {
    const { node, dataDir } = await running('--name', 'kitchen');
    if (process.platform !== 'win32') expect((await stat(runningFile(dataDir))).mode & 0o777).toBe(0o600);
    await node.end();
    expect((await readdir(dataDir)).filter((name) => name.startsWith('running'))).toEqual([]);
  });

  test('is recognised as left over when the node was killed, until the next start', async () => {
    const first = await running('--name', 'kitchen');
    await first.node.end('SIGKILL');
    const { code, errors } = await place.ask('id');
    expect(code).toBe(13);
    expect(errors).toMatch(new RegExp(`"kitchen" \\(process ${first.node.child.pid}, .*ended without taking leave`));
    // Beside a node that runs it is no choice.
    const garden = await running('--name', 'garden');
    expect(json((await place.ask('id', '--json')).output)).toMatchObject({ id: garden.id });
    await running('--name', 'kitchen');
    expect(json((await place.ask('id', '--name', 'kitchen', '--json')).output)).toMatchObject({ id: first.id });
  });

  test('is not taken away by a run that it does not belong to', async () => {
    const { node, dataDir } = await running('--name', 'kitchen');
    const later = { ...json(await readFile(runningFile(dataDir), 'utf8')), run: 'another' };
    await writeFile(runningFile(dataDir), JSON.stringify(later));
    await node.end();
    expect(json(await readFile(runningFile(dataDir), 'utf8'))).toEqual(later);
  });

  test.each(['', 'null', '{"port":1}'])('is none when it is damaged: %j', async (text) => {
    await writeFile(runningFile(place.home), text);
    expect(await place.ask('id', '--data-dir', place.home)).toMatchObject({ code: 13 });
  });
});

describe('a stranger at the port of a node that was killed', () => {
  /** Killed; its port is taken by `stranger` before anybody asks. */
  async function killedWith(stranger: Server): Promise<{ dataDir: string; port: number }> {
    const { node, dataDir } = await running('--name', 'kitchen');
    const { port } = json(await readFile(runningFile(dataDir), 'utf8'));
    await node.end('SIGKILL');
    strangers.push(stranger.listen(Number(port), '127.0.0.1'));
    await once(stranger, 'listening');
    return { dataDir, port: Number(port) };
  }

  test('is not believed, hears no call, and learns nothing that opens the next run', async () => {
    const heard: string[] = [];
    const seen: string[] = [];
    const stranger = createServer((_, response) => response.end());
    // It proves itself with whatever it is shown.
    const sockets = new WebSocketServer({ server: stranger });
    sockets.on('headers', (lines, { headers }) => {
      seen.push(JSON.stringify(headers));
      const shown = String(headers.authorization).replace('Bearer ', '');
      lines.push(`x-intermachine-proof: ${shown}`);
    });
    sockets.on('connection', (socket) => socket.on('message', (message) => heard.push(String(message))));
    const { dataDir, port } = await killedWith(stranger);
    const { code, output, errors } = await place.ask('id');
    expect({ code, output }).toEqual({ code: 13, output: '' });
    expect(errors).toContain('ended without taking leave');
    expect(heard).toEqual([]);
    expect(seen).toHaveLength(1);
    const token = (await readFile(join(dataDir, 'dashboard-token'), 'utf8')).trim();
    expect(seen[0]).not.toContain(token);

    stranger.closeAllConnections();
    stranger.close();
    await running('--name', 'kitchen', '--dashboard-port', String(port));
    const { authorization } = json(seen[0] ?? '');
    const reply = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: String(authorization) } });
    expect(reply.status).toBe(401);
  });

  test('is another node of this user, which is not mistaken for it', async () => {
    const garden = await running('--name', 'garden');
    const kitchen = await running('--name', 'kitchen');
    await kitchen.node.end('SIGKILL');
    await copyFile(runningFile(garden.dataDir), runningFile(kitchen.dataDir));
    expect(await place.ask('id', '--data-dir', kitchen.dataDir)).toMatchObject({ code: 13, output: '' });
  });

  test('is any other server', async () => {
    await killedWith(createServer((_, response) => response.writeHead(200).end('Welcome')));
    expect(await place.ask('id')).toMatchObject({ code: 13, output: '' });
  });
});

describe('a person stops and restarts a machine', () => {
  test('of the running node, and sees what it does', async () => {
    await running('--name', 'kitchen', '--machine', 'feeder', 'press');
    const machine = async (id: string) => {
      const { output } = await place.ask('machines', '--json');
      return output
        .trim()
        .split('\n')
        .map(json)
        .find((each) => each.id === id);
    };
    expect(await machine('Press_1')).toMatchObject({ type: 'Press', healthy: true, status: 'active', state: 'open' });
    expect(await place.ask('stop', 'Press_1')).toMatchObject({
      code: 0,
      output: 'Press_1 takes no more events. "intermachine restart" starts it anew.\n',
    });
    expect(await machine('Press_1')).toMatchObject({ healthy: false, status: 'stopped' });
    expect((await place.ask('machines')).output).toMatch(
      /^machine +type .*\nFeeder_1 +Feeder .* ok .*\nPress_1 +Press .* stopped /,
    );
    const restarted = await place.ask('restart', 'Press_1', '--json');
    expect(json(restarted.output)).toEqual({ event: 'restarted', machine: 'Press_1' });
    expect(await machine('Press_1')).toMatchObject({ healthy: true, status: 'active' });
  });

  test('and is told when there is none of that name', async () => {
    await running('--name', 'kitchen');
    const told = await place.ask('restart', 'Nobody_1');
    expect(told.code).not.toBe(0);
    expect(told.errors).toContain('No machine "Nobody_1" is registered on this node');
  });
});
