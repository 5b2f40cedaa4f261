import type { Command } from 'commander';
import type { Diagnosis, Finding, Severity } from '../../shared/diagnosis.ts';
import { InterMachineError } from '../../shared/errors.ts';
import { configFrom } from '../config.ts';
import { type NodeChoice, runningNode } from './running-node.ts';
import { bold, cyan, dim, green, plain, red, yellow } from './text.ts';

interface DoctorFlags extends NodeChoice {
  readonly namespace?: string;
  readonly port?: string;
  readonly loopback?: string;
  readonly json?: boolean;
}

/** Exit codes, by the worst that was found; README lists them. */
const EXIT_CODES: Readonly<Record<Severity, number>> = { ok: 0, hint: 0, warning: 20, error: 21 };

const MARKS: Readonly<Record<Severity, string>> = {
  ok: green('✓'),
  hint: dim('·'),
  warning: yellow('!'),
  error: red('✗'),
};

/** `intermachine doctor`: what is wrong with this computer, its networks and the way to other nodes, and what to do about it. */
export function doctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description('what is wrong with this computer, its networks and the way to other nodes, and what to do about it')
    .option('--name <name>', 'of the node that is meant (the only one that you run)')
    .option('--data-dir <path>', 'of the node that is meant, where it has one of its own')
    .option('--namespace <name>', 'where none runs: of the nodes that are meant (default)')
    .option('--port <port>', 'where none runs: the TCP port that one shall have')
    .option('--loopback <port>', 'where none runs: nodes that stay on this machine, with this UDP port')
    .option('--json', 'one JSON object: all that was looked at, and what was found')
    .action(async () => {
      process.stdout.on('error', () => process.exit(0));
      const flags = command.opts<DoctorFlags>();
      if (!flags.json) process.stderr.write(dim('Looking at interfaces, multicast and the way to each node …\n'));
      const diagnosis = await examined(flags);
      if (flags.json) process.stdout.write(`${JSON.stringify(diagnosis)}\n`);
      else print(diagnosis);
      process.exitCode = EXIT_CODES[diagnosis.worst];
    });
}

/** By the node itself where one runs, as it knows its peers; else as one would see things. */
async function examined(flags: DoctorFlags): Promise<Diagnosis> {
  try {
    using node = await runningNode(flags, process.env);
    return await node.call('doctor', {});
  } catch (thrown) {
    const isNone = thrown instanceof InterMachineError && thrown.code === 'NODE_NOT_RUNNING';
    // Somebody who names a node wants to hear of that one.
    if (!isNone || flags.name !== undefined || flags.dataDir !== undefined) throw thrown;
    const { diagnoseHost } = await import('../compose.ts');
    return await diagnoseHost(configOf(flags));
  }
}

const configOf = ({ namespace, port, loopback }: DoctorFlags) =>
  configFrom(
    {
      ...(namespace !== undefined && { namespace }),
      ...(port !== undefined && { port: Number(port) }),
      ...(loopback !== undefined && { loopbackPort: Number(loopback) }),
    },
    process.env,
  );

function print({ facts, findings, worst }: Diagnosis): void {
  const subject = facts.node ? `the node "${plain(facts.node.name)}"` : 'this computer; no node of yours runs';
  process.stdout.write(`${bold(`InterMachine looked at ${subject}.`)}\n`);
  for (const finding of findings) process.stdout.write(lineOf(finding));
  process.stdout.write(`${VERDICTS[worst]}\n`);
}

const lineOf = ({ severity, text, cure }: Finding): string =>
  `${MARKS[severity]} ${plain(text)}\n${cure === undefined ? '' : `  ${cyan('→')} ${plain(cure)}\n`}`;

const VERDICTS: Readonly<Record<Severity, string>> = {
  ok: green('All is well.'),
  hint: green('All is well.'),
  warning: yellow('It works, or could, but not as it should.'),
  error: red('Something does not work.'),
};
