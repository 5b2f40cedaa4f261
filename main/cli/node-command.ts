import type { Command } from 'commander';
import { type NodeChoice, type RunningNode, runningNode } from './running-node.ts';

/** Of every command that asks a running node. */
export interface NodeFlags extends NodeChoice {
  readonly json?: boolean;
}

/**
 * Makes a command one that asks a running node: adds the options that say which one, and runs `act` with it. `words` are
 * the command's arguments, as text.
 */
export function asksNode<Flags extends NodeFlags>(
  command: Command,
  act: (node: RunningNode, flags: Flags, words: readonly string[]) => Promise<void>,
): void {
  command
    .option('--name <name>', 'of the node that is meant (the only one that you run)')
    .option('--data-dir <path>', 'of the node that is meant, where it has one of its own')
    .option('--json', 'one JSON object for each line of output')
    .action(async () => {
      // Whoever read our output has seen enough.
      process.stdout.on('error', () => process.exit(0));
      const flags = command.opts<Flags>();
      using node = await runningNode(flags, process.env);
      await act(node, flags, command.args);
    });
}
