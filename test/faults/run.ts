// npm run test:faults [-- kill|disk|cable|stop|clock|away|overload …] [--seconds N] [--seed S]: whole nodes in processes of their own, and what may happen to them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lanUnavailable } from '../support/lan.ts';
import { away, cable, clock, disk, type FaultOptions, kill, stop, type Told } from './faults.ts';
import { overload } from './overload.ts';

/** Large enough for what a node keeps free, small enough to be filled. */
const DISK = 'size=224m';
const OWN_MOUNTS = ['--user', '--map-root-user', '--mount'];
const MOUNT = `mount -t tmpfs -o ${DISK} tmpfs "$1" && shift && exec "$@"`;

const FAULTS: Readonly<Record<string, (options: FaultOptions) => Promise<Told>>> = {
  kill,
  disk,
  cable,
  stop,
  clock,
  away,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    /** A disk that is ours alone, and gone with this process. */
    disk: { type: 'string' },
  },
});
const options: FaultOptions = {
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  ...(values.disk && { disk: values.disk }),
};
if (options.disk === undefined) console.log(`seed ${options.seed}, ${options.seconds} s each`);
for (const name of positionals.length > 0 ? positionals : [...Object.keys(FAULTS), 'overload']) {
  if (name === 'overload') {
    await overloaded();
    continue;
  }
  const fault = FAULTS[name];
  if (!fault) throw new Error(`no such fault: ${name}; there are ${Object.keys(FAULTS).join(', ')}, overload`);
  const unavailable = name === 'cable' ? lanUnavailable() : undefined;
  if (unavailable !== undefined) console.log(`${name.padEnd(6)} skipped: ${unavailable}`);
  else if (name === 'disk' && options.disk === undefined) onSmallDisk();
  else if (!show(name, await fault(options))) process.exitCode = 1;
}

async function overloaded(): Promise<void> {
  for (const fault of await overload({ seconds: Math.ceil(options.seconds / 2) })) {
    console.log(`       ${fault}`);
    process.exitCode = 1;
  }
}

/** The same program once more, in a mount namespace of its own. */
function onSmallDisk(): void {
  const place = mkdtempSync(join(tmpdir(), 'intermachine-disk-'));
  const inside = (...command: string[]) => ['unshare', ...OWN_MOUNTS, 'sh', '-c', MOUNT, 'sh', place, ...command];
  const run = ([program = '', ...args]: readonly string[]) => spawnSync(program, args, { stdio: 'inherit' }).status;
  if (process.platform !== 'linux' || run(inside('true')) !== 0)
    console.log('disk   skipped: mounting a small disk needs Linux and the right to unshare');
  else {
    const { seconds, seed } = options;
    const again = [process.execPath, fileURLToPath(import.meta.url), 'disk', '--disk', place];
    if (run(inside(...again, '--seconds', String(seconds), '--seed', String(seed))) !== 0) process.exitCode = 1;
  }
  rmSync(place, { recursive: true });
}

/** Returns whether all is as it should be. */
function show(name: string, { notes, refused, reasons, ...figures }: Told): boolean {
  const shown = Object.entries(figures).map(([what, value]) => `${what} ${value.toLocaleString('en')}`);
  console.log(`${name.padEnd(6)} ${shown.join(', ')}`);
  if (Object.keys(refused).length > 0) console.log(`       refused: ${JSON.stringify(refused)}`);
  if (figures.dead > 0) console.log(`       dead letters: ${JSON.stringify(reasons)}`);
  for (const note of notes) console.log(`       ${note}`);
  const { lost, twice, reordered, dead, unhandled, strange, renamed, integrity } = figures;
  return lost + twice + reordered + dead + unhandled + strange + renamed === 0 && integrity === 'ok';
}
