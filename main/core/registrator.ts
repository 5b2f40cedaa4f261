import type { Actor, AnyActorLogic, InputFrom, Snapshot } from 'xstate';
import type { MachineDefinition } from '../../shared/api.ts';
import type { Outcome, SendableEvent } from '../../shared/envelope.ts';
import type { AskOptions, Reply } from './asks.ts';
import type { Choice } from './balancing.ts';
import type { DelayPolicy } from './delays.ts';
import type { FindOptions } from './finding.ts';
import type { FollowTarget } from './following.ts';
import type { AnyTypes, EventOf, IsUntyped, LogicOfType, ReplyOf, TypeName } from './machine-types.ts';
import type { SendOptions } from './machinery.ts';
import type { MachineDown } from './monitoring.ts';
import type { RegisteredMachine } from './registered-machine.ts';
import type { MachineInfo } from './registry.ts';
import type { MachineChange } from './registry-sync.ts';
import type { RemoteActor } from './remote-machine.ts';
import type { RemoteSnapshot } from './remote-snapshot.ts';
import type { Migrate } from './resuming.ts';
import type { MachineQuery, Subscription } from './subscriptions.ts';
import type { Supervision } from './supervision.ts';
import type { Terms } from './terms.ts';

export interface RegisterOptions<Logic extends AnyActorLogic> extends Terms {
  /** 50 characters at most; `<type>_<n>` unless told. */
  readonly id?: string;
  /** semver; 1.0.0 unless told. */
  readonly version?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly input?: InputFrom<Logic>;
  /** Where to go on from: what `actor.getPersistedSnapshot()` gave. */
  readonly snapshot?: Snapshot<unknown>;
  /** What becomes of it when it fails; `restart` unless told. An actor that ran before is parked in any case. */
  readonly supervision?: Supervision;
  /**
   * Its state, what it handled and what it sent are one commit for each step, from which it goes on after a restart or a crash. Not of an actor that ran
   * before, and without effect where there is no disk.
   */
  readonly persist?: boolean;
  /**
   * Each event that its actor processes is stored, with its source and the state that it led to: `node.journal` and `node.replay`. What goes for its state
   * with `persist` goes for it with this.
   */
  readonly journal?: boolean;
  /** What becomes of its delays while it does not run; `resume-deadline` unless told. For one that is persisted. */
  readonly timers?: DelayPolicy;
  /**
   * Makes of what another version left of it, as `actor.getPersistedSnapshot()` gave it, what this one goes on from; where it throws, the machine is parked.
   * Unless told, it goes on where the states that it is in are still there.
   */
  readonly migrate?: Migrate;
}

export interface RestartOptions {
  /** A persisted machine forgets where it was, too. */
  readonly fresh?: boolean;
}

/** A machine type, as it is known here. */
export interface TypeInfo {
  readonly name: string;
  readonly versions: readonly string[];
  /** How many machines have it, reachable or not. */
  readonly machines: number;
  /** On how many nodes they are. */
  readonly nodes: number;
}

export interface WaitOptions extends FindOptions {
  /** 1 unless told. */
  readonly count?: number;
  /** Milliseconds; 10,000 unless told. */
  readonly timeoutMs?: number;
}

/** A machine that was found, for the compiler with the events that it takes. */
export type Found<Types extends object, Name extends TypeName<Types>> = MachineInfo<EventOf<Types, Name>>;

/** One of a type, as the target of a question. */
export type OneOfType<Name extends string> = { readonly type: Name } & Partial<Choice>;

/** A machine of which the program itself says what it is; by its type alone only where the compiler knows no types. */
export type OneMachine<Types extends object> =
  | string
  | (IsUntyped<Types> extends true ? FollowTarget : Extract<FollowTarget, { machine: string }>);

/** What is told of a watched machine. */
export interface WatchObserver<Logic extends AnyActorLogic = AnyActorLogic> {
  /** At most every 50 ms, beginning with now. Its last snapshot is always told. */
  next?(snapshot: RemoteSnapshot<Logic>): void;
  /** It ended, or was taken out: nothing more comes. */
  complete?(): void;
}

/**
 * Registers machines and finds them by type: in one process, on the LAN, in Kubernetes. A program that is written against it runs on
 * all of them unchanged. `Types` tells the compiler which machine types there are: see `Contract`.
 */
export interface MachineRegistrator<Types extends object = AnyTypes> extends AsyncDisposable {
  /**
   * Starts a machine, or takes in an actor that runs already, and lets everybody find it by its type. Machines of one type are linked by themselves.
   * Rejects with MACHINE_TYPE_INVALID, MACHINE_ID_INVALID, MACHINE_VERSION_INVALID, MACHINE_METADATA_INVALID, MACHINE_EXISTS, MACHINE_STOPPED, STORE_FULL, STORE_FAILED,
   * NODE_STOPPED and, where it is to be persisted or to have a journal and cannot, with NOT_PERSISTABLE.
   */
  register<Name extends TypeName<Types>, Logic extends LogicOfType<Types, Name>>(
    type: Name,
    machine: Logic | Actor<Logic>,
    options?: RegisterOptions<Logic>,
  ): Promise<RegisteredMachine<Logic, Types>>;
  /**
   * Puts another definition in the place of a machine of ours, under the same id and type: nobody is told that it went, and what waits for it stays. With a
   * snapshot it goes on from there, else it begins anew. Rejects as `register` does, and with MACHINE_UNKNOWN.
   */
  replace<Logic extends AnyActorLogic>(
    machineId: string,
    machine: Logic,
    options?: Omit<RegisterOptions<Logic>, 'id'>,
  ): Promise<void>;
  /** Stops a machine of ours and retires its id: what waits for it becomes dead letters. Rejects with MACHINE_UNKNOWN. */
  unregister(machineId: string): Promise<void>;
  /** Stops a machine of ours and keeps its id: what is sent to it waits until it is registered again. Throws MACHINE_UNKNOWN, MACHINE_STOPPED. */
  release(machineId: string): void;

  /**
   * Starts a machine of ours anew, whether it runs, is parked, or was stopped: from its beginning, and a persisted one from its last step. Throws
   * MACHINE_UNKNOWN, MACHINE_STOPPED for an actor that its program made, and for one that cannot go on where it was, STATE_DAMAGED where the disk did not keep that.
   */
  restartMachine(machineId: string, options?: RestartOptions): void;
  /** Stops a machine of ours until it is started anew: it stays known, and takes nothing. Throws MACHINE_UNKNOWN. */
  stopMachine(machineId: string): void;

  /** By address, or by id where that is the only one. */
  machine(idOrAddress: string): MachineInfo | undefined;
  /** All that are known, reachable or not. */
  machines(): readonly MachineInfo[];
  /** Those that an event would reach now, unless told otherwise. */
  discoverByType<Name extends TypeName<Types>>(type: Name, options?: FindOptions): readonly Found<Types, Name>[];
  /** Those whose type fits: `Service_*`, `*_Alpha_?`; the whole name, upper or lower case. */
  discoverByPattern(pattern: string, options?: FindOptions): readonly MachineInfo[];
  /** Resolves as soon as so many are there. Rejects with NO_MACHINE_OF_TYPE, NODE_STOPPED. */
  waitForType<Name extends TypeName<Types>>(type: Name, options?: WaitOptions): Promise<readonly Found<Types, Name>[]>;
  /** Every type that a known machine has, in alphabetical order. */
  types(): readonly TypeInfo[];
  countOfType(type: TypeName<Types>): number;
  typeExists(type: TypeName<Types>): boolean;
  availableTypes(): readonly string[];
  /** Tells of the machines that fit: those of now as `found`, and then what changes. */
  subscribe(query: TypeName<Types> | MachineQuery, listener: (change: MachineChange) => void): Subscription;

  /** Whether its node is alive and it gave a sign of life within 30 s. */
  isHealthy(idOrAddress: string): boolean;
  /** A sign of life of a machine of ours that was registered with `health: 'manual'`. Throws MACHINE_UNKNOWN. */
  heartbeat(machineId: string): void;

  /**
   * From no machine. Rejects with MACHINE_UNKNOWN, MACHINE_AMBIGUOUS, MACHINE_STOPPED, EVENT_INVALID, ENVELOPE_TOO_LARGE, OUTBOX_FULL,
   * STORE_FULL, STORE_FAILED, NODE_STOPPED.
   */
  sendTo<Event extends SendableEvent = SendableEvent>(
    target: string | MachineInfo<Event>,
    event: NoInfer<Event>,
    options?: SendOptions,
  ): Promise<Outcome>;
  sendToType<Name extends TypeName<Types>>(
    type: Name,
    event: EventOf<Types, Name>,
    options?: SendOptions,
  ): Promise<Outcome[]>;
  broadcastToType<Name extends TypeName<Types>>(
    type: Name,
    event: EventOf<Types, Name>,
    options?: SendOptions,
  ): Promise<Outcome[]>;
  /** Rejects with ASK_TIMED_OUT, EVENT_IGNORED, PEER_OFFLINE, NO_MACHINE_OF_TYPE, the code of a refusal, and as `sendTo`. */
  ask<Name extends TypeName<Types>, Event extends EventOf<Types, Name>>(
    target: string | OneOfType<Name> | MachineInfo<Event>,
    event: Event,
    options?: AskOptions,
  ): Promise<Reply<ReplyOf<Types, Name, Event['type']>>>;

  /** Looks at a machine wherever it runs. Throws MACHINE_UNKNOWN, MACHINE_AMBIGUOUS. */
  watch(target: string | MachineInfo, observer: ((snapshot: RemoteSnapshot) => void) | WatchObserver): Subscription;
  /** Tells once when a machine ends or its node is lost. Throws MACHINE_UNKNOWN, MACHINE_AMBIGUOUS. */
  monitor(target: string | MachineInfo, listener: (down: MachineDown) => void): Subscription;
  /** What there is to draw of a machine, and its hash. Rejects with MACHINE_UNKNOWN, NOT_A_MACHINE, PEER_OFFLINE. */
  describe(target: string | MachineInfo): Promise<MachineDefinition>;
  /**
   * An ordinary actor of XState that stands for a machine wherever it runs: `send`, `subscribe`, `on`, `waitFor` and the hooks of
   * `@xstate/react` work. It is started; stop it when it is no longer needed.
   */
  actor<Name extends TypeName<Types>>(
    target: { readonly type: Name } & Extract<FollowTarget, { type: string }>,
  ): RemoteActor<LogicOfType<Types, Name>>;
  actor<Logic extends AnyActorLogic = AnyActorLogic>(target: OneMachine<Types>): RemoteActor<Logic>;

  /** Stops the machines that it started, and everything else. May be called twice. */
  stop(): Promise<void>;
}
