import { isObject, type Json, kindOf } from '../../shared/json-kinds.ts';
import { HEAD_KEYS } from './definition.ts';
import { eventTypeProblem } from './event-types.ts';
import type { JsonActions } from './json-actions.ts';
import type { JsonDelays } from './json-delays.ts';
import { checkKeys, OWN_KEYS, ROOT_KEYS, STATE_KEYS } from './json-keys.ts';
import type { JsonTransitions } from './json-transitions.ts';
import { type JsonState, type JsonTree, STATE_TYPES } from './json-tree.ts';
import { didYouMean, type Problems } from './problems.ts';
import { type Names, valueFrom } from './values.ts';

export interface JsonStatesParts {
  readonly tree: JsonTree;
  readonly actions: JsonActions;
  readonly delays: JsonDelays;
  readonly transitions: JsonTransitions;
  readonly names: Names;
  /** Whether the machine stands under "machine", so that its "type" is XState's. */
  readonly isWrapped: boolean;
  readonly problems: Problems;
}

/** States of a JSON file, as XState takes them. What is wrong in one is told and left out. */
export class JsonStates {
  readonly #tree: JsonTree;
  readonly #actions: JsonActions;
  readonly #delays: JsonDelays;
  readonly #transitions: JsonTransitions;
  readonly #names: Names;
  readonly #isWrapped: boolean;
  readonly #problems: Problems;

  constructor({ tree, actions, delays, transitions, names, isWrapped, problems }: JsonStatesParts) {
    this.#tree = tree;
    this.#actions = actions;
    this.#delays = delays;
    this.#transitions = transitions;
    this.#names = names;
    this.#isWrapped = isWrapped;
    this.#problems = problems;
  }

  /** The state, with those within it. */
  build(state: JsonState): Json {
    const { json, path, parent, children } = state;
    const problems = this.#problems;
    const extra = parent ? [] : this.#isWrapped ? ROOT_KEYS : [...ROOT_KEYS, ...HEAD_KEYS, ...OWN_KEYS];
    checkKeys(json, path, [...STATE_KEYS, ...extra], parent ? 'a state' : 'a machine', problems);
    const type = this.#type(state);
    const config: Record<string, unknown> = {
      ...(type !== undefined && { type }),
      ...this.#initial(state, type),
      ...this.#history(state, type),
      ...(children.size > 0 && {
        states: Object.fromEntries([...children].map(([key, child]) => [key, this.build(child)])),
      }),
      entry: this.#actions.list(json.entry, [...path, 'entry']),
      exit: this.#actions.list(json.exit, [...path, 'exit']),
      on: this.#on(state),
      after: this.#after(state),
      always: this.#transitions.list(json.always, [...path, 'always'], state),
      ...(json.onDone !== undefined && { onDone: this.#transitions.list(json.onDone, [...path, 'onDone'], state) }),
      ...(json.output !== undefined && { output: this.#output(state) }),
      ...(json.meta !== undefined && { meta: json.meta }),
      ...this.#text('description', state),
      ...(parent && this.#text('id', state)),
      ...this.#tags(state),
    };
    this.#invoke(state);
    return config;
  }

  #type({ json, path, parent, children }: JsonState): string | undefined {
    const { type } = json;
    // At the top of a plain file it is the machine's type, unless XState knows it.
    if (type === undefined || (!parent && !this.#isWrapped && !STATE_TYPES.includes(type as never))) return undefined;
    const at = [...path, 'type'];
    if (!STATE_TYPES.includes(type as never)) {
      const hint = typeof type === 'string' ? didYouMean(type, STATE_TYPES) : undefined;
      this.#problems.error(
        at,
        `${JSON.stringify(type)} is no type of a state`,
        hint ?? 'There are atomic, compound, parallel, final and history.',
      );
      return undefined;
    }
    if (type === 'history' && !parent) this.#problems.error(at, 'a machine cannot be a history state');
    if ((type === 'final' || type === 'history' || type === 'atomic') && children.size > 0)
      this.#problems.error(at, `a state of type "${type}" has no states within it`);
    if ((type === 'parallel' || type === 'compound') && children.size === 0)
      this.#problems.error(at, `a state of type "${type}" needs "states" within it`);
    return type as string;
  }

  #initial({ json, path, children }: JsonState, type: string | undefined): Json {
    const { initial } = json;
    const problems = this.#problems;
    const names = [...children.keys()];
    const at = [...path, 'initial'];
    const key = isObject(initial) ? initial.target : initial;
    if (type === 'parallel' || names.length === 0) {
      // That states could not be taken was told already.
      const isMisplaced = type === 'parallel' || json.states === undefined;
      if (isMisplaced && initial !== undefined && initial !== null)
        problems.error(
          at,
          type === 'parallel' ? 'of a parallel state all states are entered' : 'there are no states to begin with',
          'Leave "initial" out.',
        );
      return {};
    }
    if (initial === undefined) {
      problems.error(path, 'it is not said in which state it begins', `Add "initial": "${names[0]}"`);
      return { initial: names[0] };
    }
    const written = typeof key === 'string' ? key.replace(/^\./, '') : key;
    if (typeof written !== 'string' || !children.has(written)) {
      const hint = typeof written === 'string' ? didYouMean(written, names) : undefined;
      problems.error(
        at,
        `there is no state ${JSON.stringify(written)} to begin with`,
        hint ??
          `There ${names.length === 1 ? 'is' : 'are'} ${names
            .map((name) => `"${name}"`)
            .slice(0, 8)
            .join(', ')}.`,
      );
      return { initial: names[0] };
    }
    if (!isObject(initial)) return { initial: written };
    return { initial: { target: written, actions: this.#actions.list(initial.actions, [...at, 'actions']) } };
  }

  #history(state: JsonState, type: string | undefined): Json {
    const { json, path } = state;
    if (type !== 'history' && json.history === undefined) return {};
    const { history = 'shallow', target } = json;
    if (history === false) return {};
    if (history !== 'shallow' && history !== 'deep' && history !== true)
      this.#problems.error([...path, 'history'], '"history" is "shallow" or "deep"');
    if (target === undefined) return { type: 'history', history };
    if (typeof target !== 'string') {
      this.#problems.error([...path, 'target'], `a target is a text, not ${kindOf(target)}`);
      return { type: 'history', history };
    }
    return { type: 'history', history, ...(this.#tree.target(target, state, [...path, 'target']) && { target }) };
  }

  #on(state: JsonState): Json {
    const { json, path } = state;
    if (json.on === undefined) return {};
    const at = [...path, 'on'];
    if (!isObject(json.on)) {
      this.#problems.error(at, `"on" is an object from events to transitions, not ${kindOf(json.on)}`);
      return {};
    }
    const on = Object.entries(json.on).map(([event, transitions]) => {
      if (event === '')
        this.#problems.nameError(
          [...at, event],
          'an event has no name',
          'A transition without an event is written under "always".',
        );
      else if (event.includes('*') && event !== '*' && !event.endsWith('.*'))
        this.#problems.nameError(
          [...at, event],
          `"${event}" fits no event`,
          'A star stands alone, or behind a dot at the end: "door.*".',
        );
      else if (event !== '*' && !event.startsWith('xstate.')) {
        const problem = eventTypeProblem(event);
        if (problem) this.#problems.nameError([...at, event], problem);
      }
      return [event, this.#transitions.list(transitions, [...at, event], state)] as const;
    });
    return Object.fromEntries(on.filter(([event]) => event !== ''));
  }

  #after(state: JsonState): Json {
    const { json, path } = state;
    if (json.after === undefined) return {};
    const at = [...path, 'after'];
    if (!isObject(json.after)) {
      this.#problems.error(at, `"after" is an object from milliseconds to transitions, not ${kindOf(json.after)}`);
      return {};
    }
    const after = Object.entries(json.after).flatMap(([delay, json]) => {
      const transitions = this.#transitions.list(json, [...at, delay], state);
      return this.#delays.isDelay(delay, [...at, delay]) ? [[delay, transitions] as const] : [];
    });
    return Object.fromEntries(after);
  }

  #output({ json, path }: JsonState): unknown {
    const value = valueFrom(json.output, [...path, 'output'], this.#names, this.#problems);
    return ({ context, event }: { context: unknown; event: unknown }) => value({ context, event });
  }

  #invoke({ json, path }: JsonState): void {
    const { invoke } = json;
    if (invoke === undefined || (Array.isArray(invoke) && invoke.length === 0)) return;
    for (const [index, one] of (Array.isArray(invoke) ? invoke : [invoke]).entries()) {
      const at = Array.isArray(invoke) ? [...path, 'invoke', index] : [...path, 'invoke'];
      const src = isObject(one) ? one.src : one;
      this.#problems.error(
        isObject(one) ? [...at, 'src'] : at,
        `there is no actor ${JSON.stringify(src)}`,
        'An actor is code: write this machine as a module (docs/machine-files.md).',
      );
    }
  }

  #text(name: 'description' | 'id', { json, path }: JsonState): Json {
    const value = json[name];
    if (value === undefined) return {};
    if (typeof value === 'string' && value !== '') return { [name]: value };
    this.#problems.error([...path, name], `"${name}" is a text, not ${value === '' ? 'an empty one' : kindOf(value)}`);
    return {};
  }

  #tags({ json, path }: JsonState): Json {
    const { tags } = json;
    if (tags === undefined) return {};
    const list = Array.isArray(tags) ? tags : [tags];
    if (list.every((tag) => typeof tag === 'string')) return { tags: list };
    this.#problems.error([...path, 'tags'], '"tags" is a list of texts');
    return {};
  }
}
