import type { Command } from 'commander';
import type { DeadLetterFilter, DeadLetterView } from '../../shared/api.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { type Address, isNodeId, type MachineId, parseAddress } from '../../shared/ids.ts';
import { confirmed } from './confirm.ts';
import { asksNode, type NodeFlags } from './node-command.ts';
import { firstOf, type RunningNode } from './running-node.ts';
import { type Column, writeTable } from './table.ts';
import { bold, dim, plain, red, yellow } from './text.ts';
import { whichNode } from './which-node.ts';

interface Flags extends NodeFlags {
  readonly peer?: string;
  readonly machine?: string;
  readonly reason?: string;
  readonly all?: boolean;
  readonly yes?: boolean;
}

/** Letters that are shown unless all are asked for, and the most that the node is told in one go. */
const SHOWN = 50;
const PAGE = 1_000;

/** `intermachine dead-letters list|retry|drop`: what was refused, expired, or could not be handled. */
export function deadLettersCommand(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('what was refused, expired, or could not be handled: list it, send it again, or drop it');
  asksNode<Flags>(
    withFilters(letters.command('list', { isDefault: true }))
      .description('what there is, the newest first')
      .option('--all', `all of them, and not the newest ${SHOWN}`),
    async (node, { json, all, ...flags }) => {
      const filter = await filterFrom(node, flags);
      const found = all ? await allOf(node, filter) : await node.call('deadLetters', { ...filter, limit: SHOWN + 1 });
      await show(node, all ? found : found.slice(0, SHOWN), json);
      if (!json && !all && found.length > SHOWN) process.stdout.write(dim(`There are more: --all shows them.\n`));
    },
  );
  asksNode<Flags>(
    chosen(letters.command('retry [place...]')).description('send them again, each as a new envelope'),
    async (node, flags, words) => {
      const places = await placesFrom(node, flags, words);
      const many = `${places.length} dead letters are sent again.`;
      if (places.length === 0 || (words.length === 0 && !(await confirmed(many, flags.yes)))) return tellNone(places);
      let retried = 0;
      for (const part of partsOf(places)) {
        const result = await node.call('retryDeadLetters', { places: part });
        retried += result.retried;
        for (const { place, code, reason } of result.failed)
          if (flags.json) process.stdout.write(`${JSON.stringify({ event: 'failed', place, code, reason })}\n`);
          else process.stdout.write(`${red(`${place} was not sent:`)} ${plain(reason)} (${code})\n`);
      }
      tell(flags.json, 'retried', retried, 'sent again');
      if (retried < places.length) process.exitCode = 1;
    },
  );
  asksNode<Flags>(
    chosen(letters.command('drop [place...]')).description('remove them for good'),
    async (node, flags, words) => {
      const places = await placesFrom(node, flags, words);
      const many = `${places.length} dead letters are removed for good.`;
      if (places.length === 0 || (words.length === 0 && !(await confirmed(many, flags.yes)))) return tellNone(places);
      for (const part of partsOf(places)) await node.call('dropDeadLetters', { places: part });
      tell(flags.json, 'dropped', places.length, 'dropped');
    },
  );
}

const withFilters = (command: Command): Command =>
  command
    .option('--peer <node>', 'only those from or for this node')
    .option('--machine <id>', 'only those from or for a machine of this id')
    .option('--reason <code>', 'only those with this reason, such as ENVELOPE_EXPIRED');

const chosen = (command: Command): Command =>
  withFilters(command).option('--all', 'all that there are').option('--yes', 'ask nothing');

type Filter = Omit<DeadLetterFilter, 'limit' | 'before'>;

async function filterFrom(node: RunningNode, { peer, machine, reason }: Flags): Promise<Filter> {
  return {
    // One that was forgotten is known by its whole id alone.
    ...(peer !== undefined && { node: isNodeId(peer) ? peer : (await whichNode(node, peer)).id }),
    ...(machine !== undefined && { machine: machine as MachineId }),
    ...(reason !== undefined && { reason: reason.toUpperCase() as ErrorCode }),
  };
}

/** Never everything by accident: places, a filter, or `--all`. */
async function placesFrom(node: RunningNode, flags: Flags, words: readonly string[]): Promise<readonly number[]> {
  const filter = await filterFrom(node, flags);
  const isFiltered = Object.keys(filter).length > 0;
  if (words.length > 0) {
    const places = [...new Set(words.map(Number))];
    if (isFiltered || flags.all || places.some((place) => !Number.isSafeInteger(place) || place < 1))
      throw new InterMachineError('INPUT_INVALID', 'Either places are expected, as the list shows them, or a filter');
    return places;
  }
  if (!isFiltered && !flags.all)
    throw new InterMachineError('INPUT_INVALID', 'Say which: places as the list shows them, a filter, or --all');
  return (await allOf(node, filter)).map(({ place }) => place).toReversed();
}

async function allOf(node: RunningNode, filter: Filter): Promise<readonly DeadLetterView[]> {
  const found: DeadLetterView[] = [];
  for (;;) {
    const before = found.at(-1)?.place;
    const page = await node.call('deadLetters', { ...filter, limit: PAGE, ...(before !== undefined && { before }) });
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}

function* partsOf(places: readonly number[]): Iterable<readonly number[]> {
  for (let at = 0; at < places.length; at += PAGE) yield places.slice(at, at + PAGE);
}

function tell(json: boolean | undefined, event: string, letters: number, done: string): void {
  process.stdout.write(
    json
      ? `${JSON.stringify({ event, letters })}\n`
      : `${bold(String(letters))} ${letters === 1 ? 'dead letter was' : 'dead letters were'} ${done}.\n`,
  );
}

function tellNone(places: readonly number[]): void {
  process.stdout.write(places.length === 0 ? 'No dead letter fits.\n' : 'Nothing was changed.\n');
}

async function show(node: RunningNode, letters: readonly DeadLetterView[], json: boolean | undefined): Promise<void> {
  if (json) for (const letter of letters) process.stdout.write(`${JSON.stringify(letter)}\n`);
  else if (letters.length === 0) process.stdout.write('There are no dead letters.\n');
  else writeTable(letters, columnsFor(await namesOf(node)), ({ eventJson }) => dim(cut(plain(eventJson), 160)));
}

async function namesOf(node: RunningNode): Promise<ReadonlyMap<string, string>> {
  const [self, peers] = [await node.call('node', {}), await firstOf(node.stream('peers', {}))];
  return new Map([...peers, self].map(({ id, name }) => [id, name]));
}

const columnsFor = (names: ReadonlyMap<string, string>): readonly Column<DeadLetterView>[] => {
  const end = (address: Address) => {
    const { node, machine } = parseAddress(address);
    const name = plain(names.get(node) ?? `${node.slice(0, 8)}…`);
    return machine === '$node' ? name : `${machine} on ${name}`;
  };
  return [
    { heading: 'place', text: ({ place }) => String(place), look: bold },
    { heading: 'since', text: ({ diedAt }) => new Date(diedAt).toLocaleString() },
    { heading: 'reason', text: ({ reason }) => plain(reason), look: yellow },
    { heading: 'event', text: ({ eventType }) => cut(plain(eventType), 40) || '?' },
    { heading: 'from', text: ({ from }) => end(from) },
    { heading: 'to', text: ({ to }) => end(to) },
  ];
};

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
