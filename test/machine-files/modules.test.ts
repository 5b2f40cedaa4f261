import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AnyActorLogic, createActor } from 'xstate';
import { LocalMachineRegistrator } from '../../main/in-process.ts';
import { NodeHost } from '../../main/machine-files/node-host.ts';
import { Folder } from '../support/machine-files.ts';

let folder: Folder;
beforeEach(async () => {
  folder = await Folder.make();
});
afterEach(() => folder.clear());

const contextOf = (logic: AnyActorLogic) =>
  (createActor(logic, {}).getSnapshot() as unknown as { context: Record<string, unknown> }).context;

test('a module in TypeScript uses the node’s own copies, other files, and everything that modules can', async () => {
  await mkdir(folder.file('parts'));
  await folder.write('parts/_data.json', { speed: 3 });
  await folder.write(
    'parts/_one.mjs',
    'export let n = 1; export default function word() { return "word"; }\nexport class Box {}\n',
  );
  await folder.write(
    'parts/_two.ts',
    `export * from './_one.mjs';\nexport * as one from './_one.mjs';\nexport { default as word, n as 'a name' } from './_one.mjs';\nexport const { a, b: [c] } = { a: 1, b: [2] } as { a: number; b: number[] };\n`,
  );
  const { definition, problems, imports } = await folder.load(
    'press.ts',
    `#!/usr/bin/env node
import { defineMachine, type MachineModule } from 'intermachine';
import { reply } from 'intermachine/xstate';
import * as xstate from 'xstate';
import { sep } from 'node:path';
import data from './parts/_data.json' with { type: 'json' };
import word, { n, Box as Case } from './parts/_one.mjs';
import { a, c, one, 'a name' as named } from './parts/_two.ts';
const { createMachine } = xstate; const late = await import('./parts/_two.ts');
export const speed: number = data.speed;
export default defineMachine({
  type: 'Press', version: '1.2.3', instances: 2, metadata: { line: 'B' }, accept: { events: ['LOAD'] },
  machine: createMachine({
    context: { sep, word: word(), n, isClass: new Case() instanceof one.Box, a, c, named, late: late.word(), speed, url: import.meta.url.endsWith('/press.ts'), dir: import.meta.dirname },
    on: { LOAD: { actions: reply({ type: 'LOADED' }) } },
  }),
} satisfies MachineModule);
`,
  );
  expect(problems).toEqual([]);
  expect(definition).toMatchObject({
    type: 'Press',
    version: '1.2.3',
    instances: 2,
    metadata: { line: 'B' },
    accept: { events: ['LOAD'] },
  });
  expect(contextOf(definition!.logic)).toMatchObject({
    word: 'word',
    n: 1,
    isClass: true,
    a: 1,
    c: 2,
    named: 1,
    late: 'word',
    speed: 3,
    url: true,
    dir: folder.path,
  });
  expect(imports.map((path) => path.slice(folder.path.length + 1)).sort()).toEqual([
    'parts/_data.json',
    'parts/_one.mjs',
    'parts/_two.ts',
  ]);
});

test('its machine finds its node: both stand on the same XState and the same actions', async () => {
  const { definition } = await folder.load(
    'pong.js',
    `import { reply } from 'intermachine/xstate';
import { createMachine } from 'xstate';
export default { type: 'Pong', machine: createMachine({ on: { PING: { actions: reply({ type: 'PONG' }) } } }) };`,
  );
  await using registrator = new LocalMachineRegistrator();
  await new NodeHost(registrator).register(definition!);
  await expect(registrator.ask('Pong_1', { type: 'PING' })).resolves.toMatchObject({ event: { type: 'PONG' } });
});

test.each([
  ['a machine alone', "import { createMachine } from 'xstate';\nexport default createMachine({ id: 'Lamp' });", 'Lamp'],
  [
    'what Stately exports as code',
    "import { setup } from 'xstate';\nexport const machine = setup({ types: {} as { events: { type: 'A' } } }).createMachine({ id: 'Coffee machine' });",
    'Coffee_machine',
  ],
  ['a machine without an id', "import { createMachine } from 'xstate';\nexport default createMachine({});", 'file'],
  [
    'other logic',
    "import { fromPromise } from 'xstate';\nexport default { type: 'Job', machine: fromPromise(async () => 1) };",
    'Job',
  ],
  [
    'an anonymous class in parentheses',
    "import { createMachine } from 'xstate';\nexport default (class {}, createMachine({ id: 'A' }));",
    'A',
  ],
])('%s is taken', async (_, source, type) => {
  const { definition, problems } = await folder.load('file.ts', source);
  expect(problems).toEqual([]);
  expect(definition?.type).toBe(type);
});

describe('what is wrong is told with its place', () => {
  test.each([
    ['a text that is no code', 'const a = 1;\nconst b = ;\n', 2, 11, /Unexpected token/],
    [
      'an import that is not there',
      "const a = 1;\nimport { createMachien } from 'xstate';\n",
      2,
      31,
      /"xstate" exports no "createMachien"/,
    ],
    ['a file that is not there', "import './_lib.js';", 1, 8, /_lib.js does not exist/],
    ['a package that is not there', "import 'no-such-package-at-all';", 1, 8, /no package "no-such-package-at-all"/],
    [
      'an error that it throws',
      "const a = 1; export const c = 2; export default a;\n  throw new Error('no motor');",
      2,
      9,
      /no motor/,
    ],
    [
      'a machine that XState does not take',
      "import { createMachine } from 'xstate';\n\nexport default createMachine({ initial: 'a', states: { a: { on: { X: 'nowhere' } } } });",
      3,
      16,
      /Child state 'nowhere' does not exist/,
    ],
  ])('%s', async (_, source, line, column, message) => {
    const { problems } = await folder.load('file.js', source);
    expect(problems).toMatchObject([{ line, column, message: expect.stringMatching(message) }]);
  });

  test.each([
    ['types that are wrong', 'const a: number = 1;\nconst b: = 1;\n', 2, /Unexpected token/],
    ['TypeScript that needs more than leaving out', 'const a: number = 1;\nenum A { b }\n', 2, /enum is not supported/],
  ])('%s', async (_, source, line, message) => {
    const { problems } = await folder.load('file.ts', source);
    expect(problems).toMatchObject([{ line, message: expect.stringMatching(message) }]);
  });

  test.each([
    ['no machine', 'export const a = 1;', '', /exports no machine, only "a"/],
    ['something else by default', 'export default 5;', '', /is a number, not a machine/],
    ['a definition without a machine', "export default { type: 'A' };", 'machine', /an XState machine is expected/],
    [
      'a wrong name',
      "import { createMachine } from 'xstate';\nexport default { type: 'A', instanses: 3, machine: createMachine({}) };",
      'instanses',
      /has no "instanses"/,
    ],
  ])('%s', async (_, source, path, message) => {
    const { definition, problems } = await folder.load('file.js', source);
    expect(definition).toBeUndefined();
    expect(problems).toMatchObject([{ path, message: expect.stringMatching(message) }]);
  });

  test('everything that can be said of its machine is said at once', async () => {
    const { problems } = await folder.load(
      'file.js',
      `import { createMachine } from 'xstate';
export default createMachine({ id: 'A', initial: 'a', states: {
  a: { entry: 'foo', always: 'b', invoke: { src: 'motor' } },
  b: { always: 'a', after: { 1e12: 'a', LATER: 'a' }, on: { X: { guard: 'isHot', actions: ['bar'] } } } } });`,
    );
    expect(problems.map(({ path, message }) => [path, message])).toEqual([
      ['states.a', 'there is no action "foo"'],
      ['states.a.invoke', 'there is no actor "motor"'],
      ['states.b.on.X', 'there is no action "bar"'],
      ['states.b.on.X', 'there is no guard "isHot"'],
      ['states.b.after.1000000000000', '1000000000000 is no delay'],
      ['states.b.after.LATER', 'there is no delay "LATER"'],
      ['states.a.always', 'this goes round for ever: a (always) → b (always) → a (always)'],
    ]);
  });

  test('imports that run in a ring are told, and hold nothing up', async () => {
    await folder.write('_b.mjs', "import './a.mjs';");
    const { problems } = await folder.load('a.mjs', "import './_b.mjs';");
    expect(problems[0]?.message).toMatch(/ring: a.mjs → _b.mjs → a.mjs/);
  });

  test('what is wrong in an imported file is told with the import', async () => {
    await folder.write('_b.mjs', 'const = 1');
    const { problems } = await folder.load('a.mjs', "\nimport './_b.mjs';");
    expect(problems).toMatchObject([
      { line: 2, column: 8, message: expect.stringMatching(/_b.mjs: Unexpected token/) },
    ]);
  });
});
