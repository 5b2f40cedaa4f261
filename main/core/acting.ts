import type { AnyActorRef } from 'xstate';
import type { MachineEvent, SendableEvent } from '../../shared/envelope.ts';
import type { Address } from '../../shared/ids.ts';
import type { Choice } from './balancing.ts';
import type { Follower, FollowTarget } from './following.ts';
import { parentOf } from './xstate-internals.ts';

/** Where an event that a machine handles came from. Plain data: a machine may keep it in its context and reply later. */
export interface Origin {
  readonly address: Address;
  readonly envelopeId: string;
  /** Somebody waits for the reply. */
  readonly isAsk?: true;
}

/**
 * What a running machine can do where it is hosted. The actions of `intermachine/xstate` find it through their actor. What
 * fails is told as a problem, never thrown into the machine.
 */
export interface Acting {
  sendTo(idOrAddress: string, event: SendableEvent): void;
  /** To whoever sent the event, or to the promise that waits for it. */
  reply(origin: Origin, event: SendableEvent): void;
  sendToType(type: string, event: SendableEvent): void;
  sendToPattern(pattern: string, event: SendableEvent): void;
  sendToOneOfType(type: string, event: SendableEvent, choice: Choice): void;
  broadcastToSameType(event: SendableEvent): void;
  /** Follows a machine, of this node or of another. Returns what ends it. */
  follow(target: FollowTarget, follower: Follower): () => void;
  /** Something a person should know. */
  problem(message: string): void;
}

const actors = new WeakMap<AnyActorRef, Acting>();

/** Lets a machine act. The actors that it spawns act in its name, unless they are machines themselves. */
export const enableActing = (actor: AnyActorRef, acting: Acting): void => {
  actors.set(actor, acting);
};

export const disableActing = (actor: AnyActorRef): void => {
  actors.delete(actor);
};

export const isActing = (actor: AnyActorRef): boolean => actors.has(actor);

export function actingOf(actor: AnyActorRef): Acting | undefined {
  for (let at: AnyActorRef | undefined = actor; at; at = parentOf(at)) {
    const acting = actors.get(at);
    if (acting) return acting;
  }
  return undefined;
}

/** Gives a new private field to an object that is there already: one that it is constructed with. */
class Given {
  constructor(event: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is how an object gets a private field of another class
    return event;
  }
}

/**
 * An event and where it came from. It is kept in a private field, which nobody but this class can see or forge, and not in
 * a WeakMap: that made the garbage collector the first cost of an event.
 */
class Marked extends Given {
  #origin: Origin;

  constructor(event: object, origin: Origin) {
    super(event);
    this.#origin = origin;
  }

  static originOf(event: object): Origin | undefined {
    return #origin in event ? event.#origin : undefined;
  }
}

/** Notes where an event came from. Of one that is handed over again it is known already. */
export const setOrigin = (event: MachineEvent, origin: Origin): void => {
  if (!Marked.originOf(event)) new Marked(event, origin);
};

/** Where this very event object came from; `undefined` for one that the machine raised or that a timer brought. */
export const originOf = (event: object): Origin | undefined => Marked.originOf(event);
