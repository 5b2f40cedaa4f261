import { expect, test } from 'vitest';
import { kill } from './faults.ts';

// The long version, and other faults: npm run test:faults.
const SEED = 8;

test(`three nodes that send to each other and are killed at random lose nothing, and nothing arrives twice or out of order (seed ${SEED})`, async () => {
  const { accepted, kills, ...told } = await kill({ seconds: 7, seed: SEED });
  console.log(`figure: killed ${kills} times in 7 s, ${accepted} accepted`);
  expect(kills).toBeGreaterThan(5);
  expect(accepted).toBeGreaterThan(500);
  expect(told).toMatchObject({ lost: 0, twice: 0, reordered: 0, dead: 0, unhandled: 0, strange: 0, integrity: 'ok' });
}, 240_000);
