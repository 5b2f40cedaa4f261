import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliPlace } from '../support/cli.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const shell = process.platform === 'win32';

let project: string;
let packed: readonly string[];
let place: CliPlace;

/** All blocks of a page in TypeScript, as one program. */
const blocksOf = (page: string): string =>
  [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, block]) => block).join('\n');

beforeAll(async () => {
  place = await CliPlace.make();
  project = await mkdtemp(join(tmpdir(), 'intermachine-package-'));
  execFileSync(process.execPath, [join(root, 'build/build.js')], { cwd: root, stdio: 'inherit' });
  const [pack] = JSON.parse(
    execFileSync(npm, ['pack', '--json', '--pack-destination', project], { cwd: root, encoding: 'utf8', shell }),
  ) as [{ filename: string; files: readonly { path: string }[] }];
  packed = pack.files.map(({ path }) => path);
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  execFileSync(npm, ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${pack.filename}`, 'xstate@5.33.3'], {
    cwd: project,
    stdio: 'inherit',
    shell,
  });
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const program = /<!-- test\/package.*?-->\n```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  await writeFile(join(project, 'ping-pong.js'), program);
  await mkdir(join(project, 'types'));
  await writeFile(join(project, 'types', 'ping-pong.ts'), program);
  await writeFile(join(project, 'types', 'api.ts'), blocksOf(await readFile(join(root, 'docs/api.md'), 'utf8')));
}, 300_000);

afterAll(async () => {
  await place.clear();
  await rm(project, { recursive: true, force: true });
});

test('the package holds compiled code, types and the dashboard’s page alone', () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'package.json',
      'out/main/bin.js',
      'out/main/index.js',
      'out/main/index.d.ts',
      'out/main/xstate.js',
      'out/renderer/index.html',
    ]),
  );
  expect(
    packed.filter(
      (path) =>
        !/^(out\/(main|shared)\/.+\.(js|d\.ts)|out\/main\/machines\/[\w-]+\.json|out\/renderer\/.+|LICENSE|README\.md|package\.json)$/.test(
          path,
        ),
    ),
  ).toEqual([]);
});

test('what the desktop needs is not installed with it', async () => {
  const lock = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, unknown>;
  };
  const names = Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, ''));
  expect(names).toEqual(expect.arrayContaining(['intermachine', 'xstate', 'ws', 'better-sqlite3', 'bonjour-service']));
  expect(names.filter((name) => /electron|react|vite|typescript/.test(name))).toEqual([]);
  expect(names.filter((name) => name === 'xstate')).toHaveLength(1);
});

const run = () =>
  spawn(process.execPath, ['ping-pong.js'], {
    cwd: project,
    env: { ...place.environment, INTERMACHINE_LOOPBACK: String(place.loopbackPort) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

test('the program of the README talks between two processes of one user, with nothing configured', async () => {
  const outputs = await Promise.all(
    [run(), run()].map(async (child) => {
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      const [code] = await once(child, 'exit');
      return `${output}exit ${String(code)}`;
    }),
  );
  for (const output of outputs) {
    expect(output).toMatch(/ping\n/);
    expect(output).toMatch(/pong\n/);
    expect(output).toMatch(/exit 0$/);
  }
}, 90_000);

test('the program of docs/api.md prints what it says there', async () => {
  const program = await readFile(join(project, 'types', 'api.ts'), 'utf8');
  const promised = [...program.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line);
  expect(promised.length).toBeGreaterThan(20);
  const output = execFileSync(process.execPath, ['types/api.ts'], {
    cwd: project,
    env: { ...place.environment, INTERMACHINE_LOOPBACK: String(place.loopbackPort), NO_COLOR: '1' },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(output.trimEnd().split('\n')).toEqual(promised);
}, 90_000);

const typeCheck = (files: readonly string[]): string => {
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'NodeNext',
    '--target',
    'ES2024',
    '--lib',
    'ESNext,DOM',
    '--types',
    '',
  ];
  try {
    return execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags, ...files], {
      cwd: project,
      encoding: 'utf8',
    });
  } catch (thrown) {
    return String((thrown as { stdout: string }).stdout);
  }
};

test('it type-checks as TypeScript, and a wrong use does not', async () => {
  expect(typeCheck(['types/ping-pong.ts', 'types/api.ts'])).toBe('');
  const wrong = `import { createNode } from 'intermachine';
const node = await createNode({ prot: 5 });
await node.sendTo('X', { kind: 'PING' });
`;
  await writeFile(join(project, 'types', 'wrong.ts'), wrong);
  const faults = typeCheck(['types/wrong.ts']);
  expect(faults).toMatch(/wrong\.ts\(2,/);
  expect(faults).toMatch(/wrong\.ts\(3,/);
});

test('a module in the folder of its node uses the package’s own copies, though none lie beside it', async () => {
  const dataDir = join(place.home, 'files');
  await mkdir(join(dataDir, 'machines'), { recursive: true });
  await writeFile(
    join(dataDir, 'machines', 'pong.ts'),
    `import { defineMachine } from 'intermachine';
import { sendToType } from 'intermachine/xstate';
import { createMachine } from 'xstate';
const machine = createMachine({ id: 'Pong' as string, entry: sendToType('Thermostat', { type: 'READ' }), on: { TEMPERATURE: {} } });
export default defineMachine({ type: 'Pong', machine });`,
  );
  const bin = join(project, 'node_modules/intermachine/out/main/bin.js');
  const args = ['run', '--json', '--no-dashboard', '--data-dir', dataDir, '--loopback', String(place.loopbackPort)];
  const node = place.track(
    spawn(process.execPath, [bin, ...args, '--machine', 'thermostat'], {
      env: place.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  await node.line(({ event, type, change }) => event === 'machine' && type === 'Pong' && change === 'found');
  await node.line(({ event, type, change }) => event === 'machine' && type === 'Thermostat' && change === 'found');
  expect(await node.end()).toBe(0);
  expect(node.errors).toBe('');
});

test('its command runs a node, and the dashboard of it', async () => {
  const bin = join(project, 'node_modules/intermachine/out/main/bin.js');
  const node = place.track(
    spawn(process.execPath, [bin, 'run', '--json', '--loopback', String(place.loopbackPort), '--machine', 'feeder'], {
      env: place.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  await node.line(({ event, id }) => event === 'machine' && id === 'Feeder_1');
  const { dashboard } = await node.line(({ event }) => event === 'ready');
  const login = await fetch(String(dashboard), { redirect: 'manual' });
  const page = await fetch(new URL('/', String(dashboard)), {
    headers: { cookie: login.headers.getSetCookie()[0]?.split(';')[0] ?? '' },
  });
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<div id="root">');
  expect(await node.end()).toBe(0);
});
