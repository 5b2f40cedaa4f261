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
const [command, ...flags] = process.argv.slice(2);
const beside = (file) => fileURLToPath(new URL(file, import.meta.url));

/** `npm start`: the desktop where it can run, else the same node without a display. */
async function start() {
  const { findElectron } = await import('./electron-binary.ts');
  const electron = findElectron();
  if (flags.includes('--json') || flags.includes('--help')) return await headless('run');
  if ('why' in electron) {
    console.log(`Starting without the desktop: ${electron.why}.\n`);
    return await headless('run');
  }
  const { buildDesktop } = await import('./desktop.ts');
  await Promise.all([buildPage(), buildDesktop()]);
  const child = spawn(electron.path, [beside('../out/desktop/main.js'), ...flags], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

async function headless(...args) {
  // Beside the node, which is ready long before: its dashboard says so while the page is not there.
  if ((args[0] === 'run' || args[0] === 'demo') && !flags.includes('--no-dashboard')) void buildPage();
  const { main } = await import('../main/cli/main.ts');
  await main([...args, ...flags]);
}

function buildPage() {
  const child = spawn(process.execPath, [beside('page.js')], { stdio: ['ignore', 'ignore', 'inherit'] });
  child.unref();
  return new Promise((resolve) => child.on('exit', resolve));
}

if (command === 'start') await start();
else await headless(...(command === undefined ? [] : [command]));
