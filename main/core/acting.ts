import type { AnyActorRef } from 'xstate';
import type { MachineEvent, SendableEvent } from '../../shared/envelope.ts';
import type { Address } from '../../shared/ids.ts';
import type { ActorSystem } from './xstate-internals.ts';

/**
 * What a running machine can do on its node. The actions of `intermachine/xstate` find it through the actor system. What
 * fails is told by the node as a problem, never thrown into the machine.
 */
export interface Acting {
  sendTo(idOrAddress: string, event: SendableEvent, correlationId?: string): void;
  sendToType(type: string, event: SendableEvent): void;
  sendToRandomOfType(type: string, event: SendableEvent): void;
}

/** Where an event that a machine handles came from. */
export interface Origin {
  readonly address: Address;
  readonly envelopeId: string;
}

const actors = new WeakMap<ActorSystem, Acting>();
const origins = new WeakMap<object, Origin>();

/** Lets the machine of this system, and the actors it spawns, act. */
export const enableActing = (system: ActorSystem, acting: Acting): void => {
  actors.set(system, acting);
};

export const actingOf = (actor: AnyActorRef): Acting | undefined => actors.get(actor.system);

/** Notes where an event came from. It is kept beside the event, not on it: a property could be forged by the sender. */
export const setOrigin = (event: MachineEvent, origin: Origin): void => {
  origins.set(event, origin);
};

/** Where this very event object came from; `undefined` for one that the machine raised or that a timer brought. */
export const originOf = (event: object): Origin | undefined => origins.get(event);
