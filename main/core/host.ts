import { Actor, type AnyActor, type AnyActorLogic, createActor, type InspectionEvent, type Snapshot } from 'xstate';
import type { Envelope, MachineEvent, OutcomeStatus } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError, reasonOf } from '../../shared/errors.ts';
import { type MachineId, parseAddress } from '../../shared/ids.ts';
import { type Acting, disableActing, enableActing, setOrigin } from './acting.ts';
import { MAX_WAITING } from './defaults.ts';
import type { Clock } from './ports.ts';
import type { RunQueue } from './run-queue.ts';
import { isMachine, limitIterations, stepEnded, tookTransition, transitionsTaken } from './xstate-internals.ts';

/** What a machine did with an envelope. */
export type Handled = (status: OutcomeStatus, code?: ErrorCode) => void;

export type End = { readonly status: 'done' | 'stopped' } | { readonly status: 'failed'; readonly reason: string };

/** What the host tells about its machines. */
export interface HostOwner {
  /** It took a step: its state may be another. */
  stepped(id: MachineId): void;
  /** It takes no more events. */
  ended(id: MachineId, end: End): void;
  problem(message: string): void;
}

/** What a machine did last. */
export interface Step {
  /** Counts its steps. */
  readonly count: number;
  readonly event: string;
  /** Definitions of the transitions that were taken, in order. */
  readonly transitions: readonly object[];
}

/** A machine, for those who show it. */
export interface Shown {
  readonly logic: AnyActorLogic;
  readonly actor: AnyActor;
  /** Missing before its first step. */
  readonly step: Step | undefined;
}

export interface AddOptions {
  readonly input?: unknown;
  /** Where to go on from: what `actor.getPersistedSnapshot()` gave. */
  readonly snapshot?: Snapshot<unknown>;
}

/** Takes envelopes in place of their machine. */
export type MessageHandler = (envelope: Envelope) => void;

interface Hosted {
  readonly logic: AnyActorLogic;
  readonly actor: AnyActor;
  /** It ran before it came here, and runs on when it is taken out. */
  readonly isGuest: boolean;
  /** Ends what we look at it with. */
  leave: () => void;
  handler: MessageHandler | undefined;
  /** Whether it is of a kind that leaves events aside for which it has no transition. */
  readonly ignores: boolean;
  waiting: number;
  state: 'running' | End['status'];
  step: Step | undefined;
  /** Of the step that is under way. */
  taking: object[];
}

interface Handling {
  readonly actor: AnyActor;
  readonly event: MachineEvent;
  readonly envelopeId: string;
  took: boolean;
}

/** Runs the machines of one node, and hands them the envelopes that are for them, one at a time and in order. */
export class Host {
  readonly #clock: Clock;
  readonly #queue: RunQueue;
  readonly #owner: HostOwner;
  readonly #machines = new Map<MachineId, Hosted>();
  /** Envelopes for machines that do not run yet. */
  readonly #held = new Map<MachineId, (() => void)[]>();
  #handling: Handling | undefined;

  constructor(clock: Clock, queue: RunQueue, owner: HostOwner) {
    this.#clock = clock;
    this.#queue = queue;
    this.#owner = owner;
  }

  /**
   * Takes a machine in, or an actor that runs already; that one stays its owner's, and is not stopped with its host. What it can
   * do here is `acting`. It can be seen from here on; `start` lets it begin. Throws MACHINE_EXISTS, MACHINE_STOPPED for an actor that ended.
   */
  add(id: MachineId, machine: AnyActorLogic | AnyActor, acting: Acting, options: AddOptions = {}): AnyActor {
    if (this.isRunning(id))
      throw new InterMachineError('MACHINE_EXISTS', `A machine "${id}" runs on this node already`);
    const isGuest = machine instanceof Actor;
    if (!isGuest) limitIterations(machine);
    const actor: AnyActor = isGuest ? machine : createActor(machine, { id, clock: this.#clock, ...options });
    if (isGuest && actor.getSnapshot().status !== 'active')
      throw new InterMachineError(
        'MACHINE_STOPPED',
        `The actor for "${id}" ended already: ${actor.getSnapshot().status}`,
      );
    const hosted: Hosted = {
      logic: actor.logic as AnyActorLogic,
      actor,
      isGuest,
      leave: () => {},
      handler: undefined,
      ignores: isMachine(actor.logic as AnyActorLogic),
      waiting: 0,
      state: 'running',
      step: undefined,
      taking: [],
    };
    enableActing(actor.system, acting);
    this.#machines.set(id, hosted);
    const inspecting = actor.system.inspect((inspection) => this.#inspect(id, hosted, inspection));
    const watching = actor.subscribe({
      complete: () => this.#end(id, hosted, { status: actor.getSnapshot().status === 'done' ? 'done' : 'stopped' }),
      error: (error: unknown) => this.#end(id, hosted, { status: 'failed', reason: reasonOf(error) }),
    });
    hosted.leave = () => {
      inspecting.unsubscribe();
      watching.unsubscribe();
      disableActing(actor.system);
    };
    return actor;
  }

  /** It begins, with what was held for it. */
  start(id: MachineId): void {
    this.#machines.get(id)?.actor.start();
    for (const deliver of this.#held.get(id) ?? []) deliver();
    this.#held.delete(id);
  }

  isRunning(id: MachineId): boolean {
    return this.#machines.get(id)?.state === 'running';
  }

  /** Whether as many envelopes wait for the machine as may. */
  isBusy(id: MachineId): boolean {
    return (this.#machines.get(id)?.waiting ?? this.#held.get(id)?.length ?? 0) >= MAX_WAITING;
  }

  /** Also of one that ended. */
  shown(id: MachineId): Shown | undefined {
    return this.#machines.get(id);
  }

  /** The envelope that a machine is handling just now, further up in this call stack. */
  get handlingEnvelopeId(): string | undefined {
    return this.#handling?.envelopeId;
  }

  /**
   * Hands an envelope to its machine in a later turn, or holds it until the machine runs. Its event must be a fresh object;
   * `handled` is called once.
   */
  deliver(id: MachineId, envelope: Envelope, handled: Handled): void {
    const hosted = this.#machines.get(id);
    if (!hosted) return this.#hold(id, () => this.deliver(id, envelope, handled));
    this.#enqueue(hosted, envelope, Number.POSITIVE_INFINITY, handled);
  }

  /** The same, for what is worth nothing after `deadline`, on our clock: it is not held. */
  deliverBefore(deadline: number, id: MachineId, envelope: Envelope, handled: Handled): void {
    const hosted = this.#machines.get(id);
    if (!hosted) return handled('refused', 'MACHINE_STOPPED');
    this.#enqueue(hosted, envelope, deadline, handled);
  }

  /** From here on envelopes go to `handler`; without one, to the machine again. Throws MACHINE_UNKNOWN. */
  handle(id: MachineId, handler: MessageHandler | undefined): void {
    const hosted = this.#machines.get(id);
    if (!hosted) throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" runs here`);
    hosted.handler = handler;
  }

  /** Stops a machine for good, or lets a guest go. What waits for it is refused. */
  stop(id: MachineId): void {
    const hosted = this.#machines.get(id);
    if (!hosted) return;
    if (hosted.isGuest) {
      hosted.leave();
      if (hosted.state === 'running') this.#end(id, hosted, { status: 'stopped' });
    } else hosted.actor.stop();
    this.#machines.delete(id);
  }

  stopAll(): void {
    for (const id of [...this.#machines.keys()]) this.stop(id);
  }

  #inspect(id: MachineId, hosted: Hosted, inspection: InspectionEvent): void {
    const handling = this.#handling;
    if (handling && tookTransition(inspection, handling.actor, handling.event)) handling.took = true;
    hosted.taking.push(...transitionsTaken(inspection, hosted.actor));
    const event = stepEnded(inspection, hosted.actor);
    if (event === undefined) return;
    if (hosted.taking.length > 0 || !hosted.ignores) {
      hosted.step = { count: (hosted.step?.count ?? 0) + 1, event, transitions: hosted.taking };
      hosted.taking = [];
    }
    this.#owner.stepped(id);
  }

  #hold(id: MachineId, deliver: () => void): void {
    const held = this.#held.get(id) ?? [];
    held.push(deliver);
    this.#held.set(id, held);
  }

  #enqueue(hosted: Hosted, envelope: Envelope, deadline: number, handled: Handled): void {
    if (hosted.state !== 'running') return handled('refused', 'MACHINE_STOPPED');
    hosted.waiting++;
    this.#queue.push(() => {
      hosted.waiting--;
      if (hosted.state !== 'running') return handled('refused', 'MACHINE_STOPPED');
      if (this.#clock.now() > deadline) return handled('expired');
      this.#handle(hosted, envelope, handled);
    });
  }

  #handle(hosted: Hosted, envelope: Envelope, handled: Handled): void {
    const { from: address, id: envelopeId, isAsk } = envelope;
    setOrigin(envelope.event, { address, envelopeId, ...(isAsk && { isAsk }) });
    if (hosted.handler) return this.#handleInPlace(hosted.handler, envelope, handled);
    const handling: Handling = { actor: hosted.actor, event: envelope.event, envelopeId, took: false };
    this.#handling = handling;
    hosted.actor.send(envelope.event);
    this.#handling = undefined;
    if (this.#hasFailed(hosted)) handled('dead', 'MACHINE_FAILED');
    else handled(handling.took || !hosted.ignores ? 'handled' : 'ignored');
  }

  #handleInPlace(handler: MessageHandler, envelope: Envelope, handled: Handled): void {
    try {
      handler(envelope);
    } catch (thrown) {
      this.#owner.problem(`the message handler of ${parseAddress(envelope.to).machine} failed: ${reasonOf(thrown)}`);
      return handled('dead', 'MACHINE_FAILED');
    }
    handled('handled');
  }

  // Asked through a method: what the event did to the state is nothing the compiler can see.
  #hasFailed(hosted: Hosted): boolean {
    return hosted.state === 'failed';
  }

  #end(id: MachineId, hosted: Hosted, end: End): void {
    hosted.state = end.status;
    this.#owner.ended(id, end);
  }
}
