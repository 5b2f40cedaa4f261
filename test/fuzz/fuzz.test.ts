import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

const SEED = 20_261_124;
/** Bytes that a campaign may leave behind: lists that are bounded, and what fast-check and the modules keep. */
const MAX_GROWTH = 48 * 2 ** 20;

test('20,000 cases of frames, greetings, TLS clients and DNS packets that are almost right break nothing, and healthy peers lose nothing', async () => {
  const done = await fuzz({ cases: 20_000, seed: SEED, say: console.log });
  expect(done.reduce((sum, { cases }) => sum + cases, 0)).toBeGreaterThanOrEqual(20_000);
  for (const { healthyEvents, grewBytes } of done) {
    expect(healthyEvents).toBeGreaterThan(50);
    expect(grewBytes).toBeLessThan(MAX_GROWTH);
  }
}, 240_000);
