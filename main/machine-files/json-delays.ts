import { isObject, kindOf } from '../../shared/json-kinds.ts';
import type { Implementations } from './implementations.ts';
import { MAX_DELAY_MS } from './limits.ts';
import type { Scope } from './operators.ts';
import { didYouMean, ownHint, type Path, type Problems } from './problems.ts';
import { expressionText, type Names, valueFrom } from './values.ts';

type Delay = Implementations['delays'][string];

/** The delays that a file names, and whether what stands in `after` is one. */
export class JsonDelays {
  readonly implementations: Record<string, Delay> = {};
  readonly #names: Names;
  readonly #problems: Problems;

  constructor(names: Names, problems: Problems) {
    this.#names = names;
    this.#problems = problems;
  }

  /** The file's own `delays`: a name for milliseconds, fixed or computed. */
  define(json: unknown, path: Path): void {
    if (json === undefined) return;
    if (!isObject(json))
      return this.#problems.error(path, `"delays" is an object from names to milliseconds, not ${kindOf(json)}`);
    for (const [name, delay] of Object.entries(json)) {
      if (/^\d+$/.test(name)) this.#problems.nameError([...path, name], 'a delay’s name cannot be a number');
      this.implementations[name] = delayFrom(delay, [...path, name], this.#names, this.#problems);
    }
  }

  /** What is none is told. */
  isDelay(text: string, path: Path): boolean {
    if (Object.hasOwn(this.implementations, text)) return true;
    // What XState reads as a number is one; anything else is a name.
    if (text.trim() === '' || !Number.isNaN(Number(text))) {
      const problem = /^\d+$/.test(text) ? delayProblem(Number(text)) : `"${text}" is no delay`;
      if (problem) this.#problems.nameError(path, problem, DELAY_HINT);
      return problem === undefined;
    }
    const hint = didYouMean(text, Object.keys(this.implementations)) ?? ownHint('delays', text);
    this.#problems.nameError(path, `there is no delay "${text}"`, hint);
    return false;
  }
}

/** Milliseconds, fixed or computed. */
export function delayFrom(
  json: unknown,
  path: Path,
  names: Names,
  problems: Problems,
): number | ((scope: Scope) => number) {
  if (!isObject(json)) {
    const problem = delayProblem(json);
    if (problem) problems.error(path, problem, DELAY_HINT);
    return json as number;
  }
  const value = valueFrom(json, path, names, problems);
  return (scope) => {
    const delay = value(scope);
    const problem = delayProblem(delay);
    if (problem) throw new Error(`${expressionText(json)}: ${problem}`);
    return delay as number;
  };
}

export const delayProblem = (delay: unknown): string | undefined =>
  Number.isInteger(delay) && (delay as number) >= 0 && (delay as number) <= MAX_DELAY_MS
    ? undefined
    : `${JSON.stringify(delay)} is no delay`;

export const DELAY_HINT = `Milliseconds are expected, from 0 to ${MAX_DELAY_MS} (24 days).`;
