import { expect, test } from 'vitest';
import { Crowd } from '../support/crowd.ts';
import { Star } from '../support/star.ts';

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

test('what a neighbour costs in frames and bytes does not grow with how many there are, linked, at rest and when some start again', async () => {
  const costs = [];
  for (const neighbours of [50, 200]) {
    const star = new Star(neighbours);
    const perNeighbour = async (act: () => Promise<unknown>) => {
      const [heartbeats, frames, length] = [star.heartbeats, star.framesButHeartbeats, star.lengthButHeartbeats];
      await act();
      return {
        heartbeats: (star.heartbeats - heartbeats) / neighbours,
        frames: (star.framesButHeartbeats - frames) / neighbours,
        length: (star.lengthButHeartbeats - length) / neighbours,
      };
    };
    await star.start();
    const linking = await perNeighbour(async () => {
      await star.link();
      await star.world.advance(5_000, 250);
    });
    const resting = await perNeighbour(() => star.world.advance(30_000, 250));
    const churning = await perNeighbour(async () => {
      await star.churn(10);
      await star.world.advance(5_000, 250);
    });
    await star.world.stop();
    costs.push({ linking, resting, churning });
  }
  const [few, many] = costs;
  if (!few || !many) throw new Error('two sizes were measured');
  for (const phase of ['linking', 'churning'] as const) {
    expect(few[phase].frames).toBeGreaterThan(0);
    expect(many[phase].frames / few[phase].frames).toBeLessThan(1.05);
    // Ids of what is counted have more digits where there is more of it.
    expect(many[phase].length / few[phase].length).toBeLessThan(1.05);
  }
  expect(many.resting).toEqual(few.resting);
  expect(many.resting.frames).toBe(0);
});
