import type { Command } from 'commander';
import type { PeerView } from '../../shared/api.ts';
import { asksNode } from './node-command.ts';
import { firstOf } from './running-node.ts';
import { type Column, writeTable } from './table.ts';
import { ageText, bold, bytesText, dim, PEER_STATE_COLOURS, plain, red } from './text.ts';

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
  { heading: 'waiting', text: waitingText },
  {
    heading: 'at',
    text: ({ endpoints: [at] }) => (at ? `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}` : '-'),
  },
  { heading: 'node id', text: ({ id }) => `${id.slice(0, SHORT_ID)}…`, look: dim },
];

/** `3, 1.2 KB, since 4 min`; while it gets what waited: `1200 of 5000 (24 %)`. */
function waitingText({ waiting, waitingLength, oldestSentAt, syncing }: PeerView): string {
  if (syncing) {
    const share = Math.floor((100 * syncing.acknowledged) / syncing.of);
    return `${waiting}; has ${syncing.acknowledged} of ${syncing.of} (${share} %)`;
  }
  if (waiting === 0) return '0';
  return `${waiting}, ${bytesText(waitingLength)}${oldestSentAt === undefined ? '' : `, for ${ageText(Date.now() - oldestSentAt)}`}`;
}

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
