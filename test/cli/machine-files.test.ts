import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CliPlace, type JsonProcess, type Line } from '../support/cli.ts';
import { Folder } from '../support/machine-files.ts';
import { programFile } from '../support/programs.ts';

const shipped = (name: string) => fileURLToPath(new URL(`../../main/machines/${name}`, import.meta.url));

describe('a node’s folder of machine files', () => {
  let place: CliPlace;
  beforeEach(async () => {
    place = await CliPlace.make();
  });
  afterEach(() => place.clear());

  const isFound = (type: string) => (line: Line) =>
    line.event === 'machine' && line.change === 'found' && line.type === type;
  const folderOf = (name: string) => join(place.home, name, 'machines');
  const node = (name: string, ...more: string[]): JsonProcess =>
    place.node('--name', name, '--data-dir', join(place.home, name), ...more);

  test('a JSON file becomes a machine on three nodes within a second; broken, it is told and the old machine goes on', async () => {
    const nodes = ['one', 'two', 'three'].map((name) => node(name));
    for (const each of nodes)
      for (const other of ['one', 'two', 'three'])
        if (nodes.indexOf(each) !== ['one', 'two', 'three'].indexOf(other))
          await each.line(({ event, name, state }) => event === 'peer' && name === other && state === 'alive');
    const [one] = nodes as [JsonProcess];
    const from = performance.now();
    await copyFile(shipped('thermostat.json'), join(folderOf('one'), 'thermostat.json'));
    const found = await Promise.all(nodes.map((each) => each.line(isFound('Thermostat'))));
    for (const { at, id } of found) {
      expect(id).toBe('Thermostat_1');
      expect(at - from).toBeLessThan(1_000);
    }
    await writeFile(
      join(folderOf('one'), 'thermostat.json'),
      '{\n  "type": "Thermostat",\n  "initial": "of",\n  "states": { "off": {} }\n}',
    );
    const problem = await one.line(({ event, message }) => event === 'problem' && /thermostat/.test(String(message)));
    expect(problem.message).toBe(
      'machine file thermostat.json: line 3, initial: there is no state "of" to begin with (Did you mean "off"?). Its machines go on as they were.',
    );
    expect(one.lines.filter(({ event, change }) => event === 'machine' && change === 'lost')).toEqual([]);
  });

  test('machines of files have their old ids after the node was killed', async () => {
    await mkdir(folderOf('one'), { recursive: true });
    await copyFile(shipped('button-box.json'), join(folderOf('one'), 'box.json'));
    for (let start = 0; start < 2; start++) {
      const one = node('one');
      expect((await one.line(isFound('ButtonBox'))).id).toBe('ButtonBox_1');
      await one.end('SIGKILL');
    }
  });

  test('a machine that fails beside itself, in promises, timers and observers, takes neither the node nor another machine along', async () => {
    const one = node('one');
    await one.line(({ event }) => event === 'ready');
    await writeFile(
      join(folderOf('one'), 'wild.mjs'),
      `import { createActor, createMachine } from 'xstate';
const rejects = async () => { throw new Error('a promise that nobody caught'); };
const throwsLater = () => setTimeout(() => { throw new Error('a timer that threw'); }, 1);
const observes = () => createActor(createMachine({})).subscribe(() => { throw new Error('an observer that threw'); });
const throwsOnce = () => { const actor = createActor(createMachine({ on: { GO: {} } })); actor.subscribe(() => { throw new Error('an observer that threw'); }); actor.start(); actor.send({ type: 'GO' }); };
export default createMachine({ id: 'Wild', entry: [rejects, throwsLater, observes, throwsOnce] });`,
    );
    await one.line(isFound('Wild'));
    for (const text of ['a promise that nobody caught', 'a timer that threw', 'an observer that threw'])
      await one.line(({ event, message }) => event === 'problem' && String(message).includes(text));
    await copyFile(shipped('button-box.json'), join(folderOf('one'), 'box.json'));
    await one.line(isFound('ButtonBox'));
    expect(one.hasEnded).toBe(false);
  });

  test('with --no-machine-files the folder is left alone', async () => {
    await mkdir(folderOf('one'), { recursive: true });
    await copyFile(shipped('button-box.json'), join(folderOf('one'), 'box.json'));
    const one = node('one', '--no-machine-files', '--machine', 'conveyor-cell', 'barcode-gate');
    await one.line(isFound('BarcodeGate'));
    expect(await one.end()).toBe(0);
    expect(one.lines.some(isFound('ButtonBox'))).toBe(false);
  });

  test('the devices that are shipped work together: a button starts the belt, whose parts are scanned', async () => {
    const cell = node('cell', '--machine', 'conveyor-cell', 'barcode-gate', 'button-box');
    await cell.line(isFound('ButtonBox'));
    await writeFile(
      join(folderOf('cell'), 'finger.js'),
      `import { sendToType } from 'intermachine/xstate';
import { createMachine } from 'xstate';
export default createMachine({ id: 'Finger', entry: sendToType('ButtonBox', { type: 'PRESS', button: 'start' }) });`,
    );
    const isResult = (type: string) => (line: Line) => line.event === 'message' && line.type === type;
    await cell.line(isResult('ACCEPTED'));
    await cell.line(isResult('REJECTED'));
  });
});

describe('intermachine check', () => {
  let folder: Folder;
  beforeEach(async () => {
    folder = await Folder.make();
  });
  afterEach(() => folder.clear());

  const check = (...args: readonly string[]) =>
    spawnSync(process.execPath, [programFile('intermachine'), 'check', ...args], {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });

  test('says of a file that is right what it is, and exits with 0', async () => {
    const { stdout, status } = check(shipped('thermostat.json'), shipped('press-line/press.json'));
    expect(stdout.replaceAll(shipped(''), '')).toBe(
      'right  thermostat.json: Thermostat 1.0.0\nright  press-line/press.json: Press 1.0.0\nAll 2 files are right.\n',
    );
    expect(status).toBe(0);
  });

  test('shows what is wrong as a compiler does, and exits with 16', async () => {
    const path = await folder.write(
      'lamp.json',
      '{\n  "type": "Lamp",\n  "initial": "off",\n  "states": {\n    "off": { "on": { "TOGGLE": "onn" } },\n    "on": { "after": { "1 \u202E": "off" } }\n  }\n}',
    );
    const { stdout, stderr, status } = check(path);
    expect(stdout.replaceAll(path, 'lamp.json')).toBe(`error: there is no state "onn" at the top
  ╭─ lamp.json:5:32
5 │     "off": { "on": { "TOGGLE": "onn" } },
  │                                ^^^^^
  │ at states.off.on.TOGGLE
  ╰─ Did you mean "on"?

error: there is no delay "1 \uFFFD"
  ╭─ lamp.json:6:24
6 │     "on": { "after": { "1 \uFFFD": "off" } }
  │                        ^^^^^
  │ at states.on.after["1 \uFFFD"]
  ╰─ Explain it at the top of the file under "delays": { "1 \uFFFD": … }, or write the machine as a module, where it can be code.

wrong  lamp.json: 2 errors
`);
    // Nothing in a file can steer the terminal.
    for (const character of ['\u001B', '\u202E']) expect(stdout).not.toContain(character);
    expect(stderr).toBe('');
    expect(status).toBe(16);
  });

  test('prints one JSON object for each file with --json', async () => {
    const wrong = await folder.write('a.js', 'const = 1;');
    const { stdout, status } = check('--json', wrong, shipped('button-box.json'), folder.file('nothing.json'));
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual([
      {
        file: wrong,
        ok: false,
        problems: [{ severity: 'error', path: '', message: 'Unexpected token', line: 1, column: 7, length: 1 }],
      },
      { file: shipped('button-box.json'), ok: true, type: 'ButtonBox', version: '1.0.0', instances: 1, problems: [] },
      {
        file: folder.file('nothing.json'),
        ok: false,
        problems: [{ severity: 'error', path: '', message: 'does not exist' }],
      },
    ]);
    expect(status).toBe(16);
  });

  test('ends although the module that it looked at keeps a timer', async () => {
    const path = await folder.write(
      'a.mjs',
      "import { createMachine } from 'xstate';\nsetInterval(() => {}, 1000);\nexport default createMachine({ id: 'A' });",
    );
    expect(check(path).status).toBe(0);
  });

  test('without a file it says what it needs', () => {
    const { stderr, status } = check();
    expect(stderr).toMatch(/missing required argument 'file'/);
    expect(status).toBe(2);
  });
});
