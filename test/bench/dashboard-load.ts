import { assign, createMachine } from 'xstate';
import { createNode, type RegisteredMachine } from '../../main/index.ts';

/** The far side of the dashboard's benchmark, in a process of its own: machines that change their states, and events to the near side. */
const [dataDir = '', loopbackPort = '', machines = '', perSecond = ''] = process.argv.slice(2);
const TURNS_PER_SECOND = 20;

const blinker = createMachine({
  context: { blinks: 0 },
  initial: 'off',
  states: {
    off: { on: { SAMPLE: { target: 'on', actions: assign({ blinks: ({ context }) => context.blinks + 1 }) } } },
    on: { on: { SAMPLE: 'off' } },
  },
});

const node = await createNode({ name: 'far', dataDir, loopbackPort: Number(loopbackPort) });
const blinkers: RegisteredMachine<typeof blinker>[] = [];
for (let n = 0; n < Number(machines); n++) blinkers.push(await node.register(`Blinker${n % 10}`, blinker));
const [near] = await node.waitForType('Target', { timeoutMs: 30_000 });
if (!near) throw new Error('the near side was not found');
process.send?.('ready');

let sent = 0;
const timer = setInterval(() => {
  for (let n = 0; n < Number(perSecond) / TURNS_PER_SECOND; n++) {
    sent++;
    const sender = blinkers[sent % blinkers.length];
    sender?.actor.send({ type: 'SAMPLE' });
    void sender?.sendTo(near.address, { type: 'SAMPLE', value: sent }, { until: 'accepted' }).catch(() => {});
  }
}, 1_000 / TURNS_PER_SECOND);
process.on('disconnect', () => {
  clearInterval(timer);
  void node.stop().finally(() => process.exit(0));
});
