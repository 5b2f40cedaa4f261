import type { AnyActorRef, EventObject, MachineContext } from 'xstate';
import type { SendableEvent } from '../shared/envelope.ts';
import { type Acting, actingOf, originOf } from './core/acting.ts';

/** An event to send, or how to make it when the action runs. */
type Made<Context extends MachineContext, Event extends EventObject> =
  | SendableEvent
  | ((args: { readonly context: Context; readonly event: Event }) => SendableEvent);

/** As much of what XState hands to an action as ours need, so that they fit every machine whose context and events do. */
interface ActionArgs<Context extends MachineContext, Event extends EventObject> {
  readonly context: Context;
  readonly event: Event;
  readonly self: AnyActorRef;
}

type Action<Context extends MachineContext, Event extends EventObject> = (args: ActionArgs<Context, Event>) => void;

/** To one machine, by its address, or by its id where that is the only one. */
export const sendTo = <Context extends MachineContext, Event extends EventObject>(
  idOrAddress: string | ((args: { readonly context: Context; readonly event: Event }) => string),
  event: Made<Context, Event>,
): Action<Context, Event> =>
  action(event, (acting, made, args) =>
    acting.sendTo(typeof idOrAddress === 'function' ? idOrAddress(args) : idOrAddress, made),
  );

/** To all machines of a type, on every node, but the one that sends; those of nodes that are away get it when they are back. */
export const sendToType = <Context extends MachineContext, Event extends EventObject>(
  type: string,
  event: Made<Context, Event>,
): Action<Context, Event> => action(event, (acting, made) => acting.sendToType(type, made));

/** To one machine of a type, by chance, among those that are reachable. */
export const sendToRandomOfType = <Context extends MachineContext, Event extends EventObject>(
  type: string,
  event: Made<Context, Event>,
): Action<Context, Event> => action(event, (acting, made) => acting.sendToRandomOfType(type, made));

/** To whoever sent the event that is handled. Nothing for an event that came from no machine, such as a timer's. */
export const reply = <Context extends MachineContext, Event extends EventObject>(
  event: Made<Context, Event>,
): Action<Context, Event> =>
  action(event, (acting, made, args) => {
    const origin = originOf(args.event);
    if (origin) acting.sendTo(origin.address, made, origin.envelopeId);
  });

export { originOf } from './core/acting.ts';

function action<Context extends MachineContext, Event extends EventObject>(
  event: Made<Context, Event>,
  act: (acting: Acting, made: SendableEvent, args: ActionArgs<Context, Event>) => void,
): Action<Context, Event> {
  return (args) => {
    const acting = actingOf(args.self);
    if (!acting) throw new Error('This machine runs on no node: register it with one before it can send to others');
    act(acting, typeof event === 'function' ? event(args) : event, args);
  };
}
