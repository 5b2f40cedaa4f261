import type { Command } from 'commander';
import type { JournalRowView } from '../../shared/api.ts';
import { NODE_MACHINE_ID, parseAddress } from '../../shared/ids.ts';
import { asksNode, type NodeFlags } from './node-command.ts';
import { type Column, writeTable } from './table.ts';
import { bold, dim, plain } from './text.ts';

/** `intermachine journal <machine>`: what a machine of the running node did. */
export function journalCommand(program: Command): void {
  asksNode<NodeFlags & { readonly limit: string }>(
    program
      .command('journal <machine>')
      .description(
        'what a machine of the running node that has a journal did: each event and the state after it, newest first',
      )
      .option('--limit <rows>', 'as many of the newest rows, up to 1000', '50'),
    async (node, { json, limit }, [machine = '']) => {
      const rows = await node.call('journal', { machine, limit: Number(limit) });
      if (json) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
      else if (rows.length === 0) process.stdout.write(`${bold(plain(machine))} has no journal.\n`);
      else writeTable(rows, COLUMNS, (row) => dim(row.damaged ? UNREADABLE : cut(plain(row.eventJson), 160)));
    },
  );
}

const UNREADABLE = 'it cannot be read, and no row from here to the next snapshot can be replayed';

const COLUMNS: readonly Column<JournalRowView>[] = [
  { heading: 'row', text: ({ seq }) => String(seq), look: bold },
  { heading: 'at', text: (row) => (row.damaged ? '-' : new Date(row.at).toLocaleString()) },
  { heading: 'from', text: (row) => (row.damaged ? '-' : cut(plain(sourceOf(row.from)), 60)) },
  { heading: 'event', text: (row) => (row.damaged ? 'damaged on the disk' : cut(plain(row.eventType), 40)) },
  { heading: 'state', text: (row) => (row.damaged ? '-' : cut(plain(row.state), 60) || '-') },
];

const sourceOf = (from: string): string => {
  if (!from.startsWith('im://')) return from;
  const { machine } = parseAddress(from);
  return machine === NODE_MACHINE_ID ? 'a node' : machine;
};

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
