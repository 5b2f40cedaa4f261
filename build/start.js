// Runs the command line from its sources. Plain JavaScript, so that an old Node can still say what is wrong.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const modules = new URL('../node_modules/commander', import.meta.url);
if (!existsSync(modules)) {
  console.error('Run `npm ci` first: what InterMachine needs is not installed.');
  process.exit(1);
}
if (Number(process.versions.napi) < 10 || !process.features.typescript) {
  console.error(
    `Node ${process.version} is too old to run the sources: install Node 24 from https://nodejs.org, then start again.`,
  );
  console.error('On Linux and Windows `npm ci` brings it along; start with `npm start`, which finds it.');
  process.exit(3);
}
const args = process.argv.slice(2);
if ((args[0] === 'run' || args[0] === 'demo') && !args.includes('--no-dashboard')) {
  // Beside the node, which is ready long before: its dashboard says so while the page is not there.
  spawn(process.execPath, [fileURLToPath(new URL('page.js', import.meta.url))], {
    stdio: ['ignore', 'ignore', 'inherit'],
  }).unref();
}
const { main } = await import('../main/cli/main.ts');
await main(args);
