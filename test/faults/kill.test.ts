import { expect, test } from 'vitest';
import { away, kill } from './faults.ts';

// The long version, and other faults: npm run test:faults.
const SEED = 8;
const RESTARTS = 20;
const SOUND = {
  ...{ lost: 0, twice: 0, reordered: 0, dead: 0, unhandled: 0, strange: 0, renamed: 0 },
  integrity: 'ok',
};

test(`I1, I2, I3, I4, I6: three nodes that send to each other and are killed at random lose nothing, and nothing arrives twice or out of order (seed ${SEED})`, async () => {
  const { accepted, kills, ...told } = await kill({ seconds: 7, seed: SEED });
  console.log(`figure: killed ${kills} times in 7 s, ${accepted} accepted`);
  expect(kills).toBeGreaterThan(5);
  expect(accepted).toBeGreaterThan(500);
  expect(told).toMatchObject(SOUND);
}, 240_000);

test(`I12: a sender that is killed ${RESTARTS} times while a node is away delivers to it all that any of its lives took up`, async () => {
  expect(await away({ seconds: 0, seed: SEED, restarts: RESTARTS })).toMatchObject({ ...SOUND, kills: RESTARTS });
}, 240_000);
