import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyActorLogic, assign, raise, sendParent, setup } from 'xstate';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { SystemScheduler } from '../../main/adapters/clock/system.ts';
import type { DelayPolicy } from '../../main/core/delays.ts';
import { Host, type Persist } from '../../main/core/host.ts';
import { RunQueue } from '../../main/core/run-queue.ts';
import { machineId } from '../../shared/ids.ts';
import { idle } from '../support/idle.ts';

const ID = machineId('M');
const POLICIES: readonly DelayPolicy[] = ['resume-deadline', 'resume-remaining', 'restart'];
const nothing = () => {};

/** A line of work that goes on by itself, a delay before each step: by `after`, by events raised with a delay, or in an actor of its own. */
interface Line {
  readonly by: 'after' | 'raise' | 'child';
  readonly delays: readonly number[];
}

/** A node's host that is killed and started again: what it keeps is on disk at once. */
class KilledHost {
  readonly #logic: AnyActorLogic;
  readonly #policy: DelayPolicy;
  #clock = new SimulatedClock();
  #startedAt = 0;
  #host: Host | undefined;
  record: string | undefined;

  constructor(make: (now: () => number) => AnyActorLogic, policy: DelayPolicy) {
    this.#logic = make(() => this.now);
    this.#policy = policy;
    this.#start();
  }

  get now(): number {
    return this.#startedAt + this.#clock.now();
  }

  run(milliseconds: number): void {
    for (let passed = 0; passed < milliseconds; passed++) this.#clock.increment(1);
  }

  /** Nothing of it runs any more: its clock stands still, and the next one begins later. */
  killFor(milliseconds: number): void {
    const next = this.now + milliseconds;
    this.#clock = new SimulatedClock();
    this.#startedAt = next;
    this.#start();
  }

  get context(): unknown {
    return this.#host?.shown(ID)?.actor.getSnapshot().context;
  }

  get value(): unknown {
    return this.#host?.shown(ID)?.actor.getSnapshot().value;
  }

  #start(): void {
    const persist: Persist = {
      version: '1.0.0',
      definition: '',
      delays: this.#policy,
      now: () => this.now,
      ...(this.record !== undefined && { record: this.record }),
    };
    const host = new Host(this.#clock, new RunQueue(this.#clock, new SystemScheduler()), {
      keep: (step) => {
        if (this.#host === host) this.record = step.snapshot;
      },
      journaled: nothing,
      stepped: nothing,
      failed: (_, { reason }) => {
        throw new Error(reason);
      },
      restarted: nothing,
      ended: nothing,
      logged: nothing,
      problem: nothing,
    });
    this.#host = host;
    host.add(ID, this.#logic, idle, { persist, supervision: 'park' });
    host.start(ID);
  }
}

type Log = readonly (readonly [at: number, line: number, step: number])[];

function machineOf(lines: readonly Line[], now: () => number): AnyActorLogic {
  type Context = { log: Log };
  const worker = (line: number, { delays }: Line) => ({
    initial: 's0',
    states: Object.fromEntries(
      [...delays, undefined].map((delay, step) => [
        `s${step}`,
        delay === undefined
          ? {}
          : { after: { [delay]: { target: `s${step + 1}`, actions: sendParent({ type: `STEP_${line}`, step }) } } },
      ]),
    ),
  });
  const made = setup({
    types: { context: {} as Context },
    actors: Object.fromEntries(
      lines.map((line, at) => [`worker${at}`, setup({}).createMachine(worker(at, line) as never)]),
    ) as never,
    actions: {
      log: assign(({ context }, params: { line: number; step: number }) => ({
        log: [...context.log, [now(), params.line, params.step] as const],
      })) as never,
    },
  });
  const region = ({ by, delays }: Line, line: number) => {
    const log = (step: number) => ({ type: 'log', params: { line, step } });
    if (by === 'child')
      return {
        invoke: { src: `worker${line}`, id: `worker${line}` },
        on: {
          [`STEP_${line}`]: {
            actions: { type: 'log', params: ({ event }: { event: { step: number } }) => ({ line, step: event.step }) },
          },
        },
      };
    return {
      initial: 's0',
      states: Object.fromEntries(
        [...delays, undefined].map((delay, step) => {
          if (delay === undefined) return [`s${step}`, {}];
          const next = { target: `s${step + 1}`, actions: log(step) };
          return [
            `s${step}`,
            by === 'after'
              ? { after: { [delay]: next } }
              : {
                  entry: raise({ type: `R_${line}_${step}` } as never, { delay }),
                  on: { [`R_${line}_${step}`]: next },
                },
          ];
        }),
      ),
    };
  };
  return made.createMachine({
    context: { log: [] },
    type: 'parallel',
    states: Object.fromEntries(lines.map((line, at) => [`line${at}`, region(line, at)])),
  } as never) as unknown as AnyActorLogic;
}

interface Kill {
  readonly after: number;
  readonly downFor: number;
}

/** What is to happen, computed without any machine. */
function reference(lines: readonly Line[], kills: readonly Kill[], policy: DelayPolicy, end: number): Log {
  const log: [number, number, number][] = [];
  const next = lines.map(({ delays }) => ({ step: 0, due: delays[0] ?? Number.POSITIVE_INFINITY }));
  /** Of the last step of the whole machine: what was left then is what is left. */
  let keptAt = 0;
  let now = 0;
  const runTo = (until: number) => {
    for (; now <= until; now++)
      for (const [line, at] of next.entries())
        while (at.due <= now) {
          log.push([now, line, at.step]);
          keptAt = now;
          at.step++;
          at.due = now + (lines[line]?.delays[at.step] ?? Number.POSITIVE_INFINITY);
        }
    now = until;
  };
  for (const { after, downFor } of kills) {
    runTo(now + after);
    const back = now + downFor;
    for (const [line, at] of next.entries()) {
      if (policy === 'resume-remaining') at.due = back + (at.due - keptAt);
      if (policy === 'restart') at.due = back + (lines[line]?.delays[at.step] ?? Number.POSITIVE_INFINITY);
    }
    now = back;
    // The first step after a start is the start itself.
    keptAt = back;
  }
  runTo(end);
  return sorted(log);
}

const sorted = (log: Log): Log => log.toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);

const line: fc.Arbitrary<Line> = fc.record({
  by: fc.constantFrom('after', 'raise', 'child'),
  delays: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
});
const kill: fc.Arbitrary<Kill> = fc.record({
  after: fc.integer({ min: 0, max: 70 }),
  downFor: fc.integer({ min: 1, max: 90 }),
});

describe('delays of a persisted machine', () => {
  test.each(POLICIES)('end when the policy %s says, whatever the machine and wherever it is killed', (policy) => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), fc.array(kill, { maxLength: 3 }), (lines, kills) => {
        const host = new KilledHost((now) => machineOf(lines, now), policy);
        for (const { after, downFor } of kills) {
          host.run(after);
          host.killFor(downFor);
        }
        const end = host.now + 300;
        host.run(300);
        const { log } = host.context as { log: Log };
        expect(sorted(log)).toEqual(reference(lines, kills, policy, end));
      }),
      { numRuns: 150, seed: 20_261_124 },
    );
  });

  test('that were due while it was down come in the order of their times, and one may cancel another', () => {
    const machine = setup({ types: { context: {} as { log: string[] } } }).createMachine({
      context: { log: [] },
      initial: 'a',
      entry: raise({ type: 'LAST' } as never, { delay: 30 }),
      on: { '*': { actions: assign({ log: ({ context, event }) => [...context.log, event.type] }) } },
      states: {
        a: {
          entry: raise({ type: 'FIRST' } as never, { delay: 10 }),
          after: {
            20: { target: 'b', actions: assign({ log: ({ context }) => [...context.log, 'to b'] }) },
            25: { actions: assign({ log: ({ context }) => [...context.log, 'never'] }) },
          },
        },
        b: { after: { 5: { target: 'c' } } },
        c: {},
      },
    });
    const host = new KilledHost(() => machine, 'resume-deadline');
    host.run(5);
    host.killFor(1_000);
    expect([host.value, host.context]).toEqual(['b', { log: ['FIRST', 'to b', 'LAST'] }]);
    host.run(5);
    expect(host.value).toBe('c');
  });

  test('that came and changed nothing do not come again', () => {
    const machine = setup({ types: { context: {} as { times: number } } }).createMachine({
      context: { times: 0 },
      initial: 'a',
      states: { a: { after: { 10: { actions: assign({ times: ({ context }) => context.times + 1 }) } } } },
    });
    const host = new KilledHost(() => machine, 'restart');
    host.run(15);
    host.killFor(100);
    host.run(50);
    expect(host.context).toEqual({ times: 1 });
  });
});
