import { expect, test } from 'vitest';
import { Crowd } from '../support/crowd.ts';

test('a hundred nodes, of which some leave, come and start again, are all linked to just those that are there', async () => {
  const crowd = new Crowd();
  await crowd.add(60);
  for (let n = 0; n < 4; n++) await crowd.add(10);
  expect(await crowd.converged()).toBeLessThan(10_000);
  for (let round = 0; round < 3; round++) {
    await crowd.churn(5);
    expect(await crowd.converged()).toBeLessThan(10_000);
  }
  expect(crowd.size).toBe(100);
  expect(crowd.problems).toEqual([]);
});
