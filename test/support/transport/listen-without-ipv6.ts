/** A process that listens on every address and is dialled over IPv4; prints where the listener saw that come from. */
import { loopbackNode } from './nodes.ts';
import { Recorder } from './recorder.ts';

const heard = new Recorder();
const kitchen = loopbackNode({ everywhere: true });
const { port } = await kitchen.transport.listen(heard.accept);
const cellar = loopbackNode();
await cellar.transport.dial({ node: kitchen.id, endpoints: [{ host: '127.0.0.1', port }] }, new Recorder().accept);
process.stdout.write((await heard.line()).connection.remote.host);
await Promise.all([kitchen.transport.stop(), cellar.transport.stop()]);
