import type { Command } from 'commander';
import type { PeerView } from '../../shared/api.ts';
import { asksNode } from './node-command.ts';
import { firstOf } from './running-node.ts';
import { type Column, writeTable } from './table.ts';
import { bold, dim, PEER_STATE_COLOURS, plain, red } from './text.ts';

/** Characters of a node id that tell nodes apart for a person; programs get all of it. */
const SHORT_ID = 12;

const COLUMNS: readonly Column<PeerView>[] = [
  { heading: 'peer', text: ({ name }) => plain(name) || '?', look: bold },
  {
    heading: 'state',
    text: ({ state, unstable }) => (unstable ? `${state}, unstable` : state),
    look: (text, { state }) => PEER_STATE_COLOURS[state](text),
  },
  {
    heading: 'round trip',
    text: ({ state, roundTripMs: ms }) => (ms === undefined || state !== 'alive' ? '-' : `${ms.toFixed(1)} ms`),
  },
  { heading: 'waiting', text: ({ waiting }) => String(waiting) },
  {
    heading: 'at',
    text: ({ endpoints: [at] }) => (at ? `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}` : '-'),
  },
  { heading: 'node id', text: ({ id }) => `${id.slice(0, SHORT_ID)}…`, look: dim },
];

/** `intermachine peers`: the other nodes, as the running node sees them. */
export function peersCommand(program: Command): void {
  asksNode(
    program.command('peers').description('the other nodes, as the running node sees them'),
    async (node, { json }) => {
      const peers = (await firstOf(node.stream('peers', {}))).toSorted(byName);
      if (json) for (const peer of peers) process.stdout.write(`${JSON.stringify(peer)}\n`);
      else if (peers.length === 0) process.stdout.write('No other node has been seen yet.\n');
      else
        writeTable(peers, COLUMNS, ({ problem, state }) =>
          problem && state !== 'alive' ? red(plain(problem)) : undefined,
        );
    },
  );
}

const byName = (a: PeerView, b: PeerView): number => a.name.localeCompare(b.name) || a.id.localeCompare(b.id);
