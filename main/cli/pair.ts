import { constants } from 'node:os';
import { createInterface, type Interface } from 'node:readline';
import type { Command } from 'commander';
import type { Bring, PairingView } from '../../shared/api.ts';
import { InterMachineError } from '../../shared/errors.ts';
import { addBringOptions, type BringFlags, bringFrom } from './network-key.ts';
import { asksNode, type NodeFlags } from './node-command.ts';
import { firstOf, type RunningNode } from './running-node.ts';
import { bold, dim, green, plain } from './text.ts';
import { whichNode } from './which-node.ts';

interface PairFlags extends NodeFlags, BringFlags {
  readonly code?: string;
  readonly end?: boolean;
}

/** `intermachine pair [node]`: makes two nodes members of one network. */
export function pairCommand(program: Command): void {
  const command = program
    .command('pair [node]')
    .description(
      'pair with another node: without a name, answer the one that asks, or show a code to type there; with a name, compare digits',
    )
    .option('--code <digits>', 'the code that the other node shows')
    .option('--end', 'end the pairing that is under way');
  asksNode<PairFlags>(addBringOptions(command), async (node, flags, [name]) => {
    if (flags.end) return await ended(node);
    const { pairing } = await firstOf(node.stream('trust', {}));
    const asks = pairing?.asked && pairing.stage === 'comparing' ? pairing.peer : undefined;
    if (name === undefined) {
      if (!asks) await node.call('showCode', {});
    } else {
      const { id } = await whichNode(node, name);
      if (flags.code !== undefined) await node.call('typeCode', { node: id, code: flags.code, ...bringFrom(flags) });
      else if (asks?.id !== id) await node.call('compareDigits', { node: id });
    }
    // However this command is ended, its window does not stay open behind it.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => void ended(node).finally(() => process.exit(128 + constants.signals[signal])));
    await new Conversation(node, flags).untilPaired();
  });
}

/** Whoever ends it when the key is gone already is told so. */
async function ended(node: RunningNode): Promise<void> {
  await node.call('endPairing', {});
  const { pairing } = await firstOf(node.stream('trust', {}));
  if (pairing?.unanswered) process.stderr.write(`intermachine: ${problemOf(pairing)}\n`);
}

/** With the person, from here to the end of the pairing. */
class Conversation {
  readonly #node: RunningNode;
  readonly #flags: PairFlags;
  #input: Interface | undefined;
  #lines: AsyncIterator<string> | undefined;
  #told = '';
  #asked = false;

  constructor(node: RunningNode, flags: PairFlags) {
    this.#node = node;
    this.#flags = flags;
  }

  /** Throws PAIRING_FAILED, MEMBERS_UNDECIDED. */
  async untilPaired(): Promise<void> {
    try {
      for await (const { pairing } of this.#node.stream('trust', {})) {
        if (!pairing) throw new InterMachineError('PAIRING_FAILED', 'The pairing was ended');
        this.#tell(pairing);
        if (pairing.stage === 'paired') return;
        if (pairing.stage === 'failed') throw new InterMachineError('PAIRING_FAILED', problemOf(pairing));
        if (pairing.stage === 'comparing' && !pairing.agreed) this.#askOnce(pairing);
      }
    } finally {
      this.#input?.close();
    }
  }

  #tell(pairing: PairingView): void {
    const text = this.#flags.json ? JSON.stringify({ event: 'pairing', ...pairing }) : sentenceOf(pairing);
    if (text === this.#told || text === '') return;
    this.#told = text;
    process.stdout.write(`${text}\n`);
  }

  /** Beside the stream, which goes on: the other person may end it while this one still looks. */
  #askOnce(pairing: PairingView): void {
    if (this.#asked) return;
    this.#asked = true;
    void this.#ask(pairing).catch(async (thrown: unknown) => {
      await this.#node.call('endPairing', {}).catch(() => {});
      process.stderr.write(`intermachine: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    });
  }

  async #ask({ opened, peer }: PairingView): Promise<void> {
    const isSame = await this.#isYes(`Does "${plain(peer?.name ?? '')}" show the same digits? [y/N] `);
    if (!isSame) return void (await this.#node.call('endPairing', {}));
    await this.#node.call('agree', opened ? {} : await this.#bring());
  }

  async #bring(): Promise<{ readonly bring?: Bring }> {
    const told = bringFrom(this.#flags);
    const { members } = await firstOf(this.#node.stream('trust', {}));
    if (told.bring !== undefined || members === 0) return told;
    const all = await this.#isYes(
      `This node moves to the other network. ${members} other nodes are in its present one: bring them along? [y/N] `,
    );
    return { bring: all ? 'all' : 'alone' };
  }

  async #isYes(question: string): Promise<boolean> {
    if (!this.#flags.json) process.stdout.write(question);
    this.#input ??= createInterface({ input: process.stdin });
    this.#lines ??= this.#input[Symbol.asyncIterator]();
    const { value, done } = await this.#lines.next();
    return done !== true && /^\s*y(es)?\s*$/i.test(value);
  }
}

function sentenceOf({ stage, peer, digits, code, agreed, closesAt }: PairingView): string {
  const name = bold(plain(peer?.name ?? '') || 'the other node');
  switch (stage) {
    case 'reaching':
      return dim(`Reaching ${name} …`);
    case 'showing':
      return `Type this code at the other node, until ${new Date(closesAt).toLocaleTimeString()}:\n\n    ${bold(spaced(code ?? '', 4))}\n`;
    case 'comparing':
      return agreed ? dim(`Waiting for the person at ${name} …`) : `\n    ${bold(spaced(digits ?? '', 3))}\n`;
    case 'handing':
      return dim('Handing the key over …');
    case 'paired':
      return green(`Paired with ${name}.`);
    case 'failed':
      return '';
  }
}

function problemOf({ problem = '', peer, unanswered }: PairingView): string {
  if (!unanswered) return `Not paired: ${problem}`;
  return (
    `Not paired: ${problem}. The network's key was sent to "${plain(peer?.name ?? '')}", and no answer came: it may have the key. ` +
    `Unless you trust it, rotate the key without it: intermachine trust ${peer?.id} --revoke`
  );
}

const spaced = (text: string, size: number): string => text.match(new RegExp(`.{1,${size}}`, 'g'))?.join(' ') ?? text;
