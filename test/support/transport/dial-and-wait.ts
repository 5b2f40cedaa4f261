/** A process that dials the port it is given, says one frame, and stays. */
import { loopbackNode } from './nodes.ts';
import { Recorder } from './recorder.ts';

const port = Number(process.argv[2]);
const said = new Recorder((connection) => connection.send('here'));
await loopbackNode().transport.dial({ endpoints: [{ host: '127.0.0.1', port }] }, said.accept);
