// A node in a process of its own that does what it is told over IPC: `fork(host, [dataDir, loopbackPort, networkKey])`.
import { createNode } from '../../../main/index.ts';
import { type Command, Driver } from './driver.ts';

const [dataDir = '', loopbackPort = '', networkKey = ''] = process.argv.slice(2);
const node = await createNode({
  name: 'elsewhere',
  dataDir,
  loopbackPort: Number(loopbackPort),
  networkKey,
  report: () => {},
});
const driver = new Driver(node);

process.on('message', ({ number, command }: { number: number; command: Command }) => {
  driver.run(command).then(
    (result) => process.send?.({ number, result }),
    (error: Error & { code?: string }) =>
      process.send?.({ number, error: { code: error.code, message: error.message } }),
  );
});
process.on('disconnect', () => void node.stop().then(() => process.exit(0)));
process.send?.({ ready: true });
