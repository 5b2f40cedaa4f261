import { expect, test } from 'vitest';
import { SystemClock, SystemScheduler } from '../../main/adapters/clock/system.ts';
import { RUN_SLICE_MS } from '../../main/core/defaults.ts';
import type { Clock } from '../../main/core/ports.ts';
import { RunQueue } from '../../main/core/run-queue.ts';

/** A clock that moves on with every task, and turns that are counted. */
function harness() {
  let now = 0;
  const turns: (() => void)[] = [];
  const clock = { now: () => now } as Clock;
  const queue = new RunQueue(clock, { soon: (task) => turns.push(task) });
  return {
    queue,
    turns,
    work: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

test('tasks of one machine run in the order in which they came, also those that tasks add', () => {
  const { queue, turns } = harness();
  const ran: number[] = [];
  queue.push('a', () => {
    ran.push(1);
    queue.push('a', () => ran.push(3));
  });
  queue.push('a', () => ran.push(2));
  expect(ran).toEqual([]);
  while (turns.length > 0) turns.shift()?.();
  expect(ran).toEqual([1, 2, 3]);
});

test('machines take turns: one that has much to do keeps no other waiting, also where each task fills a slice', () => {
  const { queue, turns, work } = harness();
  const ran: string[] = [];
  const push = (machine: string, task: string) =>
    queue.push(machine, () => {
      ran.push(task);
      work(RUN_SLICE_MS);
    });
  for (const task of ['a1', 'a2', 'a3']) push('a', task);
  push('b', 'b1');
  push('b', 'b2');
  turns.shift()?.();
  push('c', 'c1');
  while (turns.length > 0) turns.shift()?.();
  expect(ran).toEqual(['a1', 'b1', 'a2', 'c1', 'b2', 'a3']);
});

test('a slice ends when its time is up, and the rest runs in a later turn', () => {
  const { queue, turns, work } = harness();
  const ran: number[] = [];
  for (let n = 0; n < 4; n++) {
    queue.push('a', () => {
      ran.push(n);
      work(RUN_SLICE_MS / 2);
    });
  }
  turns.shift()?.();
  expect(ran).toEqual([0, 1]);
  turns.shift()?.();
  expect(ran).toEqual([0, 1, 2, 3]);
  expect(turns).toEqual([]);
});

test('tasks that never stop adding tasks let timers through', async () => {
  const queue = new RunQueue(new SystemClock(), new SystemScheduler());
  let isOver = false;
  const again = () => {
    if (!isOver) queue.push('a', again);
  };
  again();
  await new Promise((resolve) => setTimeout(resolve, 20));
  isOver = true;
});
