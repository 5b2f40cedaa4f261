import { describe, expect, test } from 'vitest';
import { SimulatedClock } from '../../../main/adapters/clock/simulated.ts';
import { QuerySchedule } from '../../../main/adapters/discovery/mdns-schedule.ts';

function scheduled() {
  const clock = new SimulatedClock();
  const askedAt: number[] = [];
  const thresholds: number[] = [];
  const schedule = new QuerySchedule(clock, (unlessAskedWithinMs) => {
    askedAt.push(clock.now() / 1_000);
    thresholds.push(unlessAskedWithinMs);
  });
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++) clock.increment(1_000);
  };
  return { schedule, askedAt, thresholds, pass };
}

describe('The schedule of questions', () => {
  test('asks at 0, 1, 3 and 7 s, then every 60 s', () => {
    const { schedule, askedAt, pass } = scheduled();
    schedule.restart();
    pass(130);
    expect(askedAt).toEqual([0, 1, 3, 7, 67, 127]);
  });

  test('asks every 10 s while a node is missing', () => {
    const { schedule, askedAt, pass } = scheduled();
    schedule.seek(true);
    schedule.restart();
    pass(38);
    expect(askedAt).toEqual([0, 1, 3, 7, 17, 27, 37]);
  });

  test('asks at once where a node goes missing late, and rests again when it is back', () => {
    const { schedule, askedAt, pass } = scheduled();
    schedule.restart();
    pass(40);
    schedule.seek(true);
    schedule.seek(true);
    pass(15);
    schedule.seek(false);
    pass(65);
    expect(askedAt).toEqual([0, 1, 3, 7, 40, 50, 110]);
  });

  test("lets another's question stand for its own where that is younger than four fifths of the interval", () => {
    const { schedule, thresholds, pass } = scheduled();
    schedule.restart();
    pass(67);
    expect(thresholds).toEqual([0, 800, 1_600, 3_200, 48_000]);
  });

  test('begins anew after a restart, and asks no more after a stop', () => {
    const { schedule, askedAt, pass } = scheduled();
    schedule.restart();
    pass(20);
    schedule.restart();
    pass(8);
    schedule.stop();
    schedule.seek(true);
    pass(100);
    expect(askedAt).toEqual([0, 1, 3, 7, 20, 21, 23, 27]);
  });
});
