import {
  type AnyActorLogic,
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  initialTransition,
  type Snapshot,
} from 'xstate';
import { reasonOf } from '../../shared/errors.ts';
import { isObject, type Json, kindOf } from '../../shared/json-kinds.ts';
import { isMachine } from './xstate-internals.ts';

/** How a machine goes on under a new definition. */
export type CarryOver =
  | { readonly snapshot: Snapshot<unknown> }
  /** Why it cannot go on where it was. */
  | { readonly restart: string };

/**
 * Whether a new definition can take over what a machine of the old one was doing: its state must still be there, and each entry of its context
 * must be of the kind that the new definition begins with. Entries that are new begin as the definition says.
 */
export function carryOver(snapshot: unknown, logic: AnyActorLogic): CarryOver {
  if (!isObject(snapshot) || snapshot.value === undefined || !isMachine(logic))
    return { restart: 'it is no state machine' };
  if (snapshot.status !== 'active') return { restart: 'it had ended' };
  const machine = logic as AnyStateMachine;
  try {
    const reason = stateReason(snapshot.value, machine.root) ?? invokeReason(snapshot, machine);
    if (reason) return { restart: reason };
    const context = contextOver(snapshot.context, initialTransition(machine)[0].context);
    if (typeof context === 'string') return { restart: context };
    const carried = {
      ...snapshot,
      context,
      historyValue: historyOver(snapshot.historyValue, machine),
    } as unknown as Snapshot<unknown>;
    // Whatever XState itself does not take shows before the machine is stopped.
    createActor(machine, { snapshot: carried }).getSnapshot();
    return { snapshot: carried };
  } catch (thrown) {
    return { restart: reasonOf(thrown).replaceAll('\n', ' ') };
  }
}

/** Why a state is not there any more; `value` is XState's own, as in `{ work: 'running' }`. */
function stateReason(value: unknown, node: AnyStateNode): string | undefined {
  const entries = typeof value === 'string' ? [[value, {}] as const] : Object.entries(value as object);
  for (const [key, below] of entries) {
    const child = Object.hasOwn(node.states, key) ? node.states[key] : undefined;
    if (!child) return `its state "${[...node.path, key].join('.')}" is gone`;
    if (child.type === 'history' || child.type === 'final') return `its state "${key}" is of another kind`;
    const reason = stateReason(below, child);
    if (reason) return reason;
  }
  const missing =
    node.type === 'parallel'
      ? Object.keys(node.states).find((key) => !entries.some(([known]) => known === key))
      : undefined;
  return missing && entries.length > 0 ? `its state "${missing}" is new beside the others` : undefined;
}

/** Actors that a state starts when it is entered: a machine that goes on would lack them. */
function invokeReason({ value, children }: Json, machine: AnyStateMachine): string | undefined {
  const running = isObject(children) ? children : {};
  const invoked = activeNodes(value, machine.root).flatMap((node) => node.invoke);
  const lacking = invoked.find(({ id }) => !Object.hasOwn(running, id));
  return lacking ? `its state invokes "${lacking.id}" now` : undefined;
}

function activeNodes(value: unknown, node: AnyStateNode): AnyStateNode[] {
  const entries = typeof value === 'string' ? [[value, {}] as const] : Object.entries((value ?? {}) as object);
  return [node, ...entries.flatMap(([key, below]) => (node.states[key] ? activeNodes(below, node.states[key]) : []))];
}

/** The context to go on with, or why there is none. */
function contextOver(before: unknown, initial: unknown): Json | string {
  const old = isObject(before) ? before : {};
  const fresh = isObject(initial) ? initial : {};
  for (const [name, value] of Object.entries(fresh)) {
    const was = old[name];
    if (was === undefined || was === null || value === null || value === undefined || kindOf(was) === kindOf(value))
      continue;
    return `"${name}" of its context was ${kindOf(was)} and is ${kindOf(value)} now`;
  }
  return { ...fresh, ...old };
}

/** What history states remember, as far as it is still there. */
function historyOver(history: unknown, machine: AnyStateMachine): Json {
  const known = Object.entries(isObject(history) ? history : {}).filter(([, nodes]) =>
    (nodes as readonly { readonly id: string }[]).every(({ id }) => {
      try {
        return machine.getStateNodeById(id) !== undefined;
      } catch {
        return false;
      }
    }),
  );
  return Object.fromEntries(known);
}
