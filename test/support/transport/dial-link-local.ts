/** A process that dials itself at fe80::7 on lo; prints what each end says of the other. */
import { loopbackNode } from './nodes.ts';
import { Recorder } from './recorder.ts';

const [heard, said] = [new Recorder(), new Recorder()];
const kitchen = loopbackNode({ everywhere: true });
const { port } = await kitchen.transport.listen(heard.accept);
const cellar = loopbackNode();
await cellar.transport.dial({ node: kitchen.id, endpoints: [{ host: 'fe80::7%lo', port }] }, said.accept);
const hosts = [await heard.line(), await said.line()].map(({ connection }) => connection.remote.host);
process.stdout.write(hosts.join(' '));
await Promise.all([kitchen.transport.stop(), cellar.transport.stop()]);
