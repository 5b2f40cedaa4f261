// The program on a node of its own: `node run-program.ts <name> <dataDir> <networkKey> [loopbackPort]` prints what it tells as JSON.
import { createNode } from '../../main/index.ts';
import { program } from './program.ts';

const [name = '', dataDir = '', networkKey = '', loopbackPort] = process.argv.slice(2);
await using node = await createNode({
  name,
  dataDir,
  networkKey,
  ...(loopbackPort !== undefined && { loopbackPort: Number(loopbackPort) }),
});
process.stdout.write(JSON.stringify(await program(node, name)));
