import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createMachine } from 'xstate';
import { SystemClock } from '../../main/adapters/clock/system.ts';
import { LocalMachineRegistrator } from '../../main/in-process.ts';
import type { HostedDefinition } from '../../main/machine-files/definition.ts';
import { Hosting, type Order } from '../../main/machine-files/hosting.ts';
import { MachineFiles, type MachineHost } from '../../main/machine-files/machine-files.ts';
import { NodeHost } from '../../main/machine-files/node-host.ts';
import { fileProblem } from '../../main/machine-files/problems.ts';
import type { FileView } from '../../shared/api.ts';
import { Folder } from '../support/machine-files.ts';

/** Until it holds, on a busy machine too. */
const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 15_000, interval: 20 });

const counter = (more: object = {}) => ({
  type: 'Counter',
  context: { count: 0 },
  initial: 'on',
  states: {
    on: { on: { ADD: { actions: { type: 'assign', params: { count: { '+': [{ var: 'context.count' }, 1] } } } } } },
    off: {},
  },
  ...more,
});

describe('what is in the folder lives on the node', () => {
  let folder: Folder;
  let registrator: LocalMachineRegistrator;
  let files: MachineFiles;
  const reports: string[] = [];

  beforeEach(async () => {
    folder = await Folder.make();
    registrator = new LocalMachineRegistrator();
    reports.length = 0;
    files = new MachineFiles({
      folder: folder.path,
      clock: new SystemClock(),
      host: new NodeHost(registrator),
      report: (message) => reports.push(message),
    });
  });
  afterEach(async () => {
    files.stop();
    await registrator.stop();
    await folder.clear();
  });

  const ids = () =>
    registrator
      .machines()
      .map(({ id }) => id as string)
      .sort();
  const file = (name: string): FileView | undefined => files.list().find((each) => each.name === name);
  /** Until a file is as told; the newest of what is known of it is in the error. */
  const until = (name: string, fits: (view: FileView) => boolean) =>
    eventually(() => {
      const view = file(name);
      expect(view !== undefined && fits(view), JSON.stringify([view, reports])).toBe(true);
    });
  const countOf = async (id: string): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const watching = registrator.watch(id, ({ context }) => resolve((context as unknown as { count: number }).count));
    const count = await promise;
    watching.unsubscribe();
    return count;
  };

  test('files that are there at the start are taken in alphabetical order, and the wrong ones hold no other up', async () => {
    await folder.write('a.json', counter({ type: 'A', instances: 2, metadata: { line: 'B' } }));
    await folder.write('b.json', '{ "type": ');
    await folder.write('c.js', "import { createMachine } from 'xstate';\nexport default createMachine({ id: 'C' });");
    await folder.write('d.js', 'throw new Error("no motor")');
    await folder.write('_shared.js', 'not code at all');
    await folder.write('package.json', {});
    await folder.write('.e.json.swp', '');
    await folder.write('f.json~', '');
    await mkdir(folder.file('node_modules'));
    await files.start();
    expect(ids()).toEqual(['A_1', 'A_2', 'C_1']);
    expect(registrator.machine('A_2')?.metadata).toEqual({ line: 'B' });
    expect(files.list().map(({ name, machines, problems }) => [name, machines, problems.length])).toEqual([
      ['a.json', ['A_1', 'A_2'], 0],
      ['b.json', [], 1],
      ['c.js', ['C_1'], 0],
      ['d.js', [], 1],
    ]);
    expect(reports).toEqual([
      'machine file b.json: line 1: the text ends here before it is complete (A bracket, a brace or a quote is not closed yet.).',
      'machine file d.js: line 1: no motor.',
    ]);
  });

  test('a file that is saved is a machine within a second, and none when it is removed', async () => {
    await files.start();
    const from = performance.now();
    await folder.write('counter.json', counter());
    await until('counter.json', ({ machines }) => machines.length === 1);
    expect(performance.now() - from).toBeLessThan(1_000);
    await rm(folder.file('counter.json'));
    await eventually(() => expect(ids()).toEqual([]));
    expect(files.list()).toEqual([]);
  });

  test('a change keeps the state where it can, else restarts, and says which', async () => {
    await folder.write('counter.json', counter());
    await files.start();
    await registrator.sendTo('Counter_1', { type: 'ADD' });
    await folder.write('counter.json', counter({ version: '1.1.0', context: { count: 0, limit: 9 } }));
    await until('counter.json', ({ notes }) => notes.length > 0);
    expect(file('counter.json')?.notes).toEqual(['Counter_1 kept its state']);
    expect(registrator.machine('Counter_1')?.version).toBe('1.1.0');
    expect(await countOf('Counter_1')).toBe(1);
    await folder.write('counter.json', { ...counter(), initial: 'off', states: { off: {} } });
    await until('counter.json', ({ notes }) => notes[0] !== 'Counter_1 kept its state');
    expect(file('counter.json')?.notes).toEqual(['Counter_1 restarted: its state "on" is gone']);
  });

  test('while a file is wrong its machines go on, and they go on when it is right again', async () => {
    await folder.write('counter.json', counter());
    await files.start();
    await registrator.sendTo('Counter_1', { type: 'ADD' });
    await folder.write('counter.json', '{');
    await until('counter.json', ({ problems }) => problems.length === 1);
    expect(file('counter.json')).toMatchObject({ type: 'Counter', machines: ['Counter_1'] });
    expect(reports.at(-1)).toMatch(/Its machines go on as they were\.$/);
    expect((await registrator.sendTo('Counter_1', { type: 'ADD' })).status).toBe('handled');
    await folder.write('counter.json', counter());
    await until('counter.json', ({ problems, notes }) => problems.length === 0 && notes.length > 0);
    expect(await countOf('Counter_1')).toBe(2);
  });

  test('more and fewer of it, and another type', async () => {
    await folder.write('counter.json', counter({ instances: 3 }));
    await files.start();
    await folder.write('counter.json', counter({ instances: 1, version: '1.0.1' }));
    await eventually(() => expect(ids()).toEqual(['Counter_1']));
    await folder.write('counter.json', counter({ instances: 2, type: 'Other' }));
    await eventually(() => expect(ids()).toEqual(['Other_1', 'Other_2']));
  });

  test('an editor that writes beside the file and renames is one change; saving the same again is none', async () => {
    await folder.write('counter.json', counter());
    await files.start();
    const save = async (text: object) => {
      await folder.write('.counter.json.tmp', text);
      await rename(folder.file('.counter.json.tmp'), folder.file('counter.json'));
    };
    await save(counter({ version: '2.0.0' }));
    await until('counter.json', ({ version }) => version === '2.0.0');
    expect(file('counter.json')?.notes).toEqual(['Counter_1 kept its state']);
    let changes = 0;
    files.on('changed', () => changes++);
    await save(counter({ version: '2.0.0' }));
    await utimes(folder.file('counter.json'), new Date(), new Date());
    await folder.write('after.json', counter({ type: 'After' }));
    await until('after.json', ({ machines }) => machines.length === 1);
    expect(changes).toBe(1);
    expect(reports).toEqual([]);
  });

  test('a file that is written slowly is taken when it is whole', async () => {
    await files.start();
    const text = JSON.stringify(counter(), null, 2);
    for (let at = 0; at < text.length; at += 40) {
      await writeFile(folder.file('counter.json'), text.slice(at, at + 40), { flag: 'a' });
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await until('counter.json', ({ machines, problems }) => machines.length === 1 && problems.length === 0);
  });

  test('a module is read again when a file that it imports is changed', async () => {
    await folder.write('_text.js', "export const text = 'one';");
    await folder.write(
      'say.js',
      "import { createMachine } from 'xstate';\nimport { text } from './_text.js';\nexport default createMachine({ id: 'Say', description: text });",
    );
    await files.start();
    await folder.write('_text.js', "export const text = 'two';");
    await until('say.js', ({ notes }) => notes.length === 1);
    expect((await registrator.describe('Say_1')).chart.root.description).toBe('two');
  });

  test.skipIf(process.platform === 'win32')(
    'a folder that turns over links, as Kubernetes mounts one, is followed',
    async () => {
      await mkdir(folder.file('..1'));
      await folder.write('..1/counter.json', counter());
      await symlink('..1', folder.file('..data'));
      await symlink('..data/counter.json', folder.file('counter.json'));
      await files.start();
      expect(ids()).toEqual(['Counter_1']);
      await mkdir(folder.file('..2'));
      await folder.write('..2/counter.json', counter({ version: '2.0.0' }));
      await symlink('..2', folder.file('..next'));
      await rename(folder.file('..next'), folder.file('..data'));
      await until('counter.json', ({ version }) => version === '2.0.0');
    },
  );

  test('a folder that is removed and made again is noticed', async () => {
    await folder.write('counter.json', counter());
    await files.start();
    await rm(folder.path, { recursive: true });
    await eventually(() => expect(ids()).toEqual([]));
    await mkdir(folder.path);
    await folder.write('counter.json', counter());
    await eventually(() => expect(ids()).toEqual(['Counter_1']));
  });

  test('what cannot be started is told at its file', async () => {
    await registrator.register('Counter', createMachine({}), { id: 'Counter_1' });
    await folder.write('counter.json', counter());
    await files.start();
    expect(ids()).toEqual(['Counter_1', 'Counter_2']);
    await registrator.stop();
    await folder.write('late.json', counter({ type: 'Late' }));
    await until('late.json', ({ problems }) => /its machine cannot be started/.test(problems[0]?.message ?? ''));
  });

  test('after it was stopped nothing happens any more', async () => {
    await files.start();
    files.stop();
    await using other = new LocalMachineRegistrator();
    const witness = new MachineFiles({
      folder: folder.path,
      clock: new SystemClock(),
      host: new NodeHost(other),
      report: () => {},
    });
    await witness.start();
    await folder.write('counter.json', counter());
    await eventually(() => expect(other.machines()).toHaveLength(1));
    witness.stop();
    expect(ids()).toEqual([]);
  });
});

test.skipIf(process.platform === 'win32')(
  'F7: a pipe in the folder is told, and the file behind it loads',
  async () => {
    const folder = await Folder.make();
    execFileSync('mkfifo', [folder.file('a.json'), folder.file('b.mjs')]);
    await folder.write('good.json', counter());
    const registrator = new LocalMachineRegistrator();
    const files = new MachineFiles({
      folder: folder.path,
      clock: new SystemClock(),
      host: new NodeHost(registrator),
      report: () => {},
    });
    await files.start();
    expect(registrator.machines()).toHaveLength(1);
    expect(files.list().map(({ problems }) => problems[0]?.message)).toEqual([
      'is no ordinary file but a device, a pipe or a socket',
      'is no ordinary file but a device, a pipe or a socket',
      undefined,
    ]);
    files.stop();
    await registrator.stop();
    await folder.clear();
  },
);

test('a host that refuses one file takes the others', async () => {
  const folder = await Folder.make();
  const registered: string[] = [];
  const host: MachineHost = {
    register: async ({ type }: HostedDefinition) => {
      if (type === 'Bad') throw new Error('the disk is full');
      registered.push(type);
      return `${type}_1`;
    },
    replace: async () => '',
    unregister: async () => {},
  };
  await folder.write('a.json', counter({ type: 'Bad' }));
  await folder.write('b.json', counter({ type: 'Good' }));
  const files = new MachineFiles({ folder: folder.path, clock: new SystemClock(), host, report: () => {} });
  await files.start();
  files.stop();
  expect(registered).toEqual(['Good']);
  expect(files.list()[0]?.problems[0]?.message).toBe('its machine cannot be started: the disk is full');
  await folder.clear();
});

test('whatever happens to files, exactly the machines run that the last right version of each asks for', () => {
  const logic = createMachine({});
  const event = fc.record({
    file: fc.constantFrom('a.json', 'b.json'),
    what: fc.oneof(
      fc.record({ type: fc.constantFrom('A', 'B'), instances: fc.integer({ min: 1, max: 4 }) }),
      fc.constantFrom('failed' as const, 'removed' as const),
    ),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const hosting = new Hosting();
      const running = new Map<string, string>();
      let last = 0;
      const carryOut = (order: Order) => {
        if (order.type === 'register') {
          const id = `${order.definition.type}_${++last}`;
          running.set(id, order.file);
          hosting.step({ type: 'registered', file: order.file, id });
        } else if (order.type === 'unregister') {
          expect(running.delete(order.id)).toBe(true);
          hosting.step({ type: 'unregistered', file: order.file, id: order.id });
        } else {
          expect(running.has(order.id)).toBe(true);
          expect(order.id.startsWith(order.definition.type)).toBe(true);
          hosting.step({ type: 'replaced', file: order.file, id: order.id, note: '' });
        }
      };
      const wanted = new Map<string, { readonly type: string; readonly instances: number }>();
      for (const { file, what } of events) {
        if (what === 'removed') wanted.delete(file);
        else if (what !== 'failed') wanted.set(file, what);
        const orders =
          what === 'failed'
            ? hosting.step({ type: 'failed', file, problems: [fileProblem('is wrong')] })
            : what === 'removed'
              ? hosting.step({ type: 'removed', file })
              : hosting.step({
                  type: 'changed',
                  file,
                  problems: [],
                  definition: { ...what, version: '1.0.0', metadata: {}, logic },
                });
        orders.forEach(carryOut);
        for (const [name, { type, instances }] of wanted) {
          const machines = [...running].filter(([, of]) => of === name).map(([id]) => id);
          expect(machines).toHaveLength(instances);
          expect(machines.every((id) => id.startsWith(type))).toBe(true);
          expect(hosting.files.get(name)?.machines.toSorted()).toEqual(machines.sort());
        }
        expect([...running.values()].every((of) => wanted.has(of))).toBe(true);
      }
    }),
    { numRuns: 500, seed: 11 },
  );
});
