import type {
  AnyActor,
  AnyActorLogic,
  AnyActorRef,
  AnyMachineSnapshot,
  AnyStateNode,
  EventObject,
  InspectionEvent,
} from 'xstate';
import { MAX_ITERATIONS } from './defaults.ts';

// Everything that leans on XState beyond its documented API stands in this module, and
// test/core/xstate-internals.test.ts holds it against the installed version.

/** What all machines of one node share: one root actor, its children, its timers. */
export type ActorSystem = AnyActorRef['system'];

/** Whoever spawned or invoked it; `undefined` for the root of a system. */
export const parentOf = (actor: AnyActorRef): AnyActorRef | undefined => actor._parent;

/** Turns an endless `always` or `raise` into an error of its machine, unless its author set a limit. */
export function limitIterations(logic: AnyActorLogic): void {
  if (!('options' in logic)) return;
  const options = logic.options as { maxIterations?: number } | undefined;
  if (options?.maxIterations === Number.POSITIVE_INFINITY) options.maxIterations = MAX_ITERATIONS;
}

/** A machine that failed leaves its children running: XState stops only what a machine leaves by a transition. */
export function stopChildren(actor: AnyActorRef): void {
  const { children = {} } = actor.getSnapshot() as {
    children?: Readonly<Record<string, AnyActorRef & { _stop(): void }>>;
  };
  for (const child of Object.values(children)) {
    stopChildren(child);
    child._stop();
  }
}

/** Whether this inspection tells that `actor`, a machine, took a transition because of `event`, that very object. */
export const tookTransition = (inspection: InspectionEvent, actor: AnyActorRef, event: object): boolean =>
  inspection.type === '@xstate.microstep' &&
  inspection.event === event &&
  inspection.actorRef === actor &&
  inspection._transitions.length > 0;

/** The definitions of the transitions that this inspection tells of `actor`; they are the objects that its machine is made of. */
export const transitionsTaken = (inspection: InspectionEvent, actor: AnyActorRef): readonly object[] =>
  inspection.type === '@xstate.microstep' && inspection.actorRef === actor ? inspection._transitions : [];

/** The event whose handling `actor` just finished; `undefined` for any other inspection. */
export const stepEnded = (inspection: InspectionEvent, actor: AnyActorRef): EventObject | undefined =>
  inspection.type === '@xstate.snapshot' && inspection.actorRef === actor ? inspection.event : undefined;

/** An event that `actor` is about to get, that very object, and which actor of its system it comes from, if any. */
export const eventFor = (
  inspection: InspectionEvent,
  actor: AnyActorRef,
): { readonly event: EventObject; readonly source: AnyActorRef | undefined } | undefined =>
  inspection.type === '@xstate.event' && inspection.actorRef === actor
    ? { event: inspection.event, source: inspection.sourceRef as AnyActorRef | undefined }
    : undefined;

/** Only machines ignore events; other logic takes whatever it is sent. */
export const isMachine = (logic: AnyActorLogic): boolean => '__xstatenode' in logic;

interface DelayedEntry {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly event?: EventObject;
  readonly delay?: number | string | ((args: object, params: undefined) => number);
}

/**
 * Starts the delays of the states that a machine is in, from their beginning. XState starts them when a state is entered, and a machine
 * that goes on from a snapshot enters none: without this it would wait for ever. `isRunning` tells by its id of one that was started already.
 */
export function armDelays(actor: AnyActor, isRunning: (id: string) => boolean = () => false): void {
  const { machine, context } = actor.getSnapshot() as Partial<AnyMachineSnapshot>;
  for (const { id, delay, event } of delaysOf(actor)) {
    if (!event || isRunning(String(id))) continue;
    const known = typeof delay === 'string' ? machine?.implementations.delays[delay] : delay;
    const milliseconds: unknown =
      typeof known === 'function'
        ? known({ context, event: { type: 'xstate.init' }, self: actor } as never, undefined as never)
        : known;
    if (typeof milliseconds === 'number')
      actor.system.scheduler.schedule(actor, actor, event, milliseconds, String(id));
  }
}

/** An event that comes when its time is up: of `after`, or one that was raised or sent with a delay. */
export interface Delayed {
  readonly source: AnyActorRef;
  readonly target: AnyActorRef;
  readonly event: EventObject;
  /** Milliseconds, from when it was scheduled. */
  readonly delay: number;
  readonly id: string;
}

/** What waits for its time in the system of an actor. Each is one object for as long as it waits. */
export const delayedEvents = (actor: AnyActorRef): readonly Delayed[] =>
  Object.values(actor.system.getSnapshot()._scheduledEvents);

/** Leaving the state that it belongs to cancels it, as one that XState itself scheduled. */
export const delayEvent = ({ source, target, event, delay, id }: Delayed): void =>
  source.system.scheduler.schedule(source, target, event, delay, id);

type Relaying = ActorSystem & { _relay(source: AnyActorRef, target: AnyActorRef, event: EventObject): void };

/** It comes now, if it still waits. */
export function hasten({ source, target, event, id }: Omit<Delayed, 'delay'>): void {
  const waits = delayedEvents(source).some((each) => each.source === source && each.id === id);
  source.system.scheduler.cancel(source, id);
  if (waits) (source.system as Relaying)._relay(source, target, event);
}

/** The ids that lead from `root` down to an actor that it started; `undefined` where it did not. */
export function pathFrom(root: AnyActorRef, actor: AnyActorRef): readonly string[] | undefined {
  const path: string[] = [];
  let at: AnyActorRef | undefined = actor;
  for (; at && at !== root; at = parentOf(at)) path.unshift(at.id);
  return at && path;
}

/** The actor at the end of such a path, where it runs. */
export function actorAt(root: AnyActorRef, path: readonly string[]): AnyActorRef | undefined {
  let at: AnyActorRef | undefined = root;
  for (const id of path) {
    const { children = {} } = (at?.getSnapshot() ?? {}) as { children?: Readonly<Record<string, AnyActorRef>> };
    at = children[id];
  }
  return at;
}

/** Whether this inspection tells that an actor is about to get an event. */
export const isEvent = ({ type }: InspectionEvent): boolean => type === '@xstate.event';

/** The ids of the delays that the states have in which a machine is. */
export const delayIds = (actor: AnyActor): readonly string[] => delaysOf(actor).map(({ id }) => String(id));

function delaysOf(actor: AnyActor): readonly DelayedEntry[] {
  const { _nodes: nodes = [] } = actor.getSnapshot() as Partial<AnyMachineSnapshot>;
  const entries = nodes.flatMap((node) => node.entry as readonly DelayedEntry[]);
  return entries.filter(({ id, type }) => type === 'xstate.raise' && isDelayId(String(id)));
}

/** Whether a delayed event is that of an `after`, and so belongs to a state. */
export const isDelayId = (id: string): boolean => id.startsWith('xstate.after.');

/** The active states of a machine, in no order: a snapshot tells their ids nowhere else. */
export const activeNodes = (snapshot: AnyMachineSnapshot): readonly AnyStateNode[] => snapshot._nodes;

/** Whether this tells that an actor begins, or goes on from a snapshot. */
export const isStart = ({ type }: EventObject): boolean => type === 'xstate.init';

/** Whether this tells actor logic to stop. */
export const isStop = ({ type }: EventObject): boolean => type === 'xstate.stop';
