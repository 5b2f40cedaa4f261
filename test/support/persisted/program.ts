// A node with persisted machines, to be killed: `node program.ts <dataDir> <networkKey> <life>` sends for ever, and tells its parent what was accepted.
// With `look` in place of the life it tells what there is, and ends.
import { assign, setup } from 'xstate';
import { createNode } from '../../../main/index.ts';
import { sendTo } from '../../../main/xstate.ts';

/** Beyond what one life sends. */
export const LIFE = 1_000_000;
const UNDER_WAY = 4;

/** Takes numbers and the ticks of its own clock, and tells the witness of each. */
const worker = setup({
  types: { context: {} as { numbers: number[]; ticks: number }, events: {} as { type: 'NUMBER'; n: number } },
  actions: {
    tell: sendTo('Witness_1', ({ event }) => ({ type: 'SEEN', n: (event as unknown as { n: number }).n })),
    tick: sendTo('Witness_1', ({ context }) => ({ type: 'TICKED', tick: (context as { ticks: number }).ticks })),
  },
}).createMachine({
  context: { numbers: [], ticks: 0 },
  initial: 'ticking',
  on: { NUMBER: { actions: [assign({ numbers: ({ context, event }) => [...context.numbers, event.n] }), 'tell'] } },
  states: {
    ticking: {
      after: {
        10: {
          target: 'ticking',
          reenter: true,
          actions: [assign({ ticks: ({ context }) => context.ticks + 1 }), 'tick'],
        },
      },
    },
  },
});

const witness = setup({
  types: {
    context: {} as { numbers: number[]; ticks: number[] },
    events: {} as { type: 'SEEN'; n: number } | { type: 'TICKED'; tick: number },
  },
}).createMachine({
  context: { numbers: [], ticks: [] },
  on: {
    SEEN: { actions: assign({ numbers: ({ context, event }) => [...context.numbers, event.n] }) },
    TICKED: { actions: assign({ ticks: ({ context, event }) => [...context.ticks, event.tick] }) },
  },
});

export interface Look {
  readonly numbers: readonly number[];
  readonly ticks: number;
  readonly seen: { readonly numbers: readonly number[]; readonly ticks: readonly number[] };
  /** Of the log: what the worker was sent, and what became of it. */
  readonly log: readonly { readonly n: unknown; readonly status: string }[];
}

const tell = (message: unknown): void => void process.send?.(message);

async function run(dataDir: string, networkKey: string, life: string): Promise<void> {
  const node = await createNode({ name: 'persisted', dataDir, networkKey, loopbackPort: Number(process.env.PORT) });
  const seen = await node.register('Witness', witness, { persist: true });
  const work = await node.register('Worker', worker, { persist: true });
  if (life !== 'look') {
    let n = Number(life) * LIFE;
    const sendOn = async () => {
      for (;;) {
        const own = ++n;
        await node.sendTo('Worker_1', { type: 'NUMBER', n: own }, { until: 'accepted' });
        tell(own);
      }
    };
    await Promise.all(Array.from({ length: UNDER_WAY }, sendOn));
  }
  // What was under way goes on; then nothing moves but the clock.
  const logged = async (eventType: string) => await node.messages({ limit: 10_000, eventType });
  // The log is long: it is not read, which takes time from the machines, before they say that they are done.
  const isCaughtUp = () => {
    const [worked, witnessed] = [work.actor.getSnapshot().context, seen.actor.getSnapshot().context];
    const ticksToCome = worked.ticks - witnessed.ticks.length;
    return witnessed.numbers.length === worked.numbers.length && ticksToCome < 50;
  };
  const isQuiet = async () =>
    isCaughtUp() &&
    [...(await logged('NUMBER')), ...(await logged('SEEN'))].every(({ status }) => status !== 'delivered');
  for (let tries = 0; tries < 1_000 && !(await isQuiet()); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const log = (await logged('NUMBER')).map(({ event, status }) => ({ n: event.n, status })).reverse();
  await node.stop();
  const { numbers, ticks } = work.actor.getSnapshot().context;
  const look: Look = { numbers, ticks, seen: seen.actor.getSnapshot().context, log };
  process.send?.(look, () => process.disconnect());
}

const [dataDir, networkKey, life] = process.argv.slice(2);
if (dataDir !== undefined && networkKey !== undefined && life !== undefined) await run(dataDir, networkKey, life);
