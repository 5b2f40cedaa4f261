// npm run test:kill [-- --lives 100]: many more kills than `npm test` has time for.
import { parseArgs } from 'node:util';
import { faultsOf, surviveKills } from './kills.ts';

const { values } = parseArgs({ options: { lives: { type: 'string', default: '100' } } });
const survived = await surviveKills(Number(values.lives), Math.random, (accepted) =>
  console.log(`${accepted.toLocaleString('en')} accepted so far`),
);
const faults = faultsOf(survived);
const said = faults.length === 0 ? 'nothing lost, nothing twice, nothing out of order' : faults.join('; ');
const { accepted, numbers, ticks } = survived;
console.log(`${values.lives} kills, ${accepted.length} accepted, ${numbers.length} handled, ${ticks} ticks: ${said}`);
if (faults.length > 0) process.exit(1);
