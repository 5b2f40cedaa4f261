import {
  type AnyActorLogic,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  isMachineSnapshot,
} from 'xstate';
import type { Chart, ChartState, ChartTransition } from '../../shared/api.ts';
import { activeNodes, isMachine } from './xstate-internals.ts';

// What can be drawn of an XState machine. It walks `machine.root` by its public members.

/** The structure of `logic`; `undefined` where it is no machine, so that there is nothing to draw. */
export const chartOf = (logic: AnyActorLogic): Chart | undefined => traced(logic)?.chart;

/**
 * From XState's own definition of a transition, the very object that `transitionsTaken` tells, to its ids in the
 * chart: one for each target. Empty for logic that is no machine. The step that enters the initial state is in no chart.
 */
export const chartIds = (logic: AnyActorLogic): ReadonlyMap<object, readonly string[]> =>
  traced(logic)?.transitionIds ?? new Map();

/** Ids of all active states in its chart, from the root down. Empty for a snapshot of logic that is no machine. */
export function activeStates(snapshot: object): string[] {
  if (!isMachineSnapshot(snapshot)) return [];
  const stateIds = traced(snapshot.machine)?.stateIds;
  return [...activeNodes(snapshot)]
    .sort((one, other) => one.path.length - other.path.length)
    .map((node) => stateIds?.get(node) ?? node.id);
}

/** The active leaf states as people read them: `work.running, door.open`. */
export function stateText(snapshot: object): string {
  return isMachineSnapshot(snapshot) ? valueText(snapshot.value) : '';
}

/** The same from a state's value. */
export const valueText = (value: unknown): string => leaves(value).join(', ');

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Object.entries(value as object).flatMap(([key, below]) => {
    const deeper = leaves(below);
    return deeper.length > 0 ? deeper.map((leaf) => `${key}.${leaf}`) : [key];
  });
}

// ---- The walk

interface Traced {
  readonly chart: Chart;
  readonly stateIds: ReadonlyMap<AnyStateNode, string>;
  readonly transitionIds: ReadonlyMap<object, readonly string[]>;
}

/** A machine's structure never changes, and it is asked for at every step: it is walked once. */
const walked = new WeakMap<AnyActorLogic, Traced>();

function traced(logic: AnyActorLogic): Traced | undefined {
  if (!isMachine(logic)) return undefined;
  const known = walked.get(logic);
  if (known) return known;
  const fresh = trace(logic as AnyStateMachine);
  walked.set(logic, fresh);
  return fresh;
}

function trace(machine: AnyStateMachine): Traced {
  const nodes = inDocumentOrder(machine.root);
  const stateIds = uniqueIds(nodes);
  const transitionIds = new Map<object, readonly string[]>();
  const transitions: ChartTransition[] = [];
  const idOf = (node: AnyStateNode) => stateIds.get(node) ?? node.id;
  const draw = (
    node: AnyStateNode,
    targets: readonly AnyStateNode[] | undefined,
    rest: Omit<ChartTransition, 'id' | 'source'>,
  ) =>
    (targets?.length ? targets : [undefined]).map((target) => {
      // Counting is stable: the same definition is always walked in the same order.
      const id = `t${transitions.length}`;
      transitions.push({ id, source: idOf(node), ...(target && { target: idOf(target) }), ...rest });
      return id;
    });

  for (const node of nodes) {
    for (const definition of [...node.transitions.values(), node.always ?? []].flat()) {
      const guard = guardText(definition.guard);
      const ids = draw(node, definition.target, {
        label: labelOf(node, definition),
        event: definition.eventType,
        ...(guard && { guard }),
        actions: actionNames(definition.actions),
      });
      transitionIds.set(definition, ids);
    }
    const start = historyDefault(node);
    if (start) draw(node, [start], { label: 'default', event: '', actions: [] });
  }
  return {
    chart: { id: machine.id, root: stateOf(machine.root, idOf), transitions },
    stateIds,
    transitionIds,
  };
}

const inDocumentOrder = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap((child) => inDocumentOrder(child)),
];

/** XState lets two states have one id: a key may hold dots, and `id` may be anything. A chart's ids must differ. */
function uniqueIds(nodes: readonly AnyStateNode[]): ReadonlyMap<AnyStateNode, string> {
  const taken = new Set<string>();
  const ids = new Map<AnyStateNode, string>();
  for (const node of nodes) {
    let id = node.id;
    for (let n = 2; taken.has(id); n++) id = `${node.id}~${n}`;
    taken.add(id);
    ids.set(node, id);
  }
  return ids;
}

function stateOf(node: AnyStateNode, idOf: (node: AnyStateNode) => string): ChartState {
  const initial = node.type === 'compound' ? node.initial.target?.[0] : undefined;
  return {
    id: idOf(node),
    key: node.key,
    type: node.type,
    children: Object.values(node.states).map((child) => stateOf(child, idOf)),
    ...(initial && { initial: idOf(initial) }),
    ...(node.type === 'history' && { history: node.history || 'shallow' }),
    entry: actionNames(node.entry),
    exit: actionNames(node.exit),
    invoke: node.invoke.map((_, index) => invokeName(node, index)),
    tags: [...node.tags],
    ...(node.description && { description: node.description }),
  };
}

/** Where a history state leads when there is no history yet; where its author did not say, its parent decides. */
function historyDefault({ type, config, parent, machine }: AnyStateNode): AnyStateNode | undefined {
  const target: unknown = config.target;
  if (type !== 'history' || typeof target !== 'string') return undefined;
  if (target.startsWith('#')) return machine.getStateNodeById(target);
  return target.split('.').reduce<AnyStateNode | undefined>((at, key) => at?.states[key], parent);
}

// ---- What people read

function labelOf(node: AnyStateNode, { eventType, target, reenter }: AnyTransitionDefinition): string {
  const label = eventLabel(node, eventType);
  const mayStay = target?.some((to) => to === node || node.path.every((key, depth) => to.path[depth] === key));
  return reenter && mayStay ? `${label}, reenter` : label;
}

function eventLabel(node: AnyStateNode, event: string): string {
  if (event === '') return 'always';
  if (event === `xstate.done.state.${node.id}`) return 'done';
  const delay = between(event, 'xstate.after.', `.${node.id}`);
  if (delay !== undefined) return `after ${delayText(delay)}`;
  for (const [index, { id }] of node.invoke.entries()) {
    if (event === `xstate.done.actor.${id}`) return `done: ${invokeName(node, index)}`;
    if (event === `xstate.error.actor.${id}`) return `error: ${invokeName(node, index)}`;
    if (event === `xstate.snapshot.${id}`) return `snapshot: ${invokeName(node, index)}`;
  }
  return event === 'xstate.route' ? 'route' : event;
}

/** Named delays as they are; up to ten seconds in milliseconds, as they are written; longer ones as people say them. */
function delayText(delay: string): string {
  const milliseconds = Number(delay);
  if (Number.isNaN(milliseconds)) return delay;
  if (milliseconds < 10_000 || milliseconds % 1_000 !== 0) return `${delay} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 && seconds > 60 ? `${seconds / 60} min` : `${seconds} s`;
}

const between = (text: string, before: string, after: string): string | undefined =>
  text.startsWith(before) && text.endsWith(after) ? text.slice(before.length, -after.length) : undefined;

/** The id its author gave, else the name of its logic. XState makes up a name where there is neither. */
function invokeName(node: AnyStateNode, index: number): string {
  const { id, src } = node.invoke[index] ?? { id: '', src: '' };
  if (id !== `${index}.${node.id}`) return id;
  return typeof src === 'string' && !src.startsWith('xstate.invoke.') ? src : 'inline';
}

interface Named {
  readonly type?: unknown;
  readonly name?: unknown;
  readonly event?: { readonly type?: unknown } | null;
  readonly src?: unknown;
  readonly id?: unknown;
  readonly sendId?: unknown;
}

const actionNames = (actions: readonly unknown[]): string[] =>
  actions.filter((action) => !isDelay(action as Named)).map((action) => actionName(action as string | Named));

/** XState itself raises and cancels the event behind `after`: the transition's label says it already. */
const isDelay = ({ type, id, sendId }: Named): boolean =>
  (type === 'xstate.raise' && String(id).startsWith('xstate.after.')) ||
  (type === 'xstate.cancel' && String(sendId).startsWith('xstate.after.'));

function actionName(action: string | Named): string {
  if (typeof action === 'string') return action;
  if (typeof action.type !== 'string') return functionName(action);
  if (!action.type.startsWith('xstate.')) return action.type;
  const what = action.event?.type ?? action.src;
  return action.type.slice('xstate.'.length) + (typeof what === 'string' ? ` ${what}` : '');
}

/** JavaScript names a function without a name after the property that it was written to. */
const PROPERTIES = new Set(['', 'actions', 'entry', 'exit', 'guard']);

const functionName = ({ name }: Named): string => (typeof name === 'string' && !PROPERTIES.has(name) ? name : 'inline');

interface Combined {
  readonly guards?: readonly unknown[];
  readonly stateValue?: unknown;
}

function guardText(guard: unknown): string | undefined {
  if (guard === undefined || guard === null) return undefined;
  if (typeof guard === 'string') return guard;
  const { guards, stateValue } = guard as Combined;
  const name = functionName(guard as Named);
  if (stateValue !== undefined)
    return `in ${typeof stateValue === 'string' ? stateValue : leaves(stateValue).join(', ')}`;
  if (!guards) return actionName(guard as Named);
  const parts = guards.map((part) => {
    const text = guardText(part) ?? '';
    return isMany(part) && (name === 'not' || guards.length > 1) ? `(${text})` : text;
  });
  return name === 'not' ? `not ${parts.join()}` : parts.join(` ${name} `);
}

const isMany = (guard: unknown): boolean => ((guard as Combined).guards?.length ?? 0) > 1;
