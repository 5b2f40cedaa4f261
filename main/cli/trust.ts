import type { Command } from 'commander';
import type { JudgedView, StrangerView, TrustView } from '../../shared/api.ts';
import { writeFacts } from './facts.ts';
import { asksNode, type NodeFlags } from './node-command.ts';
import { firstOf } from './running-node.ts';
import { type Column, writeTable } from './table.ts';
import { bold, dim, grouped, plain, red, yellow } from './text.ts';
import { type NamedNode, whichNode } from './which-node.ts';

/** `intermachine trust [id]`: who may come in; or trusts a node for its id alone. */
export function trustCommand(program: Command): void {
  const command = program
    .command('trust [id...]')
    .description('who may come in; with the whole id of a node, trust that one for its id alone')
    .option('--revoke', 'take trust back: the network gets a fresh key, which that node does not');
  asksNode<NodeFlags & { readonly revoke?: boolean }>(command, async (node, { json, revoke }, words) => {
    const id = words.join('');
    if (id === '') return show(await firstOf(node.stream('trust', {})), json);
    if (revoke) {
      const meant = await whichNode(node, id);
      await node.call('revoke', { node: meant.id });
      return tell(json, 'revoked', meant, 'is a stranger again. It may pair.');
    }
    // Never by a name, which anybody may choose.
    await node.call('trust', { node: id });
    tell(json, 'trusted', { id, name: '' }, 'is let in, once it trusts this node, too.');
  });
}

/** `intermachine block <node>`: cuts a node off for good. */
export function blockCommand(program: Command): void {
  asksNode(
    program.command('block <node>').description('cut a node off at once and for good; the network gets a fresh key'),
    async (node, { json }, [text = '']) => {
      const meant = await whichNode(node, text);
      await node.call('block', { node: meant.id });
      tell(json, 'blocked', meant, 'is cut off. "intermachine unblock" makes it a stranger again.');
    },
  );
}

/** `intermachine unblock <node>`: a blocked node is a stranger again. */
export function unblockCommand(program: Command): void {
  asksNode(
    program.command('unblock <node>').description('make a blocked node a stranger again; it may pair'),
    async (node, { json }, [text = '']) => {
      const meant = await whichNode(node, text);
      await node.call('unblock', { node: meant.id });
      tell(json, 'unblocked', meant, 'is a stranger again. It may pair.');
    },
  );
}

function tell(
  json: boolean | undefined,
  event: string,
  { id, name }: Pick<NamedNode, 'name'> & { readonly id: string },
  sentence: string,
): void {
  process.stdout.write(
    json
      ? `${JSON.stringify({ event, node: id, name })}\n`
      : `${bold(plain(name) || `${id.slice(0, 12)}…`)} ${sentence}\n`,
  );
}

const day = (at: number): string => new Date(at).toLocaleString();

const STRANGERS: readonly Column<StrangerView>[] = [
  { heading: 'stranger', text: ({ name }) => plain(name) || '?', look: bold },
  { heading: 'knocked', text: ({ knockedAt }) => (knockedAt === undefined ? '-' : day(knockedAt)) },
  { heading: 'types', text: ({ types }) => plain(types.join(', ')) || '-' },
  { heading: 'node id', text: ({ id }) => id, look: dim },
];

const judgedColumns = (heading: string): readonly Column<JudgedView>[] => [
  { heading, text: ({ name }) => plain(name) || '?', look: bold },
  { heading: 'since', text: ({ at }) => day(at) },
  { heading: 'node id', text: ({ id }) => id, look: dim },
];

function show(view: TrustView, json: boolean | undefined): void {
  if (json) return void process.stdout.write(`${JSON.stringify(view)}\n`);
  writeFacts([
    ['network', view.keyId ? `key ${view.keyId}` : red('OPEN: anybody on this network is let in')],
    ['members', `${view.members} other nodes`],
    ...view.replaced.map(
      ({ keyId, until }) => ['replaced', `key ${keyId}, good for known nodes until ${day(until)}`] as const,
    ),
  ]);
  const sections: readonly (() => void)[] = [
    ...(view.strangers.length > 0
      ? [
          () =>
            writeTable(view.strangers, STRANGERS, ({ namesake }) =>
              namesake ? yellow(`another node has this name: ${grouped(namesake)}`) : undefined,
            ),
        ]
      : []),
    ...(view.trusted.length > 0 ? [() => writeTable(view.trusted, judgedColumns('trusted by id'))] : []),
    ...(view.blocked.length > 0 ? [() => writeTable(view.blocked, judgedColumns('blocked'))] : []),
  ];
  for (const section of sections) {
    process.stdout.write('\n');
    section();
  }
}
