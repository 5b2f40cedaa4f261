import type { AnyActorLogic, AnyActorRef, EventObject, MachineContext } from 'xstate';
import type { SendableEvent } from '../shared/envelope.ts';
import { type Acting, actingOf, type Origin, originOf } from './core/acting.ts';
import type { Choice } from './core/balancing.ts';
import type { FollowTarget } from './core/following.ts';
import type { AnyReplyOf, AnyTypes, EventOf, LogicOfType, TypeName } from './core/machine-types.ts';
import { type RemoteLogic, remoteLogic } from './core/remote-machine.ts';

interface Given<Context extends MachineContext, Event extends EventObject> {
  readonly context: Context;
  readonly event: Event;
}

/** A value, or how to make it when the action runs. */
type Made<Value, Context extends MachineContext, Event extends EventObject> =
  | Value
  | ((args: Given<Context, Event>) => Value);

/** As much of what XState hands to an action as ours need, so that they fit every machine whose context and events do. */
interface ActionArgs<Context extends MachineContext, Event extends EventObject> extends Given<Context, Event> {
  readonly self: AnyActorRef;
}

type Action<Context extends MachineContext, Event extends EventObject> = (args: ActionArgs<Context, Event>) => void;

/** To one machine, by its address, or by its id where that is the only one. */
export const sendTo = <Context extends MachineContext, Event extends EventObject>(
  idOrAddress: Made<string, Context, Event>,
  event: Made<SendableEvent, Context, Event>,
): Action<Context, Event> => action((acting, args) => acting.sendTo(made(idOrAddress, args), made(event, args)));

/** To all machines of a type, on every node, but the one that sends; those of nodes that are away get it when they are back. */
export const sendToType = <Context extends MachineContext, Event extends EventObject>(
  type: string,
  event: Made<SendableEvent, Context, Event>,
): Action<Context, Event> => action((acting, args) => acting.sendToType(type, made(event, args)));

/** The same, to all whose type fits: `Service_*`. */
export const sendToPattern = <Context extends MachineContext, Event extends EventObject>(
  pattern: string,
  event: Made<SendableEvent, Context, Event>,
): Action<Context, Event> => action((acting, args) => acting.sendToPattern(pattern, made(event, args)));

/** To one machine of a type, by chance, among those that an event would reach now. */
export const sendToRandomOfType = <Context extends MachineContext, Event extends EventObject>(
  type: string,
  event: Made<SendableEvent, Context, Event>,
): Action<Context, Event> => sendToOneOfType(type, event, { strategy: 'random' });

/** To one machine of a type, chosen as told: `sendToOneOfType('Press', { type: 'LOAD' }, { strategy: 'leastLoaded', where: (m) => m.matches('open') })`. */
export const sendToOneOfType = <Context extends MachineContext, Event extends EventObject>(
  type: string,
  event: Made<SendableEvent, Context, Event>,
  choice: Made<Choice, Context, Event>,
): Action<Context, Event> =>
  action((acting, args) => acting.sendToOneOfType(type, made(event, args), made(choice, args)));

/** To all other machines of the own type. */
export const broadcastToSameType = <Context extends MachineContext, Event extends EventObject>(
  event: Made<SendableEvent, Context, Event>,
): Action<Context, Event> => action((acting, args) => acting.broadcastToSameType(made(event, args)));

export interface ReplyOptions<Context extends MachineContext, Event extends EventObject> {
  /** An origin that was kept earlier, for a reply that comes later; that of the event that is handled unless told. */
  readonly to?: (args: Given<Context, Event>) => Origin | undefined;
}

/** To whoever sent the event that is handled. Nothing for an event that came from no machine, such as a timer's. */
export const reply = <Context extends MachineContext, Event extends EventObject>(
  event: Made<SendableEvent, Context, Event>,
  { to = (args) => originOf(args.event) }: ReplyOptions<Context, Event> = {},
): Action<Context, Event> =>
  action((acting, args) => {
    const origin = to(args);
    if (origin) acting.reply(origin, made(event, args));
  });

/**
 * A machine that may run on another node, as an actor of this one: `invoke` it, and `sendTo`, `onSnapshot`, `onDone` and `onError` work.
 * `fromMachine<typeof robotMachine>({ type: 'Robot' })` takes the first of the type that is there, and the next one when that is
 * taken out. A peer that is lost is a snapshot with `connection: 'lost'`. It belongs into `setup({ actors })`.
 */
export const fromMachine = <Logic extends AnyActorLogic>(target: FollowTarget): RemoteLogic<Logic> =>
  remoteLogic<Logic>(target);

/** The actions that send to types, for a network whose types the compiler knows; `Own` is the type of the machine itself, for what it replies. */
export interface ActionsFor<Types extends object, Own extends TypeName<Types>> {
  sendToType<Name extends TypeName<Types>, Context extends MachineContext, Event extends EventObject>(
    type: Name,
    event: Made<EventOf<Types, Name>, Context, Event>,
  ): Action<Context, Event>;
  sendToRandomOfType<Name extends TypeName<Types>, Context extends MachineContext, Event extends EventObject>(
    type: Name,
    event: Made<EventOf<Types, Name>, Context, Event>,
  ): Action<Context, Event>;
  sendToOneOfType<Name extends TypeName<Types>, Context extends MachineContext, Event extends EventObject>(
    type: Name,
    event: Made<EventOf<Types, Name>, Context, Event>,
    choice: Made<Choice, Context, Event>,
  ): Action<Context, Event>;
  broadcastToSameType<Context extends MachineContext, Event extends EventObject>(
    event: Made<EventOf<Types, Own>, Context, Event>,
  ): Action<Context, Event>;
  reply<Context extends MachineContext, Event extends EventObject>(
    event: Made<AnyReplyOf<Types, Own>, Context, Event>,
    options?: ReplyOptions<Context, Event>,
  ): Action<Context, Event>;
  fromMachine<Name extends TypeName<Types>>(
    target: { readonly type: Name } & Extract<FollowTarget, { type: string }>,
  ): RemoteLogic<LogicOfType<Types, Name>>;
}

/** The same actions, with types. They are no others: only the compiler sees a difference. */
export const actionsFor = <
  Types extends object = AnyTypes,
  Own extends TypeName<Types> = TypeName<Types>,
>(): ActionsFor<Types, Own> => ({
  sendToType,
  sendToRandomOfType,
  sendToOneOfType,
  broadcastToSameType,
  reply,
  fromMachine,
});

export { type Origin, originOf } from './core/acting.ts';
export type { Balance, Choice } from './core/balancing.ts';
export type { FollowTarget } from './core/following.ts';
export type { AnyTypes, Contract, Takes } from './core/machine-types.ts';
export type { RemoteLogic } from './core/remote-machine.ts';
export type { RemoteSnapshot } from './core/remote-snapshot.ts';

function action<Context extends MachineContext, Event extends EventObject>(
  act: (acting: Acting, args: ActionArgs<Context, Event>) => void,
): Action<Context, Event> {
  return (args) => {
    const acting = actingOf(args.self);
    if (!acting) throw new Error('This machine runs on no node: register it with one before it can send to others');
    act(acting, args);
  };
}

const made = <Value, Context extends MachineContext, Event extends EventObject>(
  value: Made<Value, Context, Event>,
  args: Given<Context, Event>,
): Value => (typeof value === 'function' ? (value as (args: Given<Context, Event>) => Value)(args) : value);
