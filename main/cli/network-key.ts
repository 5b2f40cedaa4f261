import { text } from 'node:stream/consumers';
import { type Command, Option } from 'commander';
import { renderUnicodeCompact } from 'uqr';
import type { Bring } from '../../shared/api.ts';
import { writeFacts } from './facts.ts';
import { asksNode, type NodeFlags } from './node-command.ts';
import { bold, dim } from './text.ts';

/** Of commands that may move the node to another network. */
export interface BringFlags {
  readonly alone?: boolean;
  readonly all?: boolean;
}

export const addBringOptions = (command: Command): Command =>
  command
    .addOption(new Option('--alone', 'other nodes of its present network stay behind').conflicts('all'))
    .addOption(new Option('--all', 'all nodes of its present network come along'));

export const bringFrom = ({ alone, all }: BringFlags): { readonly bring?: Bring } =>
  all ? { bring: 'all' } : alone ? { bring: 'alone' } : {};

/** `intermachine key`: the secret of the network. */
export function keyCommand(program: Command): void {
  const command = program
    .command('key')
    .description("the network's key: whoever has it is let in")
    .option('--qr', 'as a QR code, too');
  asksNode<NodeFlags & { readonly qr?: boolean }>(command, async (node, { json, qr }) => {
    const { key } = await node.call('networkKey', {});
    if (json) return void process.stdout.write(`${JSON.stringify({ key })}\n`);
    process.stdout.write(`${bold(key)}\n`);
    if (qr) process.stdout.write(`\n${renderUnicodeCompact(key)}\n`);
    process.stdout.write(dim('Whoever has it is let in. On another host: intermachine join -\n'));
  });
}

/** `intermachine join <key>`: the node moves to the network of a key. */
export function joinCommand(program: Command): void {
  const command = program
    .command('join <key>')
    .description(
      'move the node to the network of a key; "-" reads it from standard input, where other users cannot see it',
    );
  asksNode<NodeFlags & BringFlags>(addBringOptions(command), async (node, { json, ...flags }, [word = '']) => {
    const key = word === '-' ? await text(process.stdin) : word;
    await node.call('join', { key: key.trim(), ...bringFrom(flags) });
    const { networkKeyId } = await node.call('node', {});
    if (json) process.stdout.write(`${JSON.stringify({ event: 'joined', networkKeyId })}\n`);
    else writeFacts([['network', `key ${networkKeyId}`]]);
  });
}

/** `intermachine rotate`: a fresh key for the whole network. */
export function rotateCommand(program: Command): void {
  const command = program
    .command('rotate')
    .description(
      'give the whole network a fresh key; members get it by themselves, also those that are away for up to 30 days',
    );
  asksNode(command, async (node, { json }) => {
    await node.call('rotate', {});
    const { networkKeyId } = await node.call('node', {});
    if (json) process.stdout.write(`${JSON.stringify({ event: 'rotated', networkKeyId })}\n`);
    else writeFacts([['network', `key ${networkKeyId}`]]);
  });
}
