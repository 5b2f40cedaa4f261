import { enqueueActions } from 'xstate';
import { isObject, type Json, kindOf } from '../../shared/json-kinds.ts';
import { BUILT_IN_ACTIONS, type Built, type BuiltIn } from './built-in-actions.ts';
import type { Implementations } from './implementations.ts';
import { didYouMean, ownHint, type Path, type Problems } from './problems.ts';
import type { Names } from './values.ts';

type Action = Implementations['actions'][string];

/** All actions of one file: the built-in ones that it uses, each under its label, and those that it names itself. */
export class JsonActions {
  readonly implementations: Record<string, Action> = {};
  readonly #names: Names;
  readonly #problems: Problems;
  readonly #own = new Set<string>();
  /** What each label stands for, so that two actions never share one. */
  readonly #labels = new Map<string, string>();

  constructor(names: Names, problems: Problems) {
    this.#names = names;
    this.#problems = problems;
  }

  /** The file's own `actions`: a name for a built-in action, or for several in a row. */
  define(json: unknown, path: Path): void {
    if (json === undefined) return;
    if (!isObject(json))
      return this.#problems.error(path, `"actions" is an object from names to actions, not ${kindOf(json)}`);
    for (const [name, definition] of Object.entries(json)) {
      const at = [...path, name];
      if (Object.hasOwn(BUILT_IN_ACTIONS, name)) {
        this.#problems.nameError(at, `"${name}" is a built-in action`, 'Choose another name.');
        continue;
      }
      const labels = this.list(definition, at);
      this.#own.add(name);
      this.#labels.set(name, name);
      this.implementations[name] = enqueueActions(({ enqueue }) => {
        for (const label of labels) enqueue(label as never);
      });
      const [only] = labels;
      if (labels.length === 1 && only !== undefined) this.implementations[name] = this.implementations[only] as Action;
    }
  }

  /** The labels of `actions`, `entry` or `exit`. */
  list(json: unknown, path: Path): readonly string[] {
    if (json === undefined || json === null) return [];
    if (!Array.isArray(json)) return this.#one(json, path);
    return json.flatMap((action, index) => this.#one(action, [...path, index]));
  }

  #one(json: unknown, path: Path): readonly string[] {
    const problems = this.#problems;
    const type = isObject(json) ? json.type : json;
    if (typeof type !== 'string') {
      problems.error(path, `an action is an object with a "type", not ${kindOf(json)}`, ACTION_HINT);
      return [];
    }
    if (this.#own.has(type)) return [type];
    const builtIn = Object.hasOwn(BUILT_IN_ACTIONS, type) ? BUILT_IN_ACTIONS[type] : undefined;
    if (!builtIn) {
      const at = isObject(json) ? [...path, 'type'] : path;
      const names = [...Object.keys(BUILT_IN_ACTIONS), ...this.#own];
      problems.error(at, `there is no action "${type}"`, didYouMean(type, names) ?? ownHint('actions', type));
      return [];
    }
    const params = isObject(json) ? json.params : undefined;
    if (!isObject(params)) {
      problems.error([...path, 'params'], `"${type}" needs its "params"`, `As in ${builtIn.example}`);
      return [];
    }
    if (!this.#hasParams(type, builtIn, params, [...path, 'params'])) return [];
    const before = problems.count;
    const built = builtIn.make({ params, path: [...path, 'params'], names: this.#names, problems });
    return problems.count > before ? [] : [this.#add(built, JSON.stringify(json))];
  }

  #hasParams(type: string, { params: known, example }: BuiltIn, params: Json, path: Path): boolean {
    if (known === 'context') return true;
    const hint = `As in ${example}`;
    const missing = known.filter((name) => !name.endsWith('?') && params[name] === undefined);
    for (const name of missing) this.#problems.error(path, `"${type}" needs "${name}"`, hint);
    const names = known.map((name) => name.replace('?', ''));
    for (const name of Object.keys(params))
      if (!names.includes(name))
        this.#problems.nameError([...path, name], `"${type}" has no "${name}"`, didYouMean(name, names) ?? hint);
    return missing.length === 0;
  }

  #add({ label, action }: Built, meaning: string): string {
    for (let n = 1; ; n++) {
      const name = n === 1 ? label : `${label} (${n})`;
      const taken = this.#labels.get(name);
      if (taken !== undefined && taken !== meaning) continue;
      this.#labels.set(name, meaning);
      this.implementations[name] = action;
      return name;
    }
  }
}

const ACTION_HINT = `As in ${BUILT_IN_ACTIONS.reply?.example}`;
