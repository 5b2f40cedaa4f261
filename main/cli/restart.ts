import type { Command } from 'commander';
import { asksNode, type NodeFlags } from './node-command.ts';
import { bold, plain } from './text.ts';

/** `intermachine restart <machine>`: starts a machine of the running node anew. */
export function restartCommand(program: Command): void {
  asksNode<NodeFlags & { readonly fresh?: boolean }>(
    program
      .command('restart <machine>')
      .description('start a machine of the running node anew; a persisted one goes on from its last step')
      .option('--fresh', 'from its beginning, whatever is stored of it'),
    async (node, { json, fresh }, [machine = '']) => {
      await node.call('restart', { machine, ...(fresh && { fresh }) });
      tell(json, machine, 'restarted', 'runs again.');
    },
  );
}

/** `intermachine stop <machine>`: stops a machine of the running node. */
export function stopCommand(program: Command): void {
  asksNode(
    program.command('stop <machine>').description('stop a machine of the running node, until it is restarted'),
    async (node, { json }, [machine = '']) => {
      await node.call('stop', { machine });
      tell(json, machine, 'stopped', 'takes no more events. "intermachine restart" starts it anew.');
    },
  );
}

function tell(json: boolean | undefined, machine: string, event: string, sentence: string): void {
  process.stdout.write(json ? `${JSON.stringify({ event, machine })}\n` : `${bold(plain(machine))} ${sentence}\n`);
}
