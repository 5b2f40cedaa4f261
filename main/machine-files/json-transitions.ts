import { isObject, kindOf } from '../../shared/json-kinds.ts';
import type { JsonActions } from './json-actions.ts';
import type { JsonGuards } from './json-guards.ts';
import { checkKeys, TRANSITION_KEYS } from './json-keys.ts';
import type { JsonState, JsonTree } from './json-tree.ts';
import type { Path, Problems } from './problems.ts';

/** Transitions of a JSON file, as XState takes them. One that leads nowhere is told and left out. */
export class JsonTransitions {
  readonly #tree: JsonTree;
  readonly #actions: JsonActions;
  readonly #guards: JsonGuards;
  readonly #problems: Problems;

  constructor(tree: JsonTree, actions: JsonActions, guards: JsonGuards, problems: Problems) {
    this.#tree = tree;
    this.#actions = actions;
    this.#guards = guards;
    this.#problems = problems;
  }

  /** All of one event, of one delay, or of `always`. */
  list(json: unknown, path: Path, state: JsonState): readonly unknown[] {
    if (json === undefined || json === null) return [];
    if (Array.isArray(json)) return json.flatMap((one, index) => this.#one(one, [...path, index], state));
    return this.#one(json, path, state);
  }

  #one(json: unknown, path: Path, state: JsonState): readonly unknown[] {
    const problems = this.#problems;
    if (typeof json === 'string') return this.#tree.target(json, state, path) ? [{ target: json }] : [];
    if (!isObject(json)) {
      problems.error(path, `a transition is a target or an object, not ${kindOf(json)}`);
      return [];
    }
    checkKeys(json, path, [...TRANSITION_KEYS, 'internal'], 'a transition', problems);
    if (json.internal === false)
      problems.warning(
        [...path, 'internal'],
        '"internal" is of XState 4 and is left aside',
        'Write "reenter": true if the state is to be left and entered again.',
      );
    if (json.reenter !== undefined && typeof json.reenter !== 'boolean')
      problems.error([...path, 'reenter'], `"reenter" is true or false, not ${kindOf(json.reenter)}`);
    const targets = this.#targets(json.target, path, state);
    const guard =
      json.guard === undefined || json.guard === null ? undefined : this.#guards.name(json.guard, [...path, 'guard']);
    const actions = this.#actions.list(json.actions, [...path, 'actions']);
    if (targets === undefined) return [];
    return [
      {
        ...(targets.length > 0 && { target: targets }),
        ...(guard !== undefined && { guard }),
        actions,
        ...(json.reenter === true && { reenter: true }),
        ...(typeof json.description === 'string' && { description: json.description }),
        ...(json.meta !== undefined && { meta: json.meta }),
      },
    ];
  }

  /** `undefined` where one of them leads nowhere. */
  #targets(json: unknown, path: Path, state: JsonState): readonly string[] | undefined {
    const list = json === undefined || json === null ? [] : Array.isArray(json) ? json : [json];
    const found = list.map((target, index) => {
      const at = Array.isArray(json) ? [...path, 'target', index] : [...path, 'target'];
      if (typeof target === 'string') return this.#tree.target(target, state, at) && target;
      this.#problems.error(at, `a target is a text, not ${kindOf(target)}`);
      return undefined;
    });
    return found.every((target) => target !== undefined) ? found : undefined;
  }
}
