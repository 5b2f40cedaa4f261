import { type AnyStateMachine, createMachine } from 'xstate';
import { isObject, type Json, kindOf } from '../../shared/json-kinds.ts';
import { checkHead, HEAD_KEYS, type HostedDefinition } from './definition.ts';
import { JsonActions } from './json-actions.ts';
import { JsonDelays } from './json-delays.ts';
import { JsonGuards } from './json-guards.ts';
import { checkKeys, OWN_KEYS } from './json-keys.ts';
import { JsonStates } from './json-states.ts';
import { JsonTransitions } from './json-transitions.ts';
import { JsonTree, STATE_TYPES } from './json-tree.ts';
import { checkMachine } from './machine-check.ts';
import type { Path, Problems } from './problems.ts';
import type { Names } from './values.ts';

/**
 * From what a JSON file says to a machine: an XState configuration with what else is said about it beside it, or with the
 * configuration under "machine". `fileName` gives the type where the file does not.
 */
export function machineFromJson(json: unknown, fileName: string, problems: Problems): HostedDefinition | undefined {
  if (!isObject(json)) {
    problems.error(
      [],
      `a machine is an object, not ${kindOf(json)}`,
      'As in { "type": "Lamp", "initial": "off", "states": { … } }',
    );
    return undefined;
  }
  const isWrapped = isObject(json.machine);
  if (!isWrapped && json.states === undefined && json.on === undefined) {
    problems.error([], 'there are no "states" in it', 'As in { "type": "Lamp", "initial": "off", "states": { … } }');
    return undefined;
  }
  const config = isWrapped ? (json.machine as Json) : json;
  const path: Path = isWrapped ? ['machine'] : [];
  // In a plain configuration, "type" may be XState's own.
  const isStateType = !isWrapped && STATE_TYPES.includes(json.type as never);
  const head = Object.fromEntries(HEAD_KEYS.flatMap((key) => (json[key] === undefined ? [] : [[key, json[key]]])));
  const type = isStateType || head.type === undefined ? typeFrom(config.id, fileName) : head.type;
  const checked = checkHead({ ...head, type }, [], problems);
  if (isWrapped) checkKeys(json, [], [...HEAD_KEYS, ...OWN_KEYS, 'machine', '$schema'], 'a machine file', problems);
  const logic = build({ file: json, config, path, isWrapped, machineType: String(type), problems });
  return checked && logic && { ...checked, logic };
}

/** Stately's ids may be whole sentences, which no machine type can be. */
const typeFrom = (id: unknown, fileName: string): string => {
  const name = typeof id === 'string' && id !== '' ? id : fileName.replace(/\.\w+$/, '');
  return name
    .trim()
    .replace(/[\s/*?,"'`]+/g, '_')
    .slice(0, 50);
};

interface Building {
  readonly file: Json;
  /** XState's part of the file; the whole file where it is not wrapped. */
  readonly config: Json;
  /** Where that stands. */
  readonly path: Path;
  readonly isWrapped: boolean;
  readonly machineType: string;
  readonly problems: Problems;
}

function build({ file, config, path, isWrapped, machineType, problems }: Building): AnyStateMachine | undefined {
  const { context } = config;
  if (context !== undefined && !isObject(context))
    problems.error([...path, 'context'], `the context is an object from names to values, not ${kindOf(context)}`);
  const names: Names = { context: new Set(isObject(context) ? Object.keys(context) : []) };
  const id = typeof config.id === 'string' ? config.id : machineType;
  const tree = new JsonTree(config, path, id, problems);
  if (tree.isTooLarge) return undefined;
  const actions = new JsonActions(names, problems);
  const guards = new JsonGuards(names, problems);
  const delays = new JsonDelays(names, problems);
  actions.define(file.actions, ['actions']);
  guards.define(file.guards, ['guards']);
  delays.define(file.delays, ['delays']);
  const transitions = new JsonTransitions(tree, actions, guards, problems);
  const states = new JsonStates({ tree, actions, delays, transitions, names, isWrapped, problems });
  const root = { ...states.build(tree.root), id, ...(isObject(context) && { context }) };
  const implementations = {
    actions: actions.implementations,
    guards: guards.implementations,
    delays: delays.implementations,
  };
  try {
    // What is wrong was left out of it, so that what is left can be looked at as well.
    const machine = createMachine(root as never, implementations as never) as AnyStateMachine;
    checkMachine(machine, path, problems);
    return problems.hasErrors ? undefined : machine;
  } catch (thrown) {
    if (!problems.hasErrors) problems.error(path, `XState does not take it: ${(thrown as Error).message}`);
    return undefined;
  }
}
