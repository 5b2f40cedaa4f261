import { Actor, type AnyActor, type AnyActorLogic, createActor, type Snapshot } from 'xstate';
import type { Failure } from '../../shared/api.ts';
import { boundedJson } from '../../shared/bounded-json.ts';
import type { Envelope, OutcomeStatus } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { MachineId } from '../../shared/ids.ts';
import { type Acting, disableActing, enableActing, isActing, setOrigin } from './acting.ts';
import { MAX_ATTEMPTS, MAX_FAILURES_KEPT, MAX_LOGGED_LENGTH, MAX_WAITING } from './defaults.ts';
import { carryDelays, type DelayPolicy, resumeDelays } from './delays.ts';
import type { Arrival } from './inbox.ts';
import { Journal, type JournalEntry, type JournaledDefinition } from './journal.ts';
import { Keeping } from './keeping.ts';
import { type MachineRecord, readRecord } from './machine-record.ts';
import { ObservedActor, type Step } from './observed-actor.ts';
import type { PersistedStep } from './persisted-step.ts';
import type { Clock } from './ports.ts';
import type { Misfit } from './resuming.ts';
import type { RunQueue } from './run-queue.ts';
import { restartDelay, type Supervision } from './supervision.ts';
import { armDelays, limitIterations, stopChildren } from './xstate-internals.ts';

/** What a machine did with an envelope. */
export type Handled = (status: OutcomeStatus, code?: ErrorCode) => void;

/** How a machine came to its end: `parked` may be started again. */
export type End =
  | { readonly status: 'done' | 'stopped' }
  | { readonly status: 'parked'; readonly cause: 'failed' | 'stopped'; readonly failure: Failure };

/** A step of a persisted machine, and what follows when it is on disk. */
export interface HostStep extends PersistedStep {
  committed(): void;
}

/** What the host tells about its machines. */
export interface HostOwner {
  /** A step of a persisted machine, to be written as a whole. */
  keep(step: HostStep): void;
  /** What the actor of a machine that is not persisted processed; that of a persisted one is in its steps. */
  journaled(id: MachineId, entry: JournalEntry): void;
  /** It took a step: its state may be another. */
  stepped(id: MachineId): void;
  /** It failed, and begins anew after a while. */
  failed(id: MachineId, failure: Failure): void;
  /** It began anew: another actor has taken its place. */
  restarted(id: MachineId): void;
  /** It takes no more events. */
  ended(id: MachineId, end: End): void;
  /** What a machine wrote with XState's `log`. */
  logged(id: MachineId, text: string): void;
  problem(message: string): void;
}

/** A machine, for those who show it. */
export interface Shown {
  readonly logic: AnyActorLogic;
  readonly actor: AnyActor;
  /** Missing before its first step. */
  readonly step: Step | undefined;
  /** The newest last. */
  readonly failures: readonly Failure[];
  /** Whether it takes no more events, and will not by itself. */
  readonly hasEnded: boolean;
  /** Counts the definitions that it had: a higher one is another structure. */
  readonly definition: number;
}

/** How a machine is persisted. */
export interface Persist extends Pick<MachineRecord, 'version' | 'definition'> {
  readonly delays: DelayPolicy;
  /** The node's own time. */
  readonly now: () => number;
  /** What it goes on from; missing where it begins. */
  readonly record?: string;
  /** Another definition left that. */
  readonly isCarried?: boolean;
  /** Why it cannot go on from what there is: it is parked until it begins anew. */
  readonly misfit?: Misfit;
}

export interface AddOptions {
  readonly input?: unknown;
  /** Where to go on from: what `actor.getPersistedSnapshot()` gave. */
  readonly snapshot?: Snapshot<unknown>;
  /** `restart` unless told. An actor that ran before it came here is parked in any case: it is not ours to make anew. */
  readonly supervision?: Supervision;
  readonly persist?: Persist;
  /** What it processes is written down. */
  readonly journal?: JournaledDefinition;
}

/** Takes envelopes in place of their machine. */
export type MessageHandler = (envelope: Envelope) => void;

/** An envelope that waits for its machine. */
interface Waiting {
  readonly envelope: Envelope;
  /** On our clock. */
  readonly deadline: number;
  readonly handled: Handled;
  /** Of one that is on disk: a persisted machine's step and what becomes of it are one commit. */
  readonly arrival: Arrival | undefined;
  attempts: number;
}

interface Hosted {
  logic: AnyActorLogic;
  readonly acting: Acting;
  options: AddOptions;
  /** Counts the definitions that it had. */
  definition: number;
  /** It ran before it came here, and runs on when it is taken out. */
  readonly isGuest: boolean;
  observed: ObservedActor;
  /** Of a persisted machine. */
  keeping: Keeping | undefined;
  /** What its last step left of it, on disk or on its way there. */
  record: string | undefined;
  /** Counts how often it went back to what is on disk: what it had in hand then comes again. */
  life: number;
  handler: MessageHandler | undefined;
  /** `resting`: it failed, and is about to begin anew. */
  state: 'running' | 'resting' | End['status'];
  waiting: number;
  /** What came while it rests. */
  resting: Waiting[];
  /** What it is at just now. */
  handling: Waiting | undefined;
  failures: readonly Failure[];
  failuresAt: readonly number[];
  restart: unknown;
}

/** Runs the machines of one node, hands them the envelopes that are for them, one at a time and in order, and starts anew those that fail. */
export class Host {
  readonly #clock: Clock;
  readonly #queue: RunQueue;
  readonly #owner: HostOwner;
  readonly #machines = new Map<MachineId, Hosted>();
  /** Envelopes for machines that are not here yet. */
  readonly #held = new Map<MachineId, Waiting[]>();
  #handlingEnvelopeId: string | undefined;

  constructor(clock: Clock, queue: RunQueue, owner: HostOwner) {
    this.#clock = clock;
    this.#queue = queue;
    this.#owner = owner;
  }

  // ---- The life of machines

  /**
   * Takes a machine in, or an actor that runs already; that one stays its owner's, and is not stopped with its host. What it can
   * do here is `acting`. It can be seen from here on; `start` lets it begin. Throws MACHINE_EXISTS, and as `assertFree`.
   */
  add(id: MachineId, machine: AnyActorLogic | AnyActor, acting: Acting, options: AddOptions = {}): AnyActor {
    if (this.isRunning(id))
      throw new InterMachineError('MACHINE_EXISTS', `A machine "${id}" runs on this node already`);
    assertFree(id, machine);
    const isGuest = machine instanceof Actor;
    const keeping = this.#keepingFor(id, options);
    const actor: AnyActor = isGuest ? machine : this.#create(id, machine, options, keeping);
    const hosted: Hosted = {
      logic: actor.logic as AnyActorLogic,
      acting,
      options,
      definition: 1,
      isGuest,
      observed: this.#observe(id, actor, acting),
      keeping,
      record: options.persist?.record,
      life: 0,
      handler: undefined,
      state: options.persist?.misfit === undefined ? 'running' : 'parked',
      waiting: 0,
      resting: [],
      handling: undefined,
      failures: [],
      failuresAt: [],
      restart: undefined,
    };
    this.#machines.set(id, hosted);
    return actor;
  }

  /** It begins, with what was held for it. */
  start(id: MachineId): void {
    const hosted = this.#machines.get(id);
    if (!hosted) return;
    const misfit = hosted.options.persist?.misfit;
    if (misfit !== undefined) {
      const reason = `${misfit.reason}. ${misfit.remedy}, or let it begin anew: intermachine restart ${id} --fresh`;
      return this.#park(id, hosted, 'failed', { at: this.#clock.wallTime(), reason });
    }
    this.#startActor(id, hosted, hosted.options);
    const held = this.#held.get(id) ?? [];
    this.#held.delete(id);
    for (const waiting of held) this.#enqueue(id, hosted, waiting);
  }

  /**
   * Begins anew at once, whether it runs, rests or is parked: a persisted machine from where its last step left it unless `isFresh`, any other from its
   * beginning. Throws MACHINE_UNKNOWN, MACHINE_STOPPED, STATE_DAMAGED.
   */
  restart(id: MachineId, isFresh = false): void {
    const hosted = this.#hosted(id);
    if (hosted.isGuest)
      throw new InterMachineError(
        'MACHINE_STOPPED',
        `"${id}" is an actor that its program made: only that can start it anew`,
      );
    const misfit = hosted.options.persist?.misfit;
    if (misfit && !isFresh && hosted.record === undefined)
      throw new InterMachineError(
        misfit.code,
        `"${id}" cannot go on where it was: ${misfit.reason}. ${misfit.remedy}, or restart it with --fresh to let it begin anew`,
      );
    this.#halt(hosted);
    if (isFresh) hosted.record = undefined;
    this.#beginAnew(id, hosted);
  }

  /**
   * The last steps of a persisted machine are not on disk: it goes back to the `record` that is, with nothing in hand. Returns whether it runs.
   */
  rollBack(id: MachineId, record: string | undefined): boolean {
    const hosted = this.#machines.get(id);
    if (!hosted?.keeping) return false;
    hosted.life++;
    hosted.record = record;
    hosted.handling = undefined;
    const resting = hosted.resting.filter(({ arrival }) => !arrival);
    hosted.waiting -= hosted.resting.length - resting.length;
    hosted.resting = resting;
    if (hosted.state === 'parked') return false;
    hosted.keeping.drop();
    this.#halt(hosted);
    this.#beginAnew(id, hosted);
    return true;
  }

  /**
   * Puts another definition in the place of a machine, which keeps its id and what waits for it. With a snapshot it goes on from there, else it begins
   * anew. Throws MACHINE_UNKNOWN, MACHINE_STOPPED for an actor that its program made, and what XState has against the snapshot.
   */
  replace(id: MachineId, logic: AnyActorLogic, options: AddOptions): void {
    const hosted = this.#hosted(id);
    if (hosted.isGuest)
      throw new InterMachineError(
        'MACHINE_STOPPED',
        `"${id}" is an actor that its program made: it cannot be replaced`,
      );
    // Made before the old one is stopped: where it cannot be made, that one goes on.
    const keeping = this.#keepingFor(id, options);
    const actor = this.#create(id, logic, options, keeping);
    this.#halt(hosted);
    hosted.logic = logic;
    hosted.options = options;
    hosted.definition++;
    hosted.record = options.persist?.record;
    this.#begin(id, hosted, actor, keeping, options);
  }

  /** It takes nothing more until `restart`. What waits for it is refused. Throws MACHINE_UNKNOWN. */
  park(id: MachineId, reason: string): void {
    const hosted = this.#hosted(id);
    this.#leave(hosted);
    if (!hosted.isGuest) hosted.observed.actor.stop();
    this.#park(id, hosted, 'stopped', { at: this.#clock.wallTime(), reason });
  }

  /** Stops a machine for good, or lets a guest go. What waits for it is refused. */
  stop(id: MachineId): void {
    const hosted = this.#machines.get(id);
    if (!hosted) return;
    this.#clock.clearTimeout(hosted.restart);
    this.#leave(hosted);
    if (!hosted.isGuest) hosted.observed.actor.stop();
    disableActing(hosted.observed.actor);
    if (!hasEnded(hosted) || hosted.state === 'parked') this.#end(id, hosted, { status: 'stopped' });
    this.#machines.delete(id);
  }

  stopAll(): void {
    for (const id of [...this.#machines.keys()]) this.stop(id);
  }

  // ---- Asking about them

  /** Whether it takes envelopes, now or when it is started anew by itself. */
  isRunning(id: MachineId): boolean {
    const hosted = this.#machines.get(id);
    return hosted !== undefined && !hasEnded(hosted);
  }

  /** Whether as many envelopes wait for the machine as may. */
  isBusy(id: MachineId): boolean {
    return (this.#machines.get(id)?.waiting ?? this.#held.get(id)?.length ?? 0) >= MAX_WAITING;
  }

  /** Also of one that ended. */
  shown(id: MachineId): Shown | undefined {
    const hosted = this.#machines.get(id);
    if (!hosted) return undefined;
    const { logic, observed, failures, definition } = hosted;
    return {
      logic,
      actor: observed.actor,
      step: observed.step,
      failures,
      hasEnded: hasEnded(hosted),
      definition,
    };
  }

  /** Whether its steps are kept on disk. */
  isPersisted(id: MachineId): boolean {
    return this.#machines.get(id)?.keeping !== undefined;
  }

  /** Whether what it processes is written down. */
  isJournaled(id: MachineId): boolean {
    return this.#machines.get(id)?.options.journal !== undefined;
  }

  /** The step of a persisted machine that is under way: what it does now belongs to it. */
  stepOf(id: MachineId): Keeping | undefined {
    const keeping = this.#machines.get(id)?.keeping;
    return keeping?.isStepping ? keeping : undefined;
  }

  /** The envelope that a machine is handling just now, further up in this call stack. */
  get handlingEnvelopeId(): string | undefined {
    return this.#handlingEnvelopeId;
  }

  // ---- Envelopes

  /** From here on envelopes go to `handler`; without one, to the machine again. Returns what ends that. Throws MACHINE_UNKNOWN. */
  handle(id: MachineId, handler: MessageHandler | undefined): () => void {
    const hosted = this.#hosted(id);
    hosted.handler = handler;
    return () => {
      if (hosted.handler === handler) hosted.handler = undefined;
    };
  }

  /**
   * Hands an envelope to its machine in a later turn, or holds it until the machine runs. Its event must be a fresh object;
   * `handled` is called once. Of one that is on disk (`arrival`) a persisted machine does not call it, but leaves it to its step.
   */
  deliver(id: MachineId, envelope: Envelope, handled: Handled, arrival?: Arrival): void {
    const deadline = Number.POSITIVE_INFINITY;
    const waiting: Waiting = { envelope, deadline, handled, arrival, attempts: 0 };
    const hosted = this.#machines.get(id);
    if (hosted) return this.#enqueue(id, hosted, waiting);
    const held = this.#held.get(id) ?? [];
    held.push(waiting);
    this.#held.set(id, held);
  }

  /** The same, for what is worth nothing after `deadline`, on our clock: it is not held. */
  deliverBefore(deadline: number, id: MachineId, envelope: Envelope, handled: Handled): void {
    const hosted = this.#machines.get(id);
    if (!hosted) return handled('refused', 'MACHINE_STOPPED');
    this.#enqueue(id, hosted, { envelope, deadline, handled, arrival: undefined, attempts: 0 });
  }

  #enqueue(id: MachineId, hosted: Hosted, waiting: Waiting): void {
    if (hasEnded(hosted)) return waiting.handled('refused', 'MACHINE_STOPPED');
    hosted.waiting++;
    const { life } = hosted;
    this.#queue.push(id, () => {
      hosted.waiting--;
      // It went back to before this: it comes again.
      if (waiting.arrival && hosted.life !== life) return;
      this.#take(id, hosted, waiting);
    });
  }

  #take(id: MachineId, hosted: Hosted, waiting: Waiting): void {
    if (hasEnded(hosted)) return waiting.handled('refused', 'MACHINE_STOPPED');
    if (this.#clock.now() > waiting.deadline) return waiting.handled('expired');
    if (hosted.state === 'resting') {
      hosted.waiting++;
      hosted.resting.push(waiting);
      return;
    }
    const { envelope, handled } = waiting;
    const { from: address, id: envelopeId, isAsk, event } = envelope;
    setOrigin(event, isAsk ? { address, envelopeId, isAsk } : { address, envelopeId });
    if (hosted.handler) return this.#handInPlace(id, hosted.handler, envelope, handled);
    waiting.attempts++;
    hosted.handling = waiting;
    this.#handlingEnvelopeId = envelope.id;
    hosted.keeping?.begin();
    const took = hosted.observed.handle(event);
    this.#handlingEnvelopeId = undefined;
    if (hosted.handling !== waiting) return;
    const status = took ? 'handled' : 'ignored';
    if (hosted.keeping) this.#endStep(id, hosted, { waiting, status });
    else handled(status);
    if (hosted.handling === waiting) hosted.handling = undefined;
  }

  // ---- Steps of persisted machines

  #keepingFor(id: MachineId, { persist }: AddOptions): Keeping | undefined {
    if (!persist) return undefined;
    const stepped = () => {
      const hosted = this.#machines.get(id);
      if (hosted?.keeping === keeping) this.#endStep(id, hosted);
    };
    const keeping = new Keeping({ ...persist, clock: this.#clock, stepped });
    return keeping;
  }

  /** A state that cannot be stored is a failure of its machine: the step did not happen. */
  #endStep(id: MachineId, hosted: Hosted, took?: { readonly waiting: Waiting; readonly status: OutcomeStatus }): void {
    const { keeping } = hosted;
    if (!keeping?.isStepping) return;
    try {
      const { afterwards, ...kept } = keeping.take();
      hosted.record = kept.snapshot;
      const { arrival, handled } = took?.waiting ?? {};
      this.#owner.keep({
        machine: id,
        ...kept,
        ...(arrival && took && { processed: { arrival, status: took.status } }),
        committed: () => {
          for (const act of afterwards) act();
          if (took && !arrival) handled?.(took.status);
        },
      });
    } catch (thrown) {
      hosted.observed.leave();
      hosted.observed.actor.stop();
      this.#failed(id, thrown);
    }
  }

  #handInPlace(id: MachineId, handler: MessageHandler, envelope: Envelope, handled: Handled): void {
    try {
      handler(envelope);
    } catch (thrown) {
      this.#owner.problem(`the message handler of ${id} failed: ${reasonOf(thrown)}`);
      return handled('dead', 'MACHINE_FAILED');
    }
    handled('handled');
  }

  // ---- Ends, failures, and beginning anew

  #create(id: MachineId, logic: AnyActorLogic, options: AddOptions, keeping: Keeping | undefined): AnyActor {
    limitIterations(logic);
    const { input, persist } = options;
    const snapshot = persist?.record === undefined ? options.snapshot : readRecord(persist.record).snapshot;
    const actor = createActor(logic, {
      id,
      clock: keeping?.clock ?? this.#clock,
      input,
      logger: (...values: readonly unknown[]) => this.#owner.logged(id, values.map(textOf).join(' ')),
      ...(snapshot && { snapshot }),
    });
    keeping?.follow(actor);
    if (options.journal) this.#writeDown(id, actor, options.journal, keeping);
    return actor;
  }

  #writeDown(id: MachineId, actor: AnyActor, definition: JournaledDefinition, keeping: Keeping | undefined): void {
    new Journal(actor, {
      ...definition,
      wallTime: () => this.#clock.wallTime(),
      told: (entry) => (keeping ? keeping.journaled(entry) : this.#owner.journaled(id, entry)),
      failed: (error) =>
        this.#owner.problem(`the journal of machine ${id} ends until it begins anew: ${reasonOf(error)}`),
    });
  }

  /** Delays of the states that a snapshot is in begin anew, as XState itself would never let them end; those of a record go on by its policy. */
  #startActor(id: MachineId, hosted: Hosted, { snapshot, persist }: AddOptions): void {
    const { actor } = hosted.observed;
    hosted.keeping?.begin();
    actor.start();
    if (persist?.record !== undefined) {
      const resume = persist.isCarried ? carryDelays : resumeDelays;
      resume(actor, readRecord(persist.record), persist.delays, persist.now());
    } else if (snapshot) armDelays(actor);
    this.#endStep(id, hosted);
  }

  #observe(id: MachineId, actor: AnyActor, acting: Acting): ObservedActor {
    enableActing(actor, acting);
    return new ObservedActor(actor, {
      stepped: () => this.#owner.stepped(id),
      completed: () => this.#completed(id),
      failed: (error) => this.#failed(id, error),
    });
  }

  #completed(id: MachineId): void {
    const hosted = this.#machines.get(id);
    if (!hosted || hasEnded(hosted)) return;
    this.#end(id, hosted, { status: hosted.observed.actor.getSnapshot().status === 'done' ? 'done' : 'stopped' });
  }

  #failed(id: MachineId, error: unknown): void {
    const hosted = this.#machines.get(id);
    if (!hosted || hasEnded(hosted)) return;
    const { isGuest, options, handling } = hosted;
    hosted.observed.leave();
    hosted.keeping?.drop();
    hosted.keeping?.leave();
    stopChildren(hosted.observed.actor);
    hosted.handling = undefined;
    hosted.failuresAt = [...hosted.failuresAt, this.#clock.now()].slice(-MAX_FAILURES_KEPT);
    const supervision = isGuest ? 'park' : (options.supervision ?? 'restart');
    const restartsAfterMs = restartDelay(supervision, hosted.failuresAt);
    const failure: Failure = {
      at: this.#clock.wallTime(),
      reason: reasonOf(error),
      ...(handling && { eventType: handling.envelope.event.type }),
      ...(restartsAfterMs !== undefined && { restartsAfterMs }),
    };
    // It gets the event again, first of all; three times in all.
    const getsItAgain = handling && restartsAfterMs !== undefined && handling.attempts < MAX_ATTEMPTS;
    if (handling && !getsItAgain) handling.handled('dead', 'MACHINE_FAILED');
    if (restartsAfterMs === undefined) return this.#park(id, hosted, 'failed', failure);
    hosted.failures = [...hosted.failures, failure].slice(-MAX_FAILURES_KEPT);
    hosted.state = 'resting';
    if (getsItAgain) {
      hosted.waiting++;
      hosted.resting.unshift(handling);
    }
    hosted.restart = this.#clock.setTimeout(() => this.#beginAnew(id, hosted), restartsAfterMs);
    this.#owner.failed(id, failure);
  }

  /** A persisted machine goes on from its last step. */
  #beginAnew(id: MachineId, hosted: Hosted): void {
    const { snapshot: _, persist, ...rest } = hosted.options;
    const { record, logic } = hosted;
    const keep = persist && without(persist);
    const options = { ...rest, ...(keep && { persist: { ...keep, ...(record !== undefined && { record }) } }) };
    const keeping = this.#keepingFor(id, options);
    this.#begin(id, hosted, this.#create(id, logic, options, keeping), keeping, options);
  }

  #begin(id: MachineId, hosted: Hosted, actor: AnyActor, keeping: Keeping | undefined, options: AddOptions): void {
    hosted.observed = this.#observe(id, actor, hosted.acting);
    hosted.keeping = keeping;
    hosted.state = 'running';
    this.#owner.restarted(id);
    this.#startActor(id, hosted, options);
    this.#queueResting(id, hosted);
  }

  /** Its actor comes to an end, and another one takes its place. */
  #halt(hosted: Hosted): void {
    this.#clock.clearTimeout(hosted.restart);
    this.#leave(hosted);
    if (hosted.state === 'running') hosted.observed.actor.stop();
  }

  /** What it did so far is kept, of its end nothing. */
  #leave({ observed, keeping, state, options }: Hosted): void {
    // What is left of its delays is what is left now.
    if (state === 'running' && options.persist?.delays === 'resume-remaining') keeping?.begin();
    keeping?.leave();
    observed.leave();
  }

  #queueResting(id: MachineId, hosted: Hosted): void {
    const resting = hosted.resting;
    hosted.resting = [];
    for (const waiting of resting) {
      hosted.waiting--;
      this.#enqueue(id, hosted, waiting);
    }
  }

  #park(id: MachineId, hosted: Hosted, cause: 'failed' | 'stopped', failure: Failure): void {
    hosted.failures = [...hosted.failures, failure].slice(-MAX_FAILURES_KEPT);
    this.#end(id, hosted, { status: 'parked', cause, failure });
  }

  #end(id: MachineId, hosted: Hosted, end: End): void {
    this.#clock.clearTimeout(hosted.restart);
    hosted.state = end.status;
    this.#queueResting(id, hosted);
    this.#owner.ended(id, end);
  }

  #hosted(id: MachineId): Hosted {
    const hosted = this.#machines.get(id);
    if (!hosted) throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" runs here`);
    return hosted;
  }
}

/** Of what a machine logs: text as it is, all else as people read it. */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : boundedJson(value, MAX_LOGGED_LENGTH).text;

/** What it goes on from is another by now. */
const without = ({ record: _, isCarried: __, misfit: ___, ...persist }: Persist): Persist => persist;

const hasEnded = ({ state }: Hosted): boolean => state !== 'running' && state !== 'resting';

/** Throws MACHINE_STOPPED for an actor that ended, MACHINE_EXISTS for one that is hosted: it can act for one host alone. */
export function assertFree(id: MachineId, machine: AnyActorLogic | AnyActor): void {
  if (!(machine instanceof Actor)) return;
  const { status } = machine.getSnapshot();
  if (status !== 'active')
    throw new InterMachineError('MACHINE_STOPPED', `The actor for "${id}" ended already: ${status}`);
  if (isActing(machine))
    throw new InterMachineError(
      'MACHINE_EXISTS',
      `The actor for "${id}" is a machine already: take it out there first`,
    );
}
