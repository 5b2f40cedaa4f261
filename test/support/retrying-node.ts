// A node in a process of its own that sends its dead letters again, a few at a time, until there are none, or until it kills itself, at the moment when
// the first of them are on disk: `fork(this, [dataDir, loopbackPort, 'dies'?])`.
import { createNode } from '../../main/index.ts';
import { collector } from './machines.ts';

const LETTERS = 300;
const [dataDir = '', loopbackPort = '', dies] = process.argv.slice(2);
const node = await createNode({ dataDir, loopbackPort: Number(loopbackPort), report: () => {} });
const known = node.machine('Sink_1');
if (!known) {
  await node.register('Sink', collector);
  node.release('Sink_1');
  await Promise.all(Array.from({ length: LETTERS }, (_, n) => node.sendTo('Sink_1', { type: 'NUMBER', n })));
  await node.unregister('Sink_1');
  await node.register('Sink', collector);
  node.release('Sink_1');
  while ((await node.deadLetters.list({ limit: LETTERS })).length < LETTERS)
    await new Promise((resolve) => setTimeout(resolve, 5));
}
if (dies) node.on('message', () => process.kill(process.pid, 'SIGKILL'));
for (;;) {
  const letters = await node.deadLetters.list({ limit: 5 });
  if (letters.length === 0) break;
  await node.deadLetters.retry(letters.map(({ place }) => place));
}
const sink = await node.register('Sink', collector);
while ((await node.messages({ limit: 1 })).some(({ status }) => status !== 'handled'))
  await new Promise((resolve) => setTimeout(resolve, 5));
process.send?.({ numbers: sink.actor.getSnapshot().context.numbers });
