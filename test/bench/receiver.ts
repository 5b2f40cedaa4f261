import { WebSocketServer } from 'ws';
import { createMachine } from 'xstate';
import { createNode } from '../../main/index.ts';
import { reply } from '../../main/xstate.ts';

/** The far side of the benchmark, in a process of its own: a node with a sink, and a bare WebSocket server. Tells its parent each count it was asked for. */
const [dataDir = '', loopbackPort = ''] = process.argv.slice(2);
let events = 0;
let target = 0;
const count = () => {
  if (++events === target) process.send?.({ reached: target, rss: process.memoryUsage.rss() });
};

const node = await createNode({ name: 'receiver', dataDir, loopbackPort: Number(loopbackPort) });
await node.register('Sink', createMachine({ on: { SAMPLE: { actions: count } } }));
await node.register('Echo', createMachine({ on: { PING: { actions: reply({ type: 'PONG' }) } } }));

const bare = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
bare.on('connection', (socket) => socket.on('message', (text) => JSON.parse(String(text)) && count()));
await new Promise((resolve) => bare.once('listening', resolve));

process.on('message', ({ expect }: { expect: number }) => {
  events = 0;
  target = expect;
  process.send?.({ expecting: expect });
});
process.on('disconnect', () => void node.stop().finally(() => process.exit(0)));
process.send?.({ ready: (bare.address() as { port: number }).port });
