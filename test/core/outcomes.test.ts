import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnyActor } from 'xstate';
import {
  InterMachineError,
  type InterMachineNode,
  LocalMachineRegistrator,
  type LogRow,
  type Outcome,
} from '../../main/index.ts';
import { isFinal } from '../../shared/envelope.ts';
import { Oracle } from '../support/outcomes/oracle.ts';
import { events, machineOf, type SpecEvent, type StateSpec, specs, textOf } from '../support/outcomes/specs.ts';
import { World } from '../support/world.ts';

// What became of an event, as it is told, against an oracle that knows the rules of statecharts and nothing of XState.

interface Case {
  readonly spec: StateSpec;
  readonly sent: readonly SpecEvent[];
}

const cases: fc.Arbitrary<Case> = fc.record({ spec: specs, sent: fc.array(events, { minLength: 1, maxLength: 8 }) });

/** As the oracle says it: the status, and the code where there is one. */
const wordsOf = ({ status, code }: Pick<Outcome, 'status' | 'code'>): string => (code ? `${status} ${code}` : status);

/** What a send came to, also where it was known before. */
const wordsFrom = (sending: Promise<Outcome>): Promise<string> =>
  sending.then(wordsOf, (thrown: unknown) => {
    // Another node never learned of a machine that ended as it began.
    const isGone = thrown instanceof InterMachineError && /^MACHINE_(STOPPED|UNKNOWN)$/.test(thrown.code);
    if (isGone) return 'refused MACHINE_STOPPED';
    throw thrown;
  });

interface Told {
  readonly words: readonly string[];
  /** Of the machine, when all was sent. */
  readonly end: { readonly status: string; readonly value?: unknown; readonly context?: unknown };
}

/** What the oracle says; `undefined` where the rules leave it open. */
function predictionFor({ spec, sent }: Case): Told | undefined {
  const oracle = new Oracle(spec);
  const words = sent.map((event) => oracle.send(event));
  const { status, value, context, isOpen } = oracle;
  if (isOpen) return undefined;
  return { words, end: status === 'failed' ? { status: 'error' } : { status, value, context } };
}

/** What a machine that failed was doing is not to be known: it stopped in the middle of it. */
function endOf(actor: AnyActor): Told['end'] {
  const { status, value, context } = actor.getSnapshot();
  return status === 'error' ? { status } : { status, value, context };
}

function expectTold(told: Told, predicted: Told, { spec, sent }: Case): void {
  if (isDeepStrictEqual(told, predicted)) return;
  expect(told, `${textOf(spec)}\n${JSON.stringify(sent)}`).toEqual(predicted);
}

test('in one process, what became of each event is what the rules of statecharts say, for any machine', async () => {
  await using registrator = new LocalMachineRegistrator({ report: () => {} });
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(cases, async (each) => {
      const predicted = predictionFor(each);
      if (!predicted) return;
      const machine = await registrator.register('Any', machineOf(each.spec), { supervision: 'park' });
      const words = await Promise.all(each.sent.map((event) => wordsFrom(registrator.sendTo(machine.address, event))));
      expectTold({ words, end: endOf(machine.actor) }, predicted, each);
      for (const word of words) seen.set(word, (seen.get(word) ?? 0) + 1);
      await machine.unregister();
    }),
    { numRuns: 2_000, seed: 4 },
  );
  // Each of them often enough that a rule which is wrong is found.
  for (const word of ['handled', 'ignored', 'dead MACHINE_FAILED', 'refused MACHINE_STOPPED'])
    expect(seen.get(word), word).toBeGreaterThan(50);
});

/** Counts the last words that a node says of each row of its log. */
function lastWordsOf(node: InterMachineNode): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = ({ direction, id, status }: Pick<LogRow, 'direction' | 'id' | 'status'>) => {
    if (isFinal(status)) counts.set(`${direction} ${id}`, (counts.get(`${direction} ${id}`) ?? 0) + 1);
  };
  node.on('message', count);
  node.on('outcome', count);
  return counts;
}

test('on one node and from node to node it is the same, in both logs too, and each send has one last word', async () => {
  const world = new World();
  const [{ node: near }, { node: far }] = [await world.start('a'), await world.start('b')];
  const lastWords = [lastWordsOf(near), lastWordsOf(far)];
  let machines = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(cases, { minLength: 25, maxLength: 25 }), async (many) => {
      const known = many.flatMap((each) => {
        const predicted = predictionFor(each);
        return predicted ? [{ each, predicted }] : [];
      });
      const places = [far, near].flatMap((host) => known.map(({ each, predicted }) => ({ host, each, predicted })));
      const running = await world.after(
        Promise.all(
          places.map(async ({ host, ...rest }) => {
            const machine = await host.register('Any', machineOf(rest.each.spec), {
              id: `m${++machines}`,
              supervision: 'park',
            });
            return { machine, host, ...rest };
          }),
        ),
      );
      await world.settle();
      const told = await world.after(
        Promise.all(
          running.map(async ({ machine, each }) => {
            const sending = each.sent.map((event) => near.sendTo(machine.address, event));
            const words = await Promise.all(sending.map(wordsFrom));
            return { words, outcomes: await Promise.allSettled(sending) };
          }),
        ),
      );
      await world.settle();
      for (const [index, { machine, host, each, predicted }] of running.entries()) {
        const { words = [], outcomes = [] } = told[index] ?? {};
        expectTold({ words, end: endOf(machine.actor) }, predicted, each);
        const ids = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value.id : []));
        const wanted = ids.map((id, at) => [id, words[at]]);
        const directions = host === near ? (['local'] as const) : (['out', 'in'] as const);
        for (const [at, direction] of directions.entries()) {
          const rows = await [near, far][at]?.messages({ machine: machine.id, direction });
          expect(rows?.map((row) => [row.id, wordsOf(row)]).reverse()).toEqual(wanted);
          expect(ids.map((id) => lastWords[at]?.get(`${direction} ${id}`))).toEqual(ids.map(() => 1));
        }
      }
      await world.after(Promise.all(running.map(({ machine }) => machine.unregister())));
    }),
    { numRuns: 20, seed: 4 },
  );
  await world.stop();
});
