import { expect, test } from 'vitest';
import { faultsOf, surviveKills } from '../support/persisted/kills.ts';

test('I10, I11: a process killed again and again (SIGKILL) goes on with each event once, in order, in state and log', async () => {
  const times = [0.1, 0.9, 0.4, 0.7];
  const survived = await surviveKills(times.length, () => times.shift() ?? 0.5);
  expect(faultsOf(survived)).toEqual([]);
  expect(survived.accepted.length).toBeGreaterThan(50);
  expect(survived.ticks).toBeGreaterThan(10);
});
