// To look at pages: `vite build -c build/renderer.config.ts`, then `node test/support/renderer/serve.ts [world] [port]`.
import { startFakeNode } from './fake-node.ts';
import { WORLDS } from './worlds.ts';

const [name = 'line', port = '0'] = process.argv.slice(2);
const start = WORLDS[name];
if (!start) {
  console.error(`There is no world "${name}": ${Object.keys(WORLDS).join(', ')}`);
  process.exit(2);
}
const { world } = start();
const { url } = await startFakeNode(world, { port: Number(port) });
console.log(url);
