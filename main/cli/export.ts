import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { InterMachineError } from '../../shared/errors.ts';
import type { MachineId, NodeId } from '../../shared/ids.ts';
import { asksNode, type NodeFlags } from './node-command.ts';

interface Flags extends NodeFlags {
  readonly format: 'jsonl' | 'csv';
  readonly out?: string;
  readonly since?: string;
  readonly until?: string;
  readonly machine?: string;
  readonly node?: string;
  readonly type?: string;
  readonly text?: string;
}

/** Milliseconds between two lines of progress. */
const TOLD_EVERY_MS = 200;
const AGO: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `intermachine export`: the log, for other programs. */
export function exportCommand(program: Command): void {
  const command = program
    .command('export')
    .description('write the log of messages to standard output, or to a file; progress goes to standard error')
    .addOption(
      new Option('--format <format>', 'JSON Lines, or rows for a spreadsheet')
        .choices(['jsonl', 'csv'])
        .default('jsonl'),
    )
    .option('--out <file>', 'a file that is not there yet')
    .option('--since <when>', 'only what was logged since: 2026-11-24, 2026-11-24T08:00, or 90m, 12h, 7d ago')
    .option('--until <when>', 'only what was logged before')
    .option('--machine <id>', 'only what machines of this id sent or were sent')
    .option('--node <id>', 'only what this node sent or was sent')
    .option('--type <type>', 'only events of this type')
    .option('--text <text>', 'only events with this somewhere in them');
  asksNode<Flags>(command, async (node, { format, out, since, until, machine, node: of, type, text }) => {
    const input = {
      format,
      ...(machine !== undefined && { machine: machine as MachineId }),
      ...(of !== undefined && { node: of as NodeId }),
      ...(type !== undefined && { eventType: type }),
      ...(text !== undefined && { text }),
      ...(since !== undefined && { since: timeFrom('since', since) }),
      ...(until !== undefined && { until: timeFrom('until', until) }),
    };
    const { behind } = await node.call('search', {});
    if (text !== undefined && behind > 0)
      process.stderr.write(`${behind} rows are not indexed yet, and are looked at one by one.\n`);
    const target = out === undefined ? process.stdout : await opened(out);
    const told = new Progress();
    for await (const { text: piece, rows, done } of node.stream('export', input)) {
      if (piece !== '' && !target.write(piece)) await once(target, 'drain');
      told.tell(rows, done);
    }
    if (target !== process.stdout) await finished(target.end());
    told.end(out);
  });
}

class Progress {
  readonly #isTerminal = process.stderr.isTTY === true;
  #toldAt = 0;
  #rows = 0;

  tell(rows: number, done: number): void {
    this.#rows = rows;
    if (!this.#isTerminal || performance.now() - this.#toldAt < TOLD_EVERY_MS) return;
    this.#toldAt = performance.now();
    process.stderr.write(`\r${Math.floor(done * 100)} %, ${rows} rows `);
  }

  end(out: string | undefined): void {
    process.stderr.write(
      `${this.#isTerminal ? '\r' : ''}${this.#rows} rows${out === undefined ? '' : ` in ${out}`}.\n`,
    );
  }
}

/** Opened before anything is asked for: never over a file that is there. */
async function opened(path: string): Promise<WriteStream> {
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  try {
    await once(file, 'open');
    return file;
  } catch (thrown) {
    throw new InterMachineError('INPUT_INVALID', `--out ${path}: ${(thrown as Error).message}`);
  }
}

function timeFrom(name: string, text: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const time = number && unit ? Date.now() - Number(number) * (AGO[unit] ?? 0) : Date.parse(text);
  if (Number.isNaN(time))
    throw new InterMachineError('INPUT_INVALID', `--${name} ${text}: 2026-11-24, 2026-11-24T08:00 or 12h are expected`);
  return time;
}
