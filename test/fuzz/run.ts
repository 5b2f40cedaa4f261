// npm run fuzz [-- --cases 1000000 --seed 1]: many more cases than `npm test` has time for. Each seed is another run; the same seed is the same one.
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '500000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
});
try {
  const cases = Number(values.cases);
  const done = await fuzz({ cases, seed: Number(values.seed), say: console.log, every: Math.ceil(cases / 50) });
  console.log(`nothing found in ${done.reduce((sum, campaign) => sum + campaign.cases, 0).toLocaleString('en')} cases`);
} catch (thrown) {
  console.error(thrown);
  process.exitCode = 1;
}
