import { isObject, type Json, kindOf } from '../../shared/json-kinds.ts';
import { MAX_STATE_DEPTH, MAX_STATES } from './limits.ts';
import { didYouMean, listed, type Path, type Problems } from './problems.ts';

export const STATE_TYPES = ['atomic', 'compound', 'parallel', 'final', 'history'] as const;

/** A state of a JSON file. */
export interface JsonState {
  readonly key: string;
  /** Where it stands in the file. */
  readonly path: Path;
  readonly json: Json;
  readonly parent: JsonState | undefined;
  readonly children: ReadonlyMap<string, JsonState>;
}

/** The states of a file, found by what a transition calls them. */
export class JsonTree {
  readonly root: JsonState;
  readonly #ids = new Map<string, JsonState>();
  readonly #problems: Problems;
  #count = 0;

  /** `rootId` is what XState calls the root; ids of states without one begin with it. */
  constructor(json: Json, path: Path, rootId: string, problems: Problems) {
    this.#problems = problems;
    this.root = this.#grow('', json, path, rootId, undefined, 0);
    if (this.#count > MAX_STATES)
      problems.error(
        path,
        `there are ${this.#count} states; ${MAX_STATES} are allowed`,
        'Split the machine into several.',
      );
  }

  get isTooLarge(): boolean {
    return this.#count > MAX_STATES;
  }

  #grow(key: string, json: Json, path: Path, id: string, parent: JsonState | undefined, depth: number): JsonState {
    const problems = this.#problems;
    this.#count++;
    const children = new Map<string, JsonState>();
    const state: JsonState = { key, path, json, parent, children };
    this.#addId(typeof json.id === 'string' ? json.id : id, state);
    if (json.states === undefined) return state;
    const statesPath = [...path, 'states'];
    if (!isObject(json.states)) {
      problems.error(statesPath, `"states" is an object from names to states, not ${kindOf(json.states)}`);
      return state;
    }
    if (depth === MAX_STATE_DEPTH) {
      problems.error(statesPath, `states are nested deeper than ${MAX_STATE_DEPTH} levels`);
      return state;
    }
    for (const [name, below] of Object.entries(json.states)) {
      const childPath = [...statesPath, name];
      checkName(name, childPath, problems);
      if (isObject(below)) children.set(name, this.#grow(name, below, childPath, `${id}.${name}`, state, depth + 1));
      else
        problems.error(
          childPath,
          `a state is an object, not ${kindOf(below)}`,
          'A state without anything in it is {}.',
        );
    }
    return state;
  }

  #addId(id: string, state: JsonState): void {
    const other = this.#ids.get(id);
    if (other && other !== state)
      this.#problems.error([...state.path, 'id'], `the id "${id}" is that of another state too`);
    this.#ids.set(id, state);
  }

  /** Where a transition of `state` leads, as XState reads it; a target that leads nowhere is told. */
  target(text: string, state: JsonState, path: Path): JsonState | undefined {
    if (text.startsWith('#')) return this.#byId(text.slice(1), path);
    const isBelow = text.startsWith('.');
    if (isBelow) return this.#below(state, text.slice(1), path);
    if (state.parent) return this.#below(state.parent, text, path);
    this.#problems.error(path, `"${text}" leads nowhere: the root has no states beside it`, `Did you mean ".${text}"?`);
    return undefined;
  }

  #byId(text: string, path: Path): JsonState | undefined {
    const [id = '', ...keys] = text.split('.');
    // Ids of states that have none hold dots themselves, and the longest that fits is meant.
    const whole = this.#ids.get(text);
    const found = this.#ids.get(id);
    if (whole && !found) return whole;
    if (!found) {
      this.#problems.error(path, `there is no state with the id "${id}"`, didYouMean(id, this.#ids.keys()));
      return undefined;
    }
    return this.#below(found, keys.join('.'), path);
  }

  #below(from: JsonState, text: string, path: Path): JsonState | undefined {
    let state = from;
    for (const key of text === '' ? [] : text.split('.')) {
      const next = state.children.get(key);
      if (!next) {
        const where = state.parent ? `in "${state.key}"` : 'at the top';
        const names = [...state.children.keys()];
        const hint =
          didYouMean(key, names) ??
          this.#elsewhere(key) ??
          `There ${names.length === 1 ? 'is' : 'are'} ${listed(names)}.`;
        this.#problems.error(path, `there is no state "${key}" ${where}`, hint);
        return undefined;
      }
      state = next;
    }
    return state;
  }

  /** A state of that name, if it is only at another level. */
  #elsewhere(key: string): string | undefined {
    for (const [id, state] of this.#ids) if (state.key === key) return `A state of another level is written "#${id}".`;
    return undefined;
  }
}

function checkName(name: string, path: Path, problems: Problems): void {
  if (name === '') problems.nameError(path, 'a state has no name');
  else if (/[.#]/.test(name))
    problems.nameError(
      path,
      `the name "${name}" holds a "${name.includes('.') ? '.' : '#'}"`,
      'In targets these separate names.',
    );
  else if (name in {}) problems.nameError(path, `a state cannot be called "${name}"`);
  else if (/\p{Cc}/u.test(name)) problems.nameError(path, 'the name of a state holds a control character');
}
