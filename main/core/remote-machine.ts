import type {
  ActorLogic,
  ActorRef,
  ActorScope,
  AnyActorLogic,
  AnyActorRef,
  EmittedFrom,
  EventFromLogic,
  EventObject,
} from 'xstate';
import type { MachineLive } from '../../shared/api.ts';
import type { MachineEvent, SendableEvent } from '../../shared/envelope.ts';
import { InterMachineError } from '../../shared/errors.ts';
import type { Address } from '../../shared/ids.ts';
import { type Acting, actingOf } from './acting.ts';
import { MAX_WAITING } from './defaults.ts';
import type { FollowTarget } from './following.ts';
import { type RemoteSnapshot, remoteSnapshot } from './remote-snapshot.ts';
import { type ActorSystem, isStop } from './xstate-internals.ts';

/** Actor logic that stands for a machine elsewhere: its snapshots are those of the machine, and what it is sent goes there. */
export type RemoteLogic<Logic extends AnyActorLogic> = ActorLogic<
  RemoteSnapshot<Logic>,
  EventFromLogic<Logic>,
  undefined,
  ActorSystem,
  EmittedFrom<Logic>
>;

/** An ordinary actor that stands for a machine elsewhere. */
export type RemoteActor<Logic extends AnyActorLogic> = ActorRef<
  RemoteSnapshot<Logic>,
  EventFromLogic<Logic>,
  EmittedFrom<Logic>
>;

/** What the logic tells itself; its type begins as those do that cannot come from outside. */
const TOLD = 'xstate.intermachine.told';

interface Told<Logic extends AnyActorLogic> extends EventObject {
  readonly type: typeof TOLD;
  readonly snapshot: RemoteSnapshot<Logic>;
}

/** One actor of this logic, while it runs. */
interface Running {
  readonly acting: Acting;
  address: Address | undefined;
  live: MachineLive | undefined;
  /** Sent before a machine was found. */
  readonly waiting: SendableEvent[];
  stop: () => void;
}

/** The logic for `invoke`, `spawn` and `createActor`. It must run on a node, or in what a node gave. */
export function remoteLogic<Logic extends AnyActorLogic>(target: FollowTarget): RemoteLogic<Logic> {
  type Scope = ActorScope<RemoteSnapshot<Logic>, EventFromLogic<Logic>, ActorSystem, EmittedFrom<Logic>>;
  const actors = new WeakMap<AnyActorRef, Running>();
  const initial = () => remoteSnapshot<Logic>({ connection: 'searching', address: undefined, live: undefined });

  const start = (_: RemoteSnapshot<Logic>, { self, emit }: Scope): void => {
    const acting = actingOf(self);
    if (!acting)
      throw new InterMachineError(
        'INTERNAL',
        'fromMachine works in machines that a node hosts: register this one with a node',
      );
    const running: Running = { acting, address: undefined, live: undefined, waiting: [], stop: () => {} };
    actors.set(self, running);
    const tell = (connection: RemoteSnapshot['connection']) => {
      const snapshot = remoteSnapshot<Logic>({ ...running, connection });
      // Only this logic sends what is no event of the machine's.
      (self as AnyActorRef).send({ type: TOLD, snapshot } satisfies Told<Logic>);
    };
    running.stop = acting.follow(target, {
      bound: (address) => {
        running.address = address;
        for (const event of running.waiting.splice(0)) acting.sendTo(address, event);
      },
      live: (live) => {
        running.live = live;
        // That it was taken out is told as lost when its node says so.
        if (live.status !== 'stopped') tell('live');
      },
      emitted: (event: MachineEvent) => emit(event as unknown as EmittedFrom<Logic>),
      lost: () => tell('lost'),
    });
  };

  const transition = (snapshot: RemoteSnapshot<Logic>, event: EventObject, { self }: Scope): RemoteSnapshot<Logic> => {
    const running = actors.get(self);
    if (isTold<Logic>(event)) {
      if (event.snapshot.status !== 'active') running?.stop();
      return event.snapshot;
    }
    if (isStop(event)) {
      running?.stop();
      return { ...snapshot, status: 'stopped', error: undefined, output: undefined } as RemoteSnapshot<Logic>;
    }
    if (running) forward(running, event);
    return snapshot;
  };

  return {
    start,
    transition,
    getInitialSnapshot: initial,
    getPersistedSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
    restoreSnapshot: initial,
  };
}

function forward({ acting, address, waiting }: Running, event: SendableEvent): void {
  if (address !== undefined) acting.sendTo(address, event);
  else if (waiting.length < MAX_WAITING) waiting.push(event);
  else
    acting.problem(
      `an event "${event.type}" for a machine that was not found yet is dropped: ${MAX_WAITING} wait already`,
    );
}

const isTold = <Logic extends AnyActorLogic>(event: EventObject): event is Told<Logic> => event.type === TOLD;
