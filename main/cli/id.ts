import type { Command } from 'commander';
import { writeFacts } from './facts.ts';
import { asksNode } from './node-command.ts';
import { bold, grouped, plain, red } from './text.ts';

/** `intermachine id`: who the running node is. */
export function idCommand(program: Command): void {
  asksNode(program.command('id').description('who the running node is'), async (node, { json }) => {
    const view = await node.call('node', {});
    if (json) return void process.stdout.write(`${JSON.stringify(view)}\n`);
    process.stdout.write(`${bold(plain(view.name))}\n`);
    writeFacts([
      ['node id', grouped(view.id)],
      ['port', `${view.port}, for peers`],
      ['data', view.dataDir ?? 'in memory, gone when it stops'],
      ['network', view.networkKeyId ? `key ${view.networkKeyId}` : red('OPEN: anybody on this network is let in')],
      ['running', `since ${new Date(view.startedAt).toLocaleString()}, InterMachine ${view.version}`],
    ]);
  });
}
