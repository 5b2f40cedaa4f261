import type { FileProblem } from '../../shared/api.ts';
import { MAX_PROBLEMS } from './limits.ts';

/** Names and numbers from a file's root to a place in it. */
export type Path = readonly (string | number)[];

/** A problem before it is known on which line it is. */
export interface Found {
  readonly severity: FileProblem['severity'];
  readonly path: Path;
  /** Whether it is about the name of that place, not about what stands there. */
  readonly ofName?: boolean;
  readonly message: string;
  readonly hint?: string;
}

/** Where a problem stands in the text: lines and columns count from 1. */
export type Spot = Required<Pick<FileProblem, 'line' | 'column' | 'length'>>;

/** Gathers all that is wrong with one file, so that its author hears of it at once. */
export class Problems {
  readonly #found: Found[] = [];
  readonly #spots = new Map<Found, Spot>();

  error(path: Path, message: string, hint?: string): void {
    this.#add({ severity: 'error', path, message, ...(hint !== undefined && { hint }) });
  }

  /** About a name, such as that of a state. */
  nameError(path: Path, message: string, hint?: string): void {
    this.#add({ severity: 'error', path, ofName: true, message, ...(hint !== undefined && { hint }) });
  }

  warning(path: Path, message: string, hint?: string): void {
    this.#add({ severity: 'warning', path, ofName: true, message, ...(hint !== undefined && { hint }) });
  }

  /** One whose place in the text is known, but not its path. */
  errorAt(spot: Spot, message: string, hint?: string, path: Path = []): void {
    const found: Found = { severity: 'error', path, message, ...(hint !== undefined && { hint }) };
    this.#spots.set(found, spot);
    this.#add(found);
  }

  get count(): number {
    return this.#found.length;
  }

  get hasErrors(): boolean {
    return this.#found.some(({ severity }) => severity === 'error');
  }

  /** In the order of the text, where lines are known. */
  list(locate: (path: Path, ofName: boolean) => Spot | undefined = () => undefined): readonly FileProblem[] {
    const problems = this.#found.map((found): FileProblem => {
      const { severity, message, hint } = found;
      const spot = this.#spots.get(found) ?? locate(found.path, found.ofName ?? false);
      return { severity, path: pathText(found.path), message, ...(hint !== undefined && { hint }), ...spot };
    });
    problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    if (problems.length <= MAX_PROBLEMS) return problems;
    const message = `${problems.length - MAX_PROBLEMS} problems more`;
    return [...problems.slice(0, MAX_PROBLEMS), { severity: 'error', path: '', message }];
  }

  /** What was said of a place once is not said of it again in other words. */
  #add(found: Found): void {
    const isKnown = ({ path, ofName, severity }: Found) =>
      severity === found.severity && ofName === found.ofName && pathText(path) === pathText(found.path);
    if (!found.ofName || !this.#found.some(isKnown)) this.#found.push(found);
  }
}

/** One problem of a file as a whole. */
export const fileProblem = (message: string, hint?: string): FileProblem => ({
  severity: 'error',
  path: '',
  message,
  ...(hint !== undefined && { hint }),
});

/** The errors of a file on one line: the first few of many. */
export function problemsText(problems: readonly FileProblem[], most = 3): string {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const told = errors.slice(0, most).map(problemText).join('; ');
  return errors.length > most ? `${told}; and ${errors.length - most} more` : told;
}

function problemText({ line, path, message, hint }: FileProblem): string {
  const where = [line === undefined ? '' : `line ${line}`, path].filter((text) => text !== '').join(', ');
  return `${where}${where === '' ? '' : ': '}${message}${hint ? ` (${hint})` : ''}`;
}

const PLAIN_NAME = /^[\p{L}\p{N}_$-]+$/u;

/** As people write it: `states.open.on.LOAD[0].target`, `states["half open"]`. */
function pathText(path: Path): string {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`;
    return PLAIN_NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  });
  return parts.join('').replace(/^\./, '');
}

/** `Did you mean "pressing"?`, if one of the names is close to what was written. */
export function didYouMean(written: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(written.toLowerCase(), name.toLowerCase(), least);
    if (distance < least) {
      best = name;
      least = distance;
    }
  }
  return best === undefined ? undefined : `Did you mean "${best}"?`;
}

/** How many letters have to be added, left out, replaced or swapped with their neighbour; `limit` if it is at least that. */
function editDistance(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) >= limit || one.length > 60) return limit;
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = at(row, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next[j] = Math.min(at(row, j) + 1, at(next, j - 1) + 1, replaced);
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) next[j] = Math.min(at(next, j), at(before, j - 2) + 1);
    }
    before = row;
    row = next;
  }
  return Math.min(limit, at(row, other.length));
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;

/** `"a", "b" and "c"`, or the first few of many. */
export function listed(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map((name) => `"${name}"`);
  if (names.length > most) return `${shown.join(', ')} and ${names.length - most} more`;
  const last = shown.pop();
  return shown.length > 0 ? `${shown.join(', ')} and ${last}` : (last ?? 'none');
}

/** Where a name comes from that the file uses and does not explain. */
export const ownHint = (kind: 'actions' | 'guards' | 'delays', name: string): string =>
  `Explain it at the top of the file under "${kind}": { "${name}": … }, or write the machine as a module, where it can be code.`;
