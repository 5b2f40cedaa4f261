import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalMachineRegistrator } from '../../main/in-process.ts';
import { BUILT_IN_ACTIONS } from '../../main/machine-files/built-in-actions.ts';
import { NodeHost } from '../../main/machine-files/node-host.ts';
import { OPERATORS } from '../../main/machine-files/operators.ts';
import { Problems } from '../../main/machine-files/problems.ts';
import { valueFrom } from '../../main/machine-files/values.ts';
import { SHIPPED_NAMES } from '../../main/machines/shipped-names.ts';
import { Folder } from '../support/machine-files.ts';

const page = await readFile(new URL('../../docs/machine-files.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/\*\*`([\w-]+\.\w+)`\*\*\n\n```\w+\n([\s\S]*?)```/g)].map(
  ([, name = '', source = '']) => [name, source] as const,
);
const rows = [...page.matchAll(/^\| `(\{.*\})` \| `(.*)` \|$/gm)].map(
  ([, value = '', result = '']) => [value, result] as const,
);

let folder: Folder;
let registrator: LocalMachineRegistrator;
beforeEach(async () => {
  folder = await Folder.make();
  registrator = new LocalMachineRegistrator();
});
afterEach(async () => {
  await registrator.stop();
  await folder.clear();
});

async function host(name: string): Promise<string> {
  const [, source = ''] = examples.find(([file]) => file === name) ?? [];
  const { definition, problems } = await folder.load(name, source);
  expect(problems).toEqual([]);
  return await new NodeHost(registrator).register(definition!);
}

test.each(examples)('%s of the page is right and runs', async (name) => {
  const id = await host(name);
  expect(registrator.machine(id)?.reachable).toBe(true);
});

test('the page has an example of each kind', () => {
  expect(examples.map(([name]) => name)).toEqual(['lamp.json', 'signal.json', 'counter.json', 'gate.ts', 'weather.js']);
});

test('the counter of the page counts, and is full at three', async () => {
  const id = await host('counter.json');
  for (let part = 1; part <= 3; part++)
    expect((await registrator.ask(id, { type: 'PART', part })).event).toEqual({ type: 'COUNTED' });
  expect((await registrator.sendTo(id, { type: 'PART' })).status).toBe('ignored');
});

test('the gate of the page opens for four digits', async () => {
  const id = await host('gate.ts');
  expect((await registrator.ask(id, { type: 'OPEN', code: 'x' })).event).toEqual({ type: 'REFUSED' });
  expect((await registrator.ask(id, { type: 'OPEN', code: '1234' })).event).toEqual({ type: 'OPENED' });
});

test.each(rows)('%s comes to %s', (text, result) => {
  const problems = new Problems();
  const value = valueFrom(JSON.parse(text), [], { context: new Set(['count', 'parts', 'name']) }, problems);
  expect(problems.list()).toEqual([]);
  const context = { count: 3, parts: [4, 5, 6], name: 'Press' };
  expect(value({ context, event: { type: 'LOAD', part: 7 } })).toEqual(JSON.parse(result));
});

test('the page names every operator, every action and every device', () => {
  const named = new Set(rows.flatMap(([text]) => [...text.matchAll(/"([^"]+)":/g)].map(([, key]) => key)));
  const beside = [...(/^`===`.*$/m.exec(page)?.[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  for (const operator of Object.keys(OPERATORS))
    expect(named.has(operator) || beside.includes(operator), operator).toBe(true);
  for (const name of [...Object.keys(BUILT_IN_ACTIONS)]) expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\|`, 'm'));
  for (const name of SHIPPED_NAMES.slice(4)) expect(page).toContain(`\`${name}\``);
});
