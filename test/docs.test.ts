import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CLOSE } from '../main/core/close-codes.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const protocol = read('docs/protocol.md');

test('every error code is explained in docs/protocol.md, and none that does not exist', () => {
  const inCode = [...read('shared/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
  const explained = protocol.slice(protocol.indexOf('## Error codes')).matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g);
  expect([...new Set([...explained].map(([, code]) => code))].sort()).toEqual([...inCode].sort());
});

test('every close code is explained in docs/protocol.md', () => {
  for (const code of Object.values(CLOSE)) expect(protocol).toMatch(new RegExp(`^\\|.*\\b${code}\\b`, 'm'));
});

test('every exit code is in the README', () => {
  const codes = [...read('main/cli/exit-codes.ts').matchAll(/^ {2}[A-Z_]+: (\d+),/gm)].map(([, code]) => code);
  expect(codes).toHaveLength(19);
  const sentence = read('README.md').match(/Exit codes: [^.]+\./)?.[0] ?? '';
  for (const code of codes) expect(sentence).toMatch(new RegExp(`\\b${code} `));
});

test('every option of `intermachine run` is in the README', () => {
  const options = [...read('main/cli/main.ts').matchAll(/\.option\(\s*'(--[\w-]+)/g)].map(([, option]) => option);
  expect(options.length).toBeGreaterThan(10);
  const readme = read('README.md');
  for (const option of options) expect(readme).toContain(option);
});

test('the optional packages that the lockfile names for each platform are all in it', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  expect(wanted.length).toBeGreaterThan(10);
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
});

/** The body of an exported class or interface. */
function bodyOf(path: string, name: string): string {
  const text = read(path);
  const from = text.search(new RegExp(`^export (class|interface) ${name}\\b`, 'm'));
  return text.slice(from, text.indexOf('\n}\n', from));
}

/** Names of its public methods and properties. */
function methodsOf(file: string, name: string): string[] {
  const found = [...bodyOf(`main/core/${file}.ts`, name).matchAll(/^ {2}(?:async |get )?([a-z]\w*)[<(]/gm)];
  return [...new Set(found.map(([, method]) => method ?? ''))].filter((method) => method !== 'constructor');
}

const missingIn = (page: string, names: readonly string[]): string[] =>
  names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page));

test('every method and every action of the API is in docs/api.md, and those of registrators in the README', () => {
  const registrators = [
    ...methodsOf('registrator', 'MachineRegistrator'),
    ...methodsOf('registered-machine', 'RegisteredMachine'),
    ...methodsOf('node', 'InterMachineNode'),
  ];
  const sessions = [
    ...methodsOf('session', 'Session'),
    ...methodsOf('session', 'ConnectedMachine'),
    ...methodsOf('connector', 'Connector'),
  ];
  const actions = [...read('main/xstate.ts').matchAll(/^export const (\w+)/gm)].map(([, action]) => action ?? '');
  expect(registrators).toEqual(expect.arrayContaining(['register', 'ask', 'discoverAndConnect', 'waitingFor']));
  expect([...sessions, ...actions]).toEqual(expect.arrayContaining(['onMessage', 'setMessageHandler', 'fromMachine']));
  expect(missingIn(read('docs/api.md'), [...registrators, ...sessions, ...actions])).toEqual([]);

  const library = read('README.md').match(/^## Use it as a library$.*?^## /ms)?.[0] ?? '';
  const properties = [...bodyOf('main/core/node.ts', 'InterMachineNode').matchAll(/^ {2}get (\w+)/gm)].map(
    ([, name]) => name ?? '',
  );
  const inGuideAlone = [
    ...properties,
    'journal',
    'replay',
    'isPersisted',
    'isJournaled',
    'watchLive',
    'watchStates',
    'stateOf',
  ];
  const wanted = registrators.filter((name) => !inGuideAlone.includes(name));
  expect(missingIn(library, wanted)).toEqual([]);
});

test('every option of createNode and of register is in docs/api.md', () => {
  const optionsIn = (path: string, name: string) =>
    [...bodyOf(path, name).matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, option]) => option ?? '');
  const options = [
    ...optionsIn('main/config.ts', 'NodeOptions'),
    ...optionsIn('main/core/registrator.ts', 'RegisterOptions'),
    ...optionsIn('main/core/terms.ts', 'Terms'),
  ];
  expect(options.length).toBeGreaterThan(15);
  const page = read('docs/api.md');
  expect(options.filter((option) => !page.includes(`\`${option}\``) && !page.includes(`\`${option}:`))).toEqual([]);
});

test('every row of bad input in docs/security.md has a test whose name begins with it, and no test names another', () => {
  const rows = [...read('docs/security.md').matchAll(/^\| ([A-Z]\d*) \|/gm)].map(([, row]) => row ?? '');
  expect(rows).toEqual(expect.arrayContaining(['T10', 'W', 'J5', 'D7', 'X1', 'M8', 'F8', 'A', 'I', 'S']));
  const named = testFiles()
    .flatMap(namedIn)
    .filter((name) => !INVARIANT.test(name));
  expect([...new Set(named)].sort()).toEqual([...new Set(rows)].sort());
});

test('every invariant of the delivery has tests whose names begin with it, where CONTRIBUTING.md says, in simulation and in real processes', () => {
  const rows = [...read('CONTRIBUTING.md').matchAll(/^\| (I\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$/gm)];
  const all = Array.from({ length: 12 }, (_, n) => `I${n + 1}`);
  expect(rows.map(([, name]) => name)).toEqual(all);
  const simulation = read('test/support/delivery/history.ts');
  for (const [, name = '', ...cells] of rows) {
    for (const cell of cells) {
      const files = [...cell.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) => `test/${file}`);
      expect(files, `${name}: ${cell}`).not.toEqual([]);
      for (const file of files) expect(namedIn(file), `${name} in ${file}`).toContain(name);
    }
    // I12 follows from the others, in a history of its own.
    if (name !== 'I12') expect(simulation).toContain(`this.say('${name} `);
  }
  const elsewhere = testFiles()
    .flatMap(namedIn)
    .filter((name) => INVARIANT.test(name));
  expect([...new Set(elsewhere)].sort()).toEqual([...all].sort());
});

/** Of the delivery; the row `I` of bad input has no number. */
const INVARIANT = /^I\d+$/;

const testFiles = (): string[] => globSync('test/**/*.test.ts', { cwd: new URL('..', import.meta.url) });

/** What names of tests in it begin with. */
const namedIn = (file: string): string[] =>
  [...read(file).matchAll(/['`]((?:(?:[A-Z]\d+|[AISW]), )*(?:[A-Z]\d+|[AISW])): /g)].flatMap(
    ([, names]) => names?.split(', ') ?? [],
  );
