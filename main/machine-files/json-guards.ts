import { isObject, kindOf } from '../../shared/json-kinds.ts';
import type { Implementations } from './implementations.ts';
import { didYouMean, ownHint, type Path, type Problems } from './problems.ts';
import { expressionFrom, expressionText, type Names } from './values.ts';

type Guard = Implementations['guards'][string];

/** All guards of one file: expressions, each under the text that the chart shows, and those that the file names itself. */
export class JsonGuards {
  readonly implementations: Record<string, Guard> = {};
  readonly #names: Names;
  readonly #problems: Problems;
  readonly #labels = new Map<string, string>();

  constructor(names: Names, problems: Problems) {
    this.#names = names;
    this.#problems = problems;
  }

  /** The file's own `guards`: a name for an expression. */
  define(json: unknown, path: Path): void {
    if (json === undefined) return;
    if (!isObject(json))
      return this.#problems.error(path, `"guards" is an object from names to expressions, not ${kindOf(json)}`);
    for (const [name, expression] of Object.entries(json)) {
      this.implementations[name] = this.#guard(expression, [...path, name]);
      this.#labels.set(name, name);
    }
  }

  /** The name of a transition's guard: one of the file's own, or `{ "type": "when", "params": { "is": expression } }`, or the expression itself. */
  name(json: unknown, path: Path): string | undefined {
    const problems = this.#problems;
    const type = isObject(json) ? json.type : json;
    if (isObject(json) && type === undefined) return this.#add(json, path);
    if (typeof type !== 'string') {
      problems.error(path, `a guard is a name or an expression, not ${kindOf(json)}`, GUARD_HINT);
      return undefined;
    }
    if (type === 'when') {
      const params = isObject(json) ? json.params : undefined;
      if (isObject(params) && params.is !== undefined) return this.#add(params.is, [...path, 'params', 'is']);
      problems.error(
        path,
        '"when" needs its condition',
        'As in { "type": "when", "params": { "is": { "<": [{ "var": "context.count" }, 3] } } }',
      );
      return undefined;
    }
    if (Object.hasOwn(this.implementations, type)) return type;
    const at = isObject(json) ? [...path, 'type'] : path;
    problems.error(
      at,
      `there is no guard "${type}"`,
      didYouMean(type, Object.keys(this.implementations)) ?? ownHint('guards', type),
    );
    return undefined;
  }

  #add(expression: unknown, path: Path): string {
    const meaning = JSON.stringify(expression);
    const label = expressionText(expression);
    for (let n = 1; ; n++) {
      const name = n === 1 ? label : `${label} (${n})`;
      const taken = this.#labels.get(name);
      if (taken !== undefined && taken !== meaning) continue;
      this.#labels.set(name, meaning);
      this.implementations[name] = this.#guard(expression, path);
      return name;
    }
  }

  #guard(expression: unknown, path: Path): Guard {
    if (typeof expression === 'boolean') return () => expression;
    const before = this.#problems.count;
    const value = expressionFrom(expression, path, this.#names, this.#problems);
    if (this.#problems.count > before) return () => false;
    // As JSON Logic has it: an empty list is false.
    const [operator = ''] = Object.keys(expression as object);
    const truth = BOOLEANS.has(operator)
      ? value
      : expressionFrom({ '!!': [expression] }, path, this.#names, this.#problems);
    return ({ context, event }: { context: unknown; event: unknown }) => truth({ context, event }) === true;
  }
}

/** Operators that yield true or false by themselves. */
const BOOLEANS = new Set(['==', '===', '!=', '!==', '<', '<=', '>', '>=', '!', '!!', 'in', 'all', 'some', 'none']);

const GUARD_HINT = 'As in { "<": [{ "var": "context.count" }, 3] }';
