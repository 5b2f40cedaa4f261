// npm run test:deep [-- --runs 1000000 --seed 1]: many more histories than `npm test` has time for, in parts, so that it can be stopped.
import { parseArgs } from 'node:util';
import { explore } from './explore.ts';
import { History } from './history.ts';

const PART = 20_000;
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
});
console.log(`seed ${values.seed}`);
for (let done = 0; done < Number(values.runs); done += PART) {
  const seed = Number(values.seed) + done;
  const { runs, found } = explore(History, { runs: Math.min(PART, Number(values.runs) - done), seed });
  if (found) {
    console.error(
      `after ${done + runs} histories, seed ${seed}: ${found.what}\n${found.steps}\nchance ${found.chance}`,
    );
    process.exit(1);
  }
  console.log(`${(done + runs).toLocaleString('en')} histories`);
}
