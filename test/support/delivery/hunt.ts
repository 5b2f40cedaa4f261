// Looks for a history that catches each mutant, or those that are named; with --pin, writes the smallest ones down.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { explore, type Pinned, replay } from './explore.ts';
import { MUTANTS } from './mutants.ts';
import { mutated } from './mutate.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pin: { type: 'boolean', default: false },
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '42' },
  },
});
const file = new URL('./pinned.json', import.meta.url);
const pinned = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Pinned>;
const names = positionals.length > 0 ? positionals : Object.keys(MUTANTS);
let escaped = 0;

for (const name of names) {
  const mutant = MUTANTS[name];
  if (!mutant) throw new Error(`no such mutant: ${name}`);
  const History = await mutated(name, mutant.edits);
  const hasMonitors = mutant.hasMonitors ?? false;
  const known = values.pin ? undefined : pinned[name];
  const what = known && replay(History, known, hasMonitors);
  if (what) {
    console.log(JSON.stringify({ name, what, by: 'its pinned history' }));
    continue;
  }
  const { runs, found } = explore(History, { runs: Number(values.runs), seed: Number(values.seed), hasMonitors });
  if (!found) escaped++;
  console.log(JSON.stringify({ name, what: found?.what ?? null, by: `${runs} histories of seed ${values.seed}` }));
  if (values.pin && found) {
    pinned[name] = { steps: found.steps, chance: found.chance };
    writeFileSync(file, `${JSON.stringify(pinned, null, 2)}\n`);
  }
}
process.exitCode = escaped > 0 ? 1 : 0;
