import type { Command } from 'commander';
import type { MachinesItem, MachineView } from '../../shared/api.ts';
import type { Address } from '../../shared/ids.ts';
import { asksNode } from './node-command.ts';
import { ended, type RunningNode } from './running-node.ts';
import { type Column, writeTable } from './table.ts';
import { bold, cyan, dim, plain, red, yellow } from './text.ts';

const COLUMNS: readonly Column<MachineView>[] = [
  { heading: 'machine', text: ({ id }) => plain(id), look: bold },
  { heading: 'type', text: ({ type }) => plain(type), look: cyan },
  { heading: 'version', text: ({ version }) => plain(version) },
  { heading: 'node', text: ({ nodeName, local }) => (local ? 'this node' : plain(nodeName) || '?') },
  {
    heading: 'health',
    text: healthOf,
    look: (text) => (text === 'ok' ? text : text === 'away' || text === 'not running' ? yellow(text) : red(text)),
  },
  { heading: 'persisted', text: ({ persisted }) => (persisted ? 'yes' : '-'), look: dim },
  { heading: 'state', text: ({ state }) => plain(state ?? '') || '-', look: dim },
];

/** Longer than a node takes that answers at all. */
const STATES_WITHIN_MS = 1_000;

/** `intermachine machines`: every machine that the running node knows, here and elsewhere. */
export function machinesCommand(program: Command): void {
  asksNode(
    program.command('machines').description('every machine that the running node knows, here and elsewhere'),
    async (node, { json }) => {
      const machines = (await machinesOf(node)).toSorted(byPlace);
      if (json) for (const machine of machines) process.stdout.write(`${JSON.stringify(machine)}\n`);
      else if (machines.length === 0) process.stdout.write('No machine is known yet.\n');
      else writeTable(machines, COLUMNS);
    },
  );
}

/** What machines elsewhere do, their nodes tell when somebody looks, and some never do. */
async function machinesOf(node: RunningNode): Promise<readonly MachineView[]> {
  const machines = new Map<Address, MachineView>();
  const isUnknown = ({ reachable, running, state }: MachineView) => reachable && running && state === undefined;
  const items = node.stream('machines', {})[Symbol.asyncIterator]();
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), STATES_WITHIN_MS);
  try {
    let next: IteratorResult<MachinesItem> | undefined = await items.next();
    while (next) {
      if (next.done) throw ended();
      for (const machine of next.value.changed) machines.set(machine.address, machine);
      for (const address of next.value.removed) machines.delete(address);
      if (![...machines.values()].some(isUnknown)) break;
      next = await Promise.race([items.next(), late]);
    }
  } finally {
    clearTimeout(timer);
  }
  return [...machines.values()];
}

function healthOf({ reachable, running, healthy, status }: MachineView): string {
  if (!reachable) return 'away';
  if (!running) return 'not running';
  if (healthy) return 'ok';
  return status === 'error' || status === 'stopped' ? status : 'silent';
}

const byPlace = (a: MachineView, b: MachineView): number =>
  Number(b.local) - Number(a.local) || a.nodeName.localeCompare(b.nodeName) || a.id.localeCompare(b.id);
