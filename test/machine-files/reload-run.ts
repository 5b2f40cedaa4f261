// 500 reloads of one module on one node, in a process of its own: what of them stays in memory? Started by reload.test.ts with
// --expose-gc. With the argument `import`, each is loaded as Node loads modules, to hold the measure against.
import { rm } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { SystemClock } from '../../main/adapters/clock/system.ts';
import { LocalMachineRegistrator } from '../../main/in-process.ts';
import { loadFile } from '../../main/machine-files/load-file.ts';
import { machineFromModule } from '../../main/machine-files/module-machine.ts';
import { NodeHost } from '../../main/machine-files/node-host.ts';
import { Problems } from '../../main/machine-files/problems.ts';
import { Folder } from '../support/machine-files.ts';

const RELOADS = 500;
const WARM_UP = 100;
const asNodeDoes = process.argv[2] === 'import';

const folder = await Folder.make();
const clock = new SystemClock();
const registrator = new LocalMachineRegistrator();
const host = new NodeHost(registrator);
const xstate = asNodeDoes ? import.meta.resolve('xstate') : 'xstate';

/** About as large as a machine that people write. */
const sourceOf = (version: number): string => `import { createMachine } from '${xstate}';
const words = ${JSON.stringify('a line of a table that somebody typed in, '.repeat(100))};
const table = Array.from({ length: 500 }, (_, n) => ({ n, words, version: ${version} }));
const states = Object.fromEntries(Array.from({ length: 20 }, (_, n) => ['s' + n, { on: { GO: 's' + ((n + 1) % 20) } }]));
export default { type: 'Table', version: '1.0.${version}', machine: createMachine({ id: 'table', context: { rows: table.length }, initial: 's0', states, on: { ROW: { actions: () => table[${version}] } } }) };
`;

async function load(version: number) {
  const path = await folder.write('table.mjs', sourceOf(version));
  if (!asNodeDoes) return (await loadFile(path, clock)).definition;
  return machineFromModule(await import(`${pathToFileURL(path).href}?v=${version}`), 'table.mjs', new Problems());
}

async function reload(version: number): Promise<void> {
  const definition = await load(version);
  if (!definition) throw new Error(`version ${version} is wrong`);
  if (version === 0) await host.register(definition);
  else await host.replace('Table_1', definition);
  await registrator.sendTo('Table_1', { type: 'GO' });
  // A person's reloads leave time between them; a loop's do not, and its garbage would be all that is measured.
  if (version % 10 === 0) globalThis.gc?.();
}

const residentMb = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
};

for (let version = 0; version < WARM_UP; version++) await reload(version);
const before = residentMb();
for (let version = WARM_UP; version < WARM_UP + RELOADS; version++) await reload(version);
const after = residentMb();
await registrator.stop();
await rm(folder.path, { recursive: true });
process.stdout.write(`${JSON.stringify({ before, after, grown: after - before })}\n`);
process.exit(0);
