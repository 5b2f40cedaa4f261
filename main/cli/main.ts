import { Command, CommanderError, Option } from 'commander';
import { SHIPPED_NAMES } from '../machines/shipped-names.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { checkCommand } from './check.ts';
import { dashboardCommand } from './dashboard.ts';
import { deadLettersCommand } from './dead-letters.ts';
import type { DemoFlags } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { fail } from './exit-codes.ts';
import { exportCommand } from './export.ts';
import { forgetCommand } from './forget.ts';
import { idCommand } from './id.ts';
import { journalCommand } from './journal.ts';
import { machinesCommand } from './machines.ts';
import { joinCommand, keyCommand, rotateCommand } from './network-key.ts';
import { pairCommand } from './pair.ts';
import { peersCommand } from './peers.ts';
import { restartCommand, stopCommand } from './restart.ts';
import type { RunFlags } from './run.ts';
import { blockCommand, trustCommand, unblockCommand } from './trust.ts';

const USAGE_EXIT_CODE = 2;

/** The command line. Ends the process with one of the exit codes of exit-codes.ts. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('intermachine')
    .description('State machines that find each other on the LAN and talk directly.')
    .configureOutput({
      outputError: (text, write) =>
        write(
          `intermachine: ${text
            .replace(/^error: /, '')
            .trim()
            .replaceAll('\n', ' ')}\n`,
        ),
    })
    .exitOverride();

  program
    .command('run')
    .description('run a node')
    .option('--name <name>', 'what people call it (the name of this host)')
    .option('--data-dir <path>', 'where identity and database live (one for each name)')
    .option('--namespace <name>', 'nodes of different namespaces do not see each other (default)')
    .option(
      '--network-key <key>',
      'the key of the network to join; better in INTERMACHINE_NETWORK_KEY, where other users of this host cannot see it',
    )
    .option('--open', 'let anybody on this network in; for demos and closed labs')
    .option('--port <port>', 'TCP port for peers (a free one)')
    .option('--peer <host:port...>', 'nodes that discovery cannot see')
    .option('--machine <name...>', `host a machine that InterMachine ships: ${SHIPPED_NAMES.join(', ')}`)
    .option('--peers-file <path>', 'a file with such addresses, one in a line; read again whenever it changes')
    .option('--advertise <address...>', 'IP addresses, or address:port, to announce in place of our own')
    .option('--no-peer-exchange', 'tell peers nothing about each other')
    .option('--ttl-hours <hours>', 'how long what is sent may wait for its machine (168, which is a week)')
    .option('--outbox-rows <events>', 'how many may wait for one peer; then nothing more for it is accepted (20000)')
    .option('--log-days <days>', 'how long log and journals keep what is done with (30)')
    .option('--log-mb <megabytes>', 'how large the database may get with them (a quarter of --store-mb)')
    .option('--store-mb <megabytes>', 'how much room the database may take; then nothing new is accepted (4096)')
    .option('--loopback <port>', 'stay on this machine: only nodes with the same UDP port find each other')
    .option('--no-machine-files', 'leave the folder machines of the data directory alone')
    .option('--no-advertise-types', 'do not tell machine types to everybody on the network')
    .option('--dashboard-port <port>', 'TCP port of the dashboard, on this computer alone (a free one)')
    .option('--no-dashboard', 'serve no dashboard; commands are answered all the same')
    .addOption(noOpen())
    .option('--json', 'one JSON object for each line of output')
    .action(async (flags: RunFlags) => {
      // Loaded when it is run: other commands are an answer in a fraction of the time.
      const { run } = await import('./run.ts');
      await run(flags);
    });

  program
    .command('demo')
    .description('three nodes on this machine whose machines work together as a small press line')
    .option('--seconds <seconds>', 'stop by itself after so long')
    .option('--no-dashboard', 'serve no dashboards')
    .addOption(noOpen())
    .action(async (flags: DemoFlags) => {
      const { demo } = await import('./demo.ts');
      await demo(flags);
    });

  for (const addTo of [
    idCommand,
    dashboardCommand,
    peersCommand,
    machinesCommand,
    restartCommand,
    stopCommand,
    journalCommand,
    deadLettersCommand,
    forgetCommand,
    backupCommand,
    restoreCommand,
    exportCommand,
    checkCommand,
    doctorCommand,
    keyCommand,
    joinCommand,
    pairCommand,
    trustCommand,
    blockCommand,
    unblockCommand,
    rotateCommand,
  ])
    addTo(program);

  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) fail(thrown);
    process.exit(thrown.exitCode === 0 ? 0 : USAGE_EXIT_CODE);
  }
}

/** Not the opposite of `--open`, which is about the network: so it goes by a name of its own. */
function noOpen(): Option {
  const option = new Option('--no-open', 'do not open the dashboard in a browser');
  option.attributeName = () => 'browser';
  return option;
}
