import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CliPlace, START } from '../support/cli.ts';
import { freeUdpPort } from '../support/udp-port.ts';

let place: CliPlace;
beforeEach(async () => {
  place = await CliPlace.make();
});
afterEach(() => place.clear());

const isReady = ({ event }: { event: string }) => event === 'ready';

describe('intermachine run', () => {
  test('its first line is ready, and a signal ends it with 0 within 2 s', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const node = place.node('--name', 'kitchen');
      const ready = await node.line(() => true);
      expect(ready).toMatchObject({
        event: 'ready',
        nodeId: expect.stringMatching(/^[a-z2-7]{52}$/),
        name: 'kitchen',
        port: expect.any(Number),
        dashboard: null,
      });
      const from = performance.now();
      expect(await node.end(signal)).toBe(0);
      expect(performance.now() - from).toBeLessThan(2_000);
    }
  });

  test('two nodes find each other with nothing configured, and their machines talk', async () => {
    const robots = place.node('--name', 'robots', '--machine', 'robot', 'press', 'inspector');
    const feeders = place.node('--name', 'feeders', '--machine', 'feeder');
    await feeders.line(({ event, name, state }) => event === 'peer' && name === 'robots' && state === 'alive');
    await feeders.line(
      ({ event, change, type, local }) =>
        event === 'machine' && change === 'found' && type === 'Robot' && local === false,
    );
    const sent = await feeders.line(
      ({ event, direction, type }) => event === 'message' && direction === 'out' && type === 'PART_READY',
    );
    const got = await robots.line(
      ({ event, direction, type }) => event === 'message' && direction === 'in' && type === 'PART_READY',
    );
    expect(got.payload).toEqual({ type: 'PART_READY', part: 1 });
    expect(
      await feeders.line(({ event, id, status }) => event === 'outcome' && id === sent.id && status === 'handled'),
    ).toBeDefined();
    // Their node is asked only now that somebody looks.
    const { output } = await place.ask('machines', '--json', '--name', 'feeders');
    const states = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).state);
    expect(states).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(/./)));
    await robots.end();
    await feeders.line(({ event, name, state }) => event === 'peer' && name === 'robots' && state === 'offline');
  });

  test('two terminals of one user are two nodes of one network, without any option', async () => {
    const first = place.node();
    const { name } = await first.line(isReady);
    const second = place.node();
    expect(await second.line(isReady)).toMatchObject({ name: `${String(name)}-2` });
    await first.line(({ event, state }) => event === 'peer' && state === 'alive');
  });

  test('a restart is the same node, with a higher incarnation and its machines under their old ids', async () => {
    const watcher = place.node('--name', 'watcher');
    await watcher.line(isReady);
    const ids = new Set<unknown>();
    for (let start = 0; start < 2; start++) {
      const from = watcher.lines.length;
      const node = place.node('--name', 'node', '--machine', 'feeder', 'feeder');
      ids.add((await node.line(isReady)).nodeId);
      await watcher.line(({ event, id, reachable }) => event === 'machine' && id === 'Feeder_2' && reachable === true, {
        from,
      });
      await node.end();
    }
    expect(ids.size).toBe(1);
  });

  test('a node with another key is shown as untrusted, and its machines are not', async () => {
    const ours = place.node('--name', 'ours');
    const theirs = place.node('--name', 'theirs', '--network-key', 'abcdefghijklmnopqrstuvwxya', '--machine', 'feeder');
    await ours.line(({ event, name, state }) => event === 'peer' && name === 'theirs' && state === 'untrusted');
    await theirs.line(({ event, name, state }) => event === 'peer' && name === 'ours' && state === 'untrusted');
    expect(ours.lines.filter(({ event }) => event === 'machine')).toEqual([]);
  });

  test('nodes of different namespaces do not see each other', async () => {
    const one = place.node('--name', 'one', '--namespace', 'left');
    const two = place.node('--name', 'two', '--namespace', 'right');
    const three = place.node('--name', 'three', '--namespace', 'left');
    await one.line(({ event, name, state }) => event === 'peer' && name === 'three' && state === 'alive');
    await two.end();
    await three.end();
    expect([...one.lines, ...three.lines].filter(({ event, name }) => event === 'peer' && name === 'two')).toEqual([]);
  });

  test('open nodes need no key', async () => {
    const one = place.node('--name', 'one', '--open');
    place.node('--name', 'two', '--open');
    await one.line(({ event, name, state }) => event === 'peer' && name === 'two' && state === 'alive');
  });

  test('a peer that is named by its address is found without discovery', async () => {
    const far = place.node('--name', 'far');
    const { port } = await far.line(isReady);
    const near = place.start([
      'run',
      '--json',
      '--name',
      'near',
      '--loopback',
      String(await freeUdpPort()),
      '--peer',
      `127.0.0.1:${port}`,
    ]);
    await near.line(({ event, name, state }) => event === 'peer' && name === 'far' && state === 'alive');
  });

  test('for people it prints words', async () => {
    const child = spawn(
      process.execPath,
      [START, 'run', '--no-dashboard', '--name', 'quiet', '--loopback', String(place.loopbackPort)],
      {
        env: place.environment,
      },
    );
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    place.node('--name', 'neighbour', '--machine', 'feeder');
    await expect
      .poll(() => text, { timeout: 15_000 })
      .toMatch(
        /node neighbour \(\w{6}\) is alive at 127\.0\.0\.1\n.*machine Feeder_1 of type Feeder found on neighbour/s,
      );
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(text).toContain('InterMachine node "quiet" is running.');
  });
});

describe('what is wrong is said in one sentence, with an exit code of its own', () => {
  const expectFailure = async (args: readonly string[], code: number, message: RegExp) => {
    const failing = place.node(...args);
    expect(await failing.ended()).toBe(code);
    expect(failing.errors).toMatch(message);
    expect(failing.errors.trim().split('\n')).toHaveLength(1);
    expect(failing.lines).toEqual([]);
  };

  test.each<[string, readonly string[], RegExp]>([
    ['a port that is no number', ['--port', 'abc'], /port: .*number/],
    ['a port out of range', ['--port', '70000'], /port: .*65535/],
    ['an empty name', ['--name', ''], /name: /],
    ['a name of 64 bytes', ['--name', 'x'.repeat(64)], /name: 63 bytes/],
    ['a namespace with a space', ['--namespace', 'a b'], /namespace: /],
    ['a key and open at once', ['--network-key', 'abcdefghijklmnopqrstuvwxya', '--open'], /exclude each other/],
    ['two wrong things at once', ['--port', '-1', '--namespace', ''], /namespace: .*port: /],
    ['a dashboard port that is none', ['--no-dashboard', '--dashboard-port', '99999'], /dashboard-port/],
    ['a machine that is not shipped', ['--machine', 'toaster'], /toaster.*feeder/],
    ['a peer without a port', ['--peer', 'printer'], /printer/],
    ['days that are no number', ['--log-days', 'x'], /log-days: a whole number/],
    ['room for no event', ['--outbox-rows', '0'], /outbox-rows: a whole number from 1/],
    ['a database of a megabyte', ['--store-mb', '1'], /storage\.maxBytes: from 16777216/],
    ['an unknown flag', ['--prot', '4'], /--prot/],
  ])('%s', async (_, args, message) => {
    await expectFailure(args, 2, message);
  });

  test('a network key that is none; it is not repeated', async () => {
    await expectFailure(['--network-key', 'swordfish'], 10, /^(?!.*swordfish).*26 characters.*NETWORK_KEY_INVALID/);
  });

  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expectFailure(['--port', String(port)], 4, new RegExp(`${port}.*PORT_IN_USE`));
    server.close();
  });

  test('a data directory that another node uses; the other goes on', async () => {
    const dataDir = join(place.home, 'shared');
    const owner = place.node('--data-dir', dataDir);
    await owner.line(isReady);
    await expectFailure(['--data-dir', dataDir], 6, /DATA_DIR_LOCKED/);
    expect(owner.hasEnded).toBe(false);
  });

  test('a data directory that cannot be', async () => {
    const file = join(place.home, 'file');
    await writeFile(file, 'not a directory');
    await expectFailure(['--data-dir', join(file, 'below')], 7, /DATA_DIR_UNUSABLE/);
  });

  test('a data file that is no database; it is left as it is', async () => {
    const dataDir = join(place.home, 'broken');
    await mkdir(dataDir);
    const content = 'These are my holiday pictures.'.repeat(100);
    await writeFile(join(dataDir, 'node.db'), content);
    await expectFailure(['--data-dir', dataDir], 8, /node\.db.*STORE_CORRUPT/);
    expect(await readFile(join(dataDir, 'node.db'), 'utf8')).toBe(content);
  });

  test.skipIf(process.platform === 'win32')(
    'a directory into which others may put files is told, with what to do',
    async () => {
      const dataDir = join(place.home, 'open');
      await mkdir(dataDir);
      await chmod(dataDir, 0o777);
      const node = place.node('--data-dir', dataDir);
      const { message } = await node.line(({ event }) => event === 'problem');
      expect(message).toContain(`chmod go-w '${dataDir}'`);
      await node.end();
    },
  );

  test.skipIf(process.platform === 'win32')('an identity that others can read', async () => {
    const dataDir = join(place.home, 'loose');
    const node = place.node('--data-dir', dataDir);
    await node.line(isReady);
    await node.end();
    await chmod(join(dataDir, 'identity.pem'), 0o644);
    await expectFailure(['--data-dir', dataDir], 11, /identity\.pem.*IDENTITY_INVALID/);
  });

  const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    if (!existsSync(path)) return false;
    return Number(spawnSync(path, ['-p', 'process.versions.napi'], { encoding: 'utf8' }).stdout) < 10;
  });
  test.skipIf(!oldNode)(`a Node that is too old${oldNode ? '' : ' (skipped: none is installed)'}`, () => {
    const { status, stderr } = spawnSync(String(oldNode), [START, 'run'], { encoding: 'utf8' });
    expect(status).toBe(3);
    expect(stderr.split('\n')[0]).toMatch(/too old.*install Node 24/);
  });
});

test('the demo runs the press line over three nodes and leaves nothing behind', async () => {
  const steps = [
    /Feeder_1 +→ Robot_1 +PART_READY part=1 +handled/,
    /Robot_1 +→ Press_1 +LOAD +part=1 +handled/,
    /Press_1 +→ Inspector_1 +INSPECT +part=1 +handled/,
    /Inspector_1 → Feeder_1 +RESULT +part=1 passed=true +handled/,
  ];
  // A quiet machine takes 5 s for it; the limit is for one that is not.
  const child = spawn(process.execPath, [START, 'demo', '--no-dashboard', '--seconds', '60'], {
    env: { ...place.environment, TMPDIR: place.home },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (!child.killed && steps.every((step) => step.test(text))) child.kill('SIGINT');
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
  for (const step of steps) expect(text).toMatch(step);
  expect(await readdir(place.home)).toEqual([]);
});

test('the demo stops by itself when its time is up', async () => {
  const child = spawn(process.execPath, [START, 'demo', '--no-dashboard', '--seconds', '1'], {
    env: { ...place.environment, TMPDIR: place.home },
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await readdir(place.home)).toEqual([]);
});

test('help names every command', () => {
  const { stdout, status } = spawnSync(process.execPath, [START, '--help'], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toMatch(/run .*\n.*demo /s);
});
