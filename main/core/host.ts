import { type AnyActor, type AnyActorLogic, createActor, type InspectionEvent } from 'xstate';
import type { Envelope, MachineEvent, OutcomeStatus } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { MachineId } from '../../shared/ids.ts';
import { type Acting, enableActing, setOrigin } from './acting.ts';
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

interface Hosted {
  readonly logic: AnyActorLogic;
  readonly actor: AnyActor;
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

  /** Starts a machine. What it can do on its node is `acting`. Throws MACHINE_EXISTS. */
  start(id: MachineId, logic: AnyActorLogic, acting: Acting, input?: unknown): AnyActor {
    if (this.isRunning(id))
      throw new InterMachineError('MACHINE_EXISTS', `A machine "${id}" runs on this node already`);
    limitIterations(logic);
    let hosted: Hosted | undefined;
    const actor: AnyActor = createActor(logic, {
      id,
      clock: this.#clock,
      input,
      inspect: (inspection) => {
        // Creating an actor is inspected already, before there is anything to show.
        if (hosted) this.#inspect(id, hosted, inspection);
      },
    });
    hosted = {
      logic,
      actor,
      ignores: isMachine(logic),
      waiting: 0,
      state: 'running',
      step: undefined,
      taking: [],
    };
    enableActing(actor.system, acting);
    this.#machines.set(id, hosted);
    const running = hosted;
    actor.subscribe({
      complete: () => this.#end(id, running, { status: actor.getSnapshot().status === 'done' ? 'done' : 'stopped' }),
      error: (error: unknown) => this.#end(id, running, { status: 'failed', reason: reasonOf(error) }),
    });
    actor.start();
    for (const deliver of this.#held.get(id) ?? []) deliver();
    this.#held.delete(id);
    return actor;
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
    if (hosted.state !== 'running') return handled('refused', 'MACHINE_STOPPED');
    hosted.waiting++;
    this.#queue.push(() => this.#handle(hosted, envelope, handled));
  }

  /** Stops a machine for good. What waits for it is refused. */
  stop(id: MachineId): void {
    this.#machines.get(id)?.actor.stop();
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

  #handle(hosted: Hosted, envelope: Envelope, handled: Handled): void {
    hosted.waiting--;
    if (hosted.state !== 'running') return handled('refused', 'MACHINE_STOPPED');
    const handling: Handling = { actor: hosted.actor, event: envelope.event, envelopeId: envelope.id, took: false };
    setOrigin(envelope.event, { address: envelope.from, envelopeId: envelope.id });
    this.#handling = handling;
    hosted.actor.send(envelope.event);
    this.#handling = undefined;
    if (this.#hasFailed(hosted)) handled('dead', 'MACHINE_FAILED');
    else handled(handling.took || !hosted.ignores ? 'handled' : 'ignored');
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
