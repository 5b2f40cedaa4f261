import type { Command } from 'commander';
import { confirmed } from './confirm.ts';
import { asksNode, type NodeFlags } from './node-command.ts';
import { firstOf } from './running-node.ts';
import { bold, plain } from './text.ts';
import { whichNode } from './which-node.ts';

/** `intermachine forget <node>`: a peer will never return. */
export function forgetCommand(program: Command): void {
  const command = program
    .command('forget <node>')
    .description('a peer will never return: what waits for it becomes dead letters, and it is known no more')
    .option('--yes', 'ask nothing');
  asksNode<NodeFlags & { readonly yes?: boolean }>(command, async (node, { json, yes }, [text = '']) => {
    const { id, name } = await whichNode(node, text);
    const waiting = (await firstOf(node.stream('peers', {}))).find((peer) => peer.id === id)?.waiting ?? 0;
    const shown = plain(name) || `${id.slice(0, 12)}…`;
    const what = `${shown} is known no more, and ${waiting} ${waiting === 1 ? 'envelope that waits' : 'envelopes that wait'} for it will not be delivered.`;
    if (!(await confirmed(what, yes))) return void process.stdout.write('Nothing was changed.\n');
    const { letters } = await node.call('forget', { node: id });
    process.stdout.write(
      json
        ? `${JSON.stringify({ event: 'forgotten', node: id, name, letters })}\n`
        : `${bold(shown)} is forgotten. ${letters === 0 ? 'Nothing waited for it' : `${letters} dead letters: intermachine dead-letters`}.\n`,
    );
  });
}
