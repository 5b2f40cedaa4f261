import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { InterMachineError } from '../../shared/errors.ts';
import type { Pipe } from '../../shared/pipe.ts';
import { type Client, connect, type Source, serve } from '../../shared/rpc.ts';
import { pipePair } from '../support/pipes.ts';

interface TestCalls {
  double(input: { readonly n: number }): number;
  fail(input: { readonly code: boolean }): never;
  never(input: object): number;
}
interface TestStreams {
  count(input: { readonly to: number }): number;
}

/** Counts up, and remembers what its reader made it do. */
class Counter implements Source<number> {
  taken = 0;
  stopped = false;
  readonly #to: number;

  constructor(to: number) {
    this.#to = to;
  }

  async next(): Promise<number | undefined> {
    if (this.stopped || this.taken === this.#to) return undefined;
    return ++this.taken;
  }

  stop(): void {
    this.stopped = true;
  }
}

let near: Pipe;
let far: Pipe;
let client: Client<TestCalls, TestStreams>;
let counters: Counter[];
let timers: (() => void)[];

beforeEach(() => {
  [near, far] = pipePair();
  counters = [];
  timers = [];
  serve<TestCalls, TestStreams>(
    far,
    {
      double: (input) => (input as { n: number }).n * 2,
      fail: (input) => {
        throw (input as { code: boolean }).code
          ? new InterMachineError('MACHINE_UNKNOWN', 'no such machine')
          : new Error('disk gone');
      },
      never: () => new Promise<number>(() => {}),
    },
    {
      count: (input) => {
        const counter = new Counter((input as { to: number }).to);
        counters.push(counter);
        return counter;
      },
    },
  );
  client = connect<TestCalls, TestStreams>(near, { setTimeout: (task) => timers.push(task), clearTimeout: () => {} });
});

describe('a call', () => {
  test('is answered; many at once are answered each with its own', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => client.call('double', { n })));
    expect(answers).toEqual(Array.from({ length: 50 }, (_, n) => n * 2));
  });

  test('fails with the code and the sentence of the other side', async () => {
    await expect(client.call('fail', { code: true })).rejects.toMatchObject({
      code: 'MACHINE_UNKNOWN',
      message: 'no such machine',
    });
    await expect(client.call('fail', { code: false })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'disk gone',
    });
  });

  test.each(['constructor', '__proto__', 'toString', 'nothing'])('of "%s" is unknown', async (name) => {
    await expect(client.call(name as 'double', { n: 1 })).rejects.toMatchObject({ code: 'CALL_UNKNOWN' });
  });

  test('that is never answered times out', async () => {
    const calling = client.call('never', {});
    timers[0]?.();
    await expect(calling).rejects.toMatchObject({ code: 'CALL_TIMED_OUT' });
  });

  test('fails when the pipe closes, and afterwards', async () => {
    const calling = client.call('never', {});
    near.close();
    await expect(calling).rejects.toMatchObject({ code: 'PIPE_CLOSED' });
    await expect(client.call('double', { n: 1 })).rejects.toMatchObject({ code: 'PIPE_CLOSED' });
  });
});

describe('a stream', () => {
  test('gives its items in order and ends', async () => {
    const items: number[] = [];
    for await (const item of client.stream('count', { to: 100 })) items.push(item);
    expect(items).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  });

  test('never runs ahead of a slow reader', async () => {
    for await (const item of client.stream('count', { to: 1_000 })) {
      await new Promise(setImmediate);
      expect(counters[0]?.taken).toBeLessThanOrEqual(item + 5);
      if (item === 50) break;
    }
  });

  test('that is left is ended at its source', async () => {
    for await (const item of client.stream('count', { to: 1_000_000 })) if (item === 3) break;
    await expect.poll(() => counters[0]?.stopped).toBe(true);
  });

  test('ends by a signal, also while nothing comes', async () => {
    const abort = new AbortController();
    const reading = (async () => {
      let last = 0;
      for await (const item of client.stream('count', { to: 3 }, abort.signal)) last = item;
      return last;
    })();
    await expect.poll(() => counters).toHaveLength(1);
    abort.abort();
    expect(await reading).toBeLessThanOrEqual(3);
  });

  test('fails when the pipe closes, and its source is ended', async () => {
    const reading = (async () => {
      for await (const item of client.stream('count', { to: 1_000_000 })) if (item === 2) near.close();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'PIPE_CLOSED' });
    await expect.poll(() => counters[0]?.stopped).toBe(true);
  });
});

test('whatever comes through the pipe, the serving side answers, ignores it or closes, and never breaks', async () => {
  const anything = fc.oneof(
    fc.anything({ withBigInt: false, withSparseArray: false }),
    fc.record(
      {
        kind: fc.constantFrom('call', 'open', 'credit', 'stop', 'item', 'end', 'answer', 'error'),
        id: fc.oneof(fc.nat(5), fc.constant(-1), fc.string()),
        name: fc.oneof(fc.constantFrom('double', 'count', '__proto__'), fc.nat()),
        input: fc.anything({ withBigInt: false }),
        credit: fc.oneof(fc.nat(10), fc.double()),
      },
      { requiredKeys: ['kind'] },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { maxLength: 20 }), async (messages) => {
      const [left, right] = pipePair();
      serve<TestCalls, TestStreams>(
        right,
        { double: () => 1, fail: () => 1 as never, never: () => 1 },
        { count: () => new Counter(3) },
      );
      left.onMessage(() => {});
      for (const message of messages) {
        try {
          left.send(message);
        } catch {
          // What cannot be copied cannot be sent.
        }
      }
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      left.close();
    }),
    { numRuns: 300 },
  );
});
