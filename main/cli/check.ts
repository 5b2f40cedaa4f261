import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { FileProblem } from '../../shared/api.ts';
import { CHECK_FAILED_EXIT_CODE } from './exit-codes.ts';
import { bold, cyan, dim, green, plain, red, yellow } from './text.ts';

/** Characters of a line that are shown, so that one without breaks does not fill the screen. */
const MAX_LINE = 100;

/** `intermachine check`: whether machine files are right, without running them. */
export function checkCommand(program: Command): void {
  const command = program
    .command('check')
    .description('look for errors in machine files, as a node does before it takes them')
    .argument('<file...>', 'files that end in .json, .js, .mjs or .ts; the code of modules is loaded')
    .option('--json', 'one JSON object for each file')
    .action(async () => {
      process.stdout.on('error', () => process.exit(0));
      const { json = false } = command.opts<{ json?: boolean }>();
      const results = [];
      for (const file of command.args) {
        const result = await check(file);
        if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
        else await print(result);
        results.push(result);
      }
      if (!json && results.length > 1) process.stdout.write(`${sumOf(results)}\n`);
      // What a module started, such as a timer, would keep this process alive.
      process.exit(results.every(({ ok }) => ok) ? 0 : CHECK_FAILED_EXIT_CODE);
    });
}

interface Result {
  readonly file: string;
  readonly ok: boolean;
  readonly type?: string;
  readonly version?: string;
  readonly instances?: number;
  readonly problems: readonly FileProblem[];
}

async function check(file: string): Promise<Result> {
  const { checkFile } = await import('../compose.ts');
  const { definition, problems } = await checkFile(resolve(file));
  if (!definition) return { file, ok: false, problems };
  const { type, version, instances } = definition;
  return { file, ok: true, type, version, instances, problems };
}

// ---- For people

async function print({ file, ok, type, version, instances = 1, problems }: Result): Promise<void> {
  const lines = problems.some(({ line }) => line !== undefined) ? await linesOf(file) : [];
  for (const problem of problems) process.stdout.write(`${problemText(problem, file, lines)}\n\n`);
  const count = instances === 1 ? '' : `, ${instances} of it`;
  if (ok)
    process.stdout.write(
      `${green('right')}  ${plain(file)}: ${cyan(plain(type ?? ''))} ${version}${count}${also(problems)}\n`,
    );
  else process.stdout.write(`${red('wrong')}  ${plain(file)}: ${countsOf(problems)}\n`);
}

async function linesOf(file: string): Promise<readonly string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/);
  } catch {
    return [];
  }
}

/** As a compiler tells it: what, where with its line, and what to do. */
function problemText(problem: FileProblem, file: string, lines: readonly string[]): string {
  const { severity, message, hint, path, line, column } = problem;
  const colour = severity === 'error' ? red : yellow;
  const head = `${colour(bold(severity))}${bold(`: ${plain(message)}`)}`;
  const place = line === undefined ? '' : `:${line}${column === undefined ? '' : `:${column}`}`;
  const number = String(line ?? '');
  const gutter = ' '.repeat(number.length);
  const rows = [head, `${gutter} ${dim('╭─')} ${plain(file)}${place}`];
  const source = excerpt(problem, lines);
  if (source) {
    rows.push(`${dim(`${number} │`)} ${plain(source.text)}`);
    rows.push(`${gutter} ${dim('│')} ${' '.repeat(source.from)}${colour('^'.repeat(source.length))}`);
  }
  if (path !== '') rows.push(`${gutter} ${dim('│')} ${dim('at')} ${plain(path)}`);
  rows.push(hint === undefined ? `${gutter} ${dim('╰─')}` : `${gutter} ${dim('╰─')} ${plain(hint)}`);
  return rows.join('\n');
}

/** The line, or as much of a long one as shows what is meant. */
function excerpt({ line, column = 1, length = 1 }: FileProblem, lines: readonly string[]) {
  const text = line === undefined ? undefined : lines[line - 1]?.replaceAll('\t', ' ');
  if (text === undefined) return undefined;
  const start = text.length > MAX_LINE ? Math.max(0, Math.min(column - 1 - MAX_LINE / 2, text.length - MAX_LINE)) : 0;
  const shown = text.slice(start, start + MAX_LINE);
  const from = Math.max(0, column - 1 - start);
  return { text: shown, from, length: Math.max(1, Math.min(length, shown.length - from)) };
}

const countsOf = (problems: readonly FileProblem[]): string => {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  return [counted(errors, 'error'), counted(warnings, 'warning')].filter((text) => text !== '').join(', ');
};

const also = (problems: readonly FileProblem[]): string => (problems.length > 0 ? ` (${countsOf(problems)})` : '');

const counted = (count: number, what: string): string =>
  count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;

const sumOf = (results: readonly Result[]): string => {
  const wrong = results.filter(({ ok }) => !ok).length;
  return wrong === 0
    ? bold(`All ${results.length} files are right.`)
    : bold(`${wrong} of ${results.length} files are wrong.`);
};
