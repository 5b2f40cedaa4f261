import type {
  ActorLogic,
  AnyActorLogic,
  EmittedFrom,
  EventFromLogic,
  EventObject,
  InputFrom,
  SnapshotFrom,
} from 'xstate';
import type { MachineEvent, SendableEvent } from '../../shared/envelope.ts';
import type { ActorSystem } from './xstate-internals.ts';

// What the compiler is told about the machine types of a network, so that a wrong event does not compile. A program hands
// such a map to `createNode`, `LocalMachineRegistrator` or `actionsFor`:
//
//   interface PressLine {
//     Robot: typeof robotMachine;
//     Scale: Contract<typeof scaleMachine, { WEIGH: { type: 'WEIGHT'; grams: number } }>;
//   }
//
// Where machines that are in it send by `actionsFor` of the same map, `typeof` would lead in a circle: there it is said what they take.
//
//   interface PressLine {
//     Robot: Takes<RobotEvent>;
//     Scale: Contract<Takes<ScaleEvent>, { WEIGH: { type: 'WEIGHT'; grams: number } }>;
//   }

/** Where nothing was told: every name is a type, every event may be sent. */
export type AnyTypes = Readonly<Record<string, AnyActorLogic>>;

/** A machine, and what it replies: from the type of an event to the event that answers it. */
export interface Contract<Logic extends AnyActorLogic, Replies extends Readonly<Record<string, { type: string }>>> {
  readonly logic: Logic;
  readonly replies: Replies;
}

/** Whatever takes these events. */
export type Takes<Event extends EventObject> = ActorLogic<
  SnapshotFrom<AnyActorLogic>,
  Event,
  InputFrom<AnyActorLogic>,
  ActorSystem,
  EmittedFrom<AnyActorLogic>
>;

export type TypeName<Types extends object> = keyof Types & string;

type LogicOf<Type> = Type extends Contract<infer Logic, infer _> ? Logic : Type;

export type IsUntyped<Types extends object> = string extends keyof Types ? true : false;

/** What may be sent to machines of this type. */
export type EventOf<Types extends object, Name extends TypeName<Types>> =
  IsUntyped<Types> extends true
    ? SendableEvent
    : LogicOf<Types[Name]> extends AnyActorLogic
      ? EventFromLogic<LogicOf<Types[Name]>>
      : never;

/** What may be sent to the machines that are of one type with this one. */
export type OwnEventOf<Types extends object, Logic extends AnyActorLogic> =
  IsUntyped<Types> extends true ? SendableEvent : EventFromLogic<Logic>;

/** What machines of this type answer to an event of the type `Asked`. */
export type ReplyOf<Types extends object, Name extends TypeName<Types>, Asked> =
  Types[Name] extends Contract<infer _, infer Replies>
    ? Asked extends keyof Replies
      ? Replies[Asked]
      : MachineEvent
    : MachineEvent;

/** Everything that machines of this type ever answer. */
export type AnyReplyOf<Types extends object, Name extends TypeName<Types>> =
  Types[Name] extends Contract<infer _, infer Replies> ? Replies[keyof Replies] : SendableEvent;

/** The logic that is known under this name. */
export type LogicOfType<Types extends object, Name extends TypeName<Types>> =
  LogicOf<Types[Name]> extends AnyActorLogic ? LogicOf<Types[Name]> : AnyActorLogic;

declare const EVENT: unique symbol;
/** Only for the compiler: which events something takes. Nothing of it is there when the program runs. */
export interface EventTag<Event> {
  readonly [EVENT]?: Event;
}
