import type { AnyActorLogic } from 'xstate';
import type { Failure } from '../../shared/api.ts';
import type { Envelope, Outcome, OutcomeStatus, SendableEvent, Until } from '../../shared/envelope.ts';
import { type Place, positionId } from '../../shared/envelope-text.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { decodeEvent, encodeEvent } from '../../shared/event.ts';
import {
  type Address,
  addressOf,
  type MachineId,
  NODE_MACHINE_ID,
  type NodeId,
  parseAddress,
} from '../../shared/ids.ts';
import { utf8Length } from '../../shared/utf8.ts';
import type { Origin } from './acting.ts';
import { type AskOptions, Asks, type Reply } from './asks.ts';
import { Beats } from './beats.ts';
import type { Content } from './channel.ts';
import { chartOf } from './chart.ts';
import { MAX_ENVELOPE_BYTES } from './defaults.ts';
import { type Follower, Following, type FollowTarget } from './following.ts';
import { assertSendOptions } from './given.ts';
import { type End, Host, type HostStep } from './host.ts';
import type { JournaledDefinition } from './journal.ts';
import type { Keeping } from './keeping.ts';
import { Links } from './links.ts';
import { Monitoring } from './monitoring.ts';
import { Outcomes } from './outcomes.ts';
import { logRow, type Parcel } from './parcel.ts';
import type { Change, Clock, DeadLetter, NewLogRow, Scheduler, StoredEnvelope } from './ports.ts';
import type { Verdict } from './receiving.ts';
import { type MachineInfo, Registry } from './registry.ts';
import { type MachineChange, RegistrySync } from './registry-sync.ts';
import { Router } from './router.ts';
import { RunQueue } from './run-queue.ts';
import { Showing } from './showing.ts';
import { Subscriptions } from './subscriptions.ts';
import { TermsOfMachines } from './terms.ts';
import { Volatile } from './volatile.ts';
import { Watching } from './watching.ts';

export interface SendOptions {
  /** How far to wait: `handled` unless told otherwise while the receiver's node is alive, else `accepted`. */
  readonly until?: Until;
  /** `volatile`: at most once, kept nowhere; `lost` with the line. `reliable` unless told. */
  readonly delivery?: 'reliable' | 'volatile';
  /** Milliseconds in which it is to reach its machine on another node, a year at most; a week unless told. Then it becomes a dead letter. */
  readonly ttlMs?: number;
}

/** A send of the machine itself: where it is persisted, it belongs to the step in which it happens. */
export interface ActingOptions extends SendOptions {
  readonly isActing?: true;
}

/** The lines to other nodes, where there are any. */
export interface Lines {
  send(peer: NodeId, frame: Content): void;
  /** What can be left out where the peer is behind with reading: returns whether it was sent. */
  offer(peer: NodeId, frame: Content): boolean;
  /** Peers to which a channel is open. */
  connected(): readonly NodeId[];
  isAlive(peer: NodeId): boolean;
  /** Of the peer's present start; `undefined` where it is offline. */
  incarnationOf(peer: NodeId): number | undefined;
  roundTripMs(peer: NodeId): number | undefined;
}

export interface MachineryParts {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** 1 to 64 characters of A–Z, a–z, 0–9, _ and -, never the same twice. */
  readonly newId: () => string;
  /** A short text that is the same for the same text alone. */
  readonly digest: (text: string) => string;
  readonly lines: Lines;
  /** Whether a machine of this id ran here before and was not unregistered. */
  readonly knows: (id: MachineId) => boolean;
  /** Of the next reliable envelope to a node, which names it; `undefined` where nothing goes with a stream. */
  readonly nextPlace: (node: NodeId) => Place | undefined;
  /**
   * Takes a reliable envelope for another node, or for a machine here that is persisted or does not run. Throws OUTBOX_FULL, STORE_FULL,
   * MACHINE_BUSY.
   */
  readonly sendAway: (parcel: Parcel, inPlaceOf?: number) => void;
  /** Written with whatever is written next. */
  readonly record: (row: NewLogRow) => void;
  readonly change: (change: Change) => void;
  /** Takes a step of a persisted machine; missing where there is no disk, and so no such machine. */
  readonly keep?: (step: HostStep) => void;
  /** Something of a machine, here or elsewhere, is another. */
  readonly machineChanged: (change: MachineChange) => void;
  /** What a machine wrote with XState's `log`. */
  readonly logged: (id: MachineId, text: string) => void;
  readonly problem: (message: string) => void;
}

/**
 * The machines of one node and everything that happens between them: it runs them, finds them, sends, asks, watches and monitors. Of
 * other nodes it knows only the lines; without lines it is a network of its own. Read it as the picture of what stands on what.
 */
export class Machinery {
  readonly #parts: MachineryParts;
  readonly registry: Registry;
  readonly terms: TermsOfMachines;
  readonly host: Host;
  readonly sync: RegistrySync;
  readonly watching: Watching;
  readonly monitoring: Monitoring;
  readonly subscriptions: Subscriptions;
  readonly outcomes = new Outcomes();
  readonly links = new Links<Address>();
  readonly beats: Beats;
  readonly router: Router;
  readonly #showing: Showing;
  readonly #asks: Asks;
  readonly #volatile: Volatile;
  /** Of the machines of this node: put together once, not for each event. */
  readonly #addresses = new Map<MachineId, Address>();
  #closed = false;
  #stopped = false;

  constructor(parts: MachineryParts) {
    const { self, clock, scheduler, lines } = parts;
    this.#parts = parts;
    this.registry = new Registry(self, (node) => lines.isAlive(node));
    this.terms = new TermsOfMachines(self, (address) => this.#typeOf(address));
    this.host = new Host(clock, new RunQueue(clock, scheduler), {
      keep: (step) => parts.keep?.(step),
      journaled: (machine, entry) => parts.change({ type: 'journal', machine, ...entry }),
      stepped: (id) => this.#showing.stepped(id),
      failed: (id, failure) => this.#failed(id, failure),
      restarted: (id) => this.#restarted(id),
      ended: (id, end) => this.#ended(id, end),
      logged: parts.logged,
      problem: parts.problem,
    });
    this.sync = new RegistrySync({
      self,
      registry: this.registry,
      send: (peer, frame) => lines.send(peer, frame),
      connectedPeers: () => lines.connected(),
      remember: parts.change,
      changed: (change) => this.#machineChanged(change),
      isExposed: (id) => this.terms.isExposed(id),
      problem: parts.problem,
    });
    this.#showing = new Showing({
      host: this.host,
      clock,
      terms: this.terms,
      digest: parts.digest,
      machines: () => this.registry.machinesOf(self),
      typeOf: (id) => this.registry.description(self, id)?.type,
      send: (peer, frame) => lines.send(peer, frame),
      offer: (peer, frame) => lines.offer(peer, frame),
      areStatesWanted: () => this.watching.wantsStates,
      statesChanged: (ids) => this.watching.ownStatesChanged(ids),
    });
    this.watching = new Watching({
      self,
      showing: this.#showing,
      clock,
      send: (peer, frame) => lines.send(peer, frame),
      connectedPeers: () => lines.connected(),
      statesChanged: (addresses) =>
        this.subscriptions.statesChanged(addresses.flatMap((each) => this.#info(each) ?? [])),
    });
    this.subscriptions = new Subscriptions(this.registry, (machine) => this.watching.stateOf(machine));
    this.monitoring = new Monitoring({
      isRunning: (id) => this.host.isRunning(id) && this.terms.isExposed(id),
      send: (peer, frame) => lines.send(peer, frame),
      incarnationOf: (peer) => lines.incarnationOf(peer),
      soon: (task) => scheduler.soon(task),
    });
    this.beats = new Beats(clock, (id, healthy) => this.sync.healthChanged(id, healthy));
    this.#asks = new Asks(clock);
    this.router = new Router({
      self,
      knows: parts.knows,
      isBusy: (id) => this.host.isBusy(id),
      runsHere: (id) => this.registry.description(self, id)?.running === true,
      refusal: (from, to, eventType) => this.terms.refusal(from, to, eventType),
      deliverHere: (parcel, machine) => this.#deliverHere(parcel, machine),
      sendAway: parts.sendAway,
    });
    this.#volatile = new Volatile({
      clock,
      scheduler,
      isAlive: (peer) => lines.isAlive(peer),
      send: (peer, frame) => lines.send(peer, frame),
      offer: (peer, frame) => lines.offer(peer, frame),
      admit: (peer, envelope, isAnswer): Verdict => this.router.admit(peer, envelope, isAnswer),
      deliver: (envelope, deadline, handled) =>
        this.host.deliverBefore(deadline, parseAddress(envelope.to).machine, envelope, handled),
      answered: (envelope) => this.#asks.answered(envelope),
      record: parts.record,
      change: parts.change,
      outcome: (id, status, code) => this.settle(id, status, code),
    });
  }

  // ---- Sending

  /** Throws, or rejects with, EVENT_INVALID, ENVELOPE_TOO_LARGE, OUTBOX_FULL, STORE_FULL, STORE_FAILED, NODE_STOPPED, INPUT_INVALID. */
  send(from: MachineId, to: MachineInfo, event: SendableEvent, options: ActingOptions): Promise<Outcome> {
    assertSendOptions(options);
    const step = options.isActing && this.host.stepOf(from);
    if (step) return this.#sendInStep(step, this.#parcel(from, to.address, event), to);
    this.assertOpen();
    const isVolatile = options.delivery === 'volatile' && !to.local;
    const place = isVolatile ? undefined : this.#nextPlace(to);
    const parcel = withTtl(this.#parcel(from, to.address, event, place), options.ttlMs);
    const dispatch = () => (isVolatile ? this.#volatile.send(parcel, 'send', 0) : this.router.route(parcel));
    return this.#follow(parcel, to, options.until ?? untilOf(to), dispatch, place);
  }

  /** Resolves to what the machine replied. Rejects as `Asks.ask` does, and with EVENT_INVALID, ENVELOPE_TOO_LARGE, NODE_STOPPED. */
  async ask(from: MachineId, to: MachineInfo, event: SendableEvent, options: AskOptions): Promise<Reply> {
    this.assertOpen();
    return await this.#asks.ask(to, options, (ttlMs, sent) => {
      const parcel = this.#parcel(from, to.address, event);
      sent(parcel.id);
      return this.#follow(parcel, to, 'handled', () => {
        if (to.local) this.#askHere(parcel, to.id, ttlMs);
        else this.#volatile.send(parcel, 'ask', ttlMs);
      });
    });
  }

  /** To whoever sent an event: as an event of its own, or, where somebody waits for it, as the answer. */
  async reply(from: MachineId, origin: Origin, event: SendableEvent, options: ActingOptions): Promise<Outcome> {
    assertSendOptions(options);
    const { address, envelopeId, isAsk } = origin;
    const step = options.isActing && this.host.stepOf(from);
    if (!step) this.assertOpen();
    const parcel = { ...this.#parcel(from, address, event), correlationId: envelopeId };
    const { node, machine } = parseAddress(address);
    if (isAsk && step) {
      step.afterwards(() => void this.#answer(parcel, node));
      return { id: parcel.id, status: 'accepted' };
    }
    if (isAsk) return await this.#answer(parcel, node);
    // Nobody is behind a node that sent in its own name; whoever wants an answer asks.
    if (machine === NODE_MACHINE_ID) return { id: parcel.id, status: 'ignored' };
    const to = this.registry.resolve(address);
    if (step) return await this.#sendInStep(step, parcel, to);
    const place = this.#nextPlace(to);
    const reliable = { ...parcel, id: this.#idOf(place) };
    return await this.#follow(reliable, to, options.until ?? untilOf(to), () => this.router.route(reliable), place);
  }

  /**
   * Sends a dead letter as a new envelope that names it as its cause; on disk, and the letter gone, in one commit. One that came from another node
   * is given to its machine in the name of this node, as nobody can speak for another. Throws, or rejects, as `send` does.
   */
  resend(letter: DeadLetter): Promise<Outcome> {
    const { node, machine } = parseAddress(letter.to);
    const from = letter.direction === 'in' ? NODE_MACHINE_ID : parseAddress(letter.from).machine;
    const { correlationId } = letter;
    const place = this.#parts.nextPlace(node);
    const parcel = {
      ...this.#parcel(from, addressOf(node, machine), letter.event, place),
      ...(correlationId !== undefined && { correlationId }),
      causationId: letter.id,
    };
    const dispatch = () => this.#parts.sendAway(parcel, letter.place);
    return this.#follow(parcel, { address: letter.to, node }, 'accepted', dispatch, place);
  }

  /** What became of an envelope that was sent from here. */
  settle(id: string, status: OutcomeStatus, code?: ErrorCode): void {
    this.outcomes.settle(id, status, code);
  }

  /** Follows a machine, of this node or of another. Returns what ends it. */
  follow(target: FollowTarget, follower: Follower): () => void {
    const following = new Following(this.subscriptions, this.watching, target, follower);
    return () => following.stop();
  }

  /** What the definition of a machine is known by: it is the same for the same states and transitions. */
  definitionOf(logic: AnyActorLogic): string {
    const chart = chartOf(logic);
    return chart ? this.#parts.digest(JSON.stringify(chart)) : '';
  }

  /** The same, with its chart. */
  journaled(logic: AnyActorLogic): JournaledDefinition {
    return { definition: this.definitionOf(logic), chartJson: JSON.stringify(chartOf(logic) ?? null) };
  }

  // ---- What other nodes say

  connected(peer: NodeId): void {
    this.sync.reachabilityChanged(peer, true);
    this.sync.connected(peer);
    this.watching.connected(peer);
    this.monitoring.connected(peer);
  }

  disconnected(peer: NodeId): void {
    this.outcomes.channelLost(peer);
    this.#asks.disconnected(peer);
    this.#volatile.disconnected(peer);
    this.#showing.disconnected(peer);
    this.watching.disconnected(peer);
    this.monitoring.disconnected(peer);
    this.sync.reachabilityChanged(peer, this.#parts.lines.isAlive(peer));
  }

  /** Returns whether the frame was for here. */
  received(peer: NodeId, frame: Content): boolean {
    switch (frame.type) {
      case 'machines':
        this.sync.received(peer, frame);
        return true;
      case 'volatile':
      case 'volatileOutcomes':
        this.#volatile.received(peer, frame);
        return true;
      case 'monitor':
      case 'demonitor':
      case 'down':
        this.monitoring.received(peer, frame);
        return true;
      case 'interest':
      case 'watch':
      case 'unwatch':
      case 'describe':
        this.#showing.asked(peer, frame);
        return true;
      case 'states':
      case 'snapshot':
      case 'emitted':
      case 'unseen':
      case 'description':
        this.watching.told(peer, frame);
        return true;
      default:
        return false;
    }
  }

  /** Whether a reliable envelope of a peer is taken. */
  admit(peer: NodeId, envelope: StoredEnvelope): Verdict {
    return this.router.admit(peer, envelope);
  }

  // ---- The end

  /** From here on nothing new is sent. */
  close(): void {
    this.#closed = true;
  }

  /** Throws NODE_STOPPED. */
  assertOpen(): void {
    if (this.#closed) throw new InterMachineError('NODE_STOPPED', 'It was stopped: nothing is taken or sent any more');
  }

  /** What is still under way is not waited for; what waits for machines here is refused in a later turn. */
  stop(): void {
    this.close();
    this.#asks.stop();
    this.#stopped = true;
    this.#showing.stop();
    this.beats.stopAll();
    this.host.stopAll();
  }

  // ---- Within

  /** Between nodes an envelope is named by its place in the stream. */
  #nextPlace({ node, local, running, id }: MachineInfo): Place | undefined {
    return local && running && !this.host.isPersisted(id) ? undefined : this.#parts.nextPlace(node);
  }

  #idOf(place: Place | undefined): string {
    return place ? positionId(place.epoch, place.sequence) : this.#parts.newId();
  }

  /** It leaves when the step is on disk, be it after the next start; what cannot be taken up then is a dead letter of the same commit. */
  async #sendInStep(step: Keeping, parcel: Parcel, to: MachineInfo): Promise<Outcome> {
    const code = to.local ? this.#refusalHere(parcel, to.id) : undefined;
    if (code) return { id: parcel.id, status: 'refused', code };
    step.send(parcel);
    this.links.link(parcel.from, to.address);
    return { id: parcel.id, status: 'accepted' };
  }

  #parcel(from: MachineId, to: Address, event: SendableEvent, place?: Place): Parcel {
    const eventJson = encodeEvent(event);
    const size = eventJson.length * 3 > MAX_ENVELOPE_BYTES ? utf8Length(eventJson) : 0;
    if (size > MAX_ENVELOPE_BYTES) {
      throw new InterMachineError(
        'ENVELOPE_TOO_LARGE',
        `Event "${event.type}" takes ${size} bytes; ${MAX_ENVELOPE_BYTES} may travel`,
      );
    }
    const causationId = this.host.handlingEnvelopeId;
    const sentAt = this.#parts.clock.wallTime();
    const id = this.#idOf(place);
    const parcel = { id, from: this.#addressOf(from), to, sentAt, eventType: event.type, eventJson };
    return causationId === undefined ? parcel : { ...parcel, causationId };
  }

  #addressOf(id: MachineId): Address {
    const known = this.#addresses.get(id);
    if (known) return known;
    const address = addressOf(this.#parts.self, id);
    this.#addresses.set(id, address);
    return address;
  }

  /** Sends, and waits as far as `until`. A send links the two machines. */
  #follow(
    parcel: Parcel,
    to: Pick<MachineInfo, 'address' | 'node'>,
    until: Until,
    dispatch: () => void,
    place?: Place,
  ): Promise<Outcome> {
    const at = place ?? parcel.id;
    const outcome = this.outcomes.wait(at, to, until);
    try {
      dispatch();
    } catch (thrown) {
      this.outcomes.forget(at);
      throw thrown;
    }
    if (!parcel.from.endsWith(NODE_SENDER)) this.links.link(parcel.from, to.address);
    return outcome;
  }

  // Between machines of one node nothing can be lost on the way: it is handed over at once, and logged behind it.
  #deliverHere(parcel: Parcel, machine: MachineId): void {
    if (this.host.isPersisted(machine)) return this.#storeHere(parcel, machine);
    const refusal = this.#takeHere(parcel, machine);
    if (refusal) return refusal();
    this.host.deliver(machine, envelopeFrom(parcel), (status, code) => this.#settleHere(parcel.id, status, code));
    this.settle(parcel.id, 'delivered');
  }

  /** What a persisted machine gets is on disk first. Its id is that of its place in the stream, which one that is refused has not. */
  #storeHere(parcel: Parcel, machine: MachineId): void {
    const code = this.#refusalHere({ ...parcel, id: this.#parts.newId() }, machine);
    if (code) this.settle(parcel.id, 'refused', code);
    else this.#parts.sendAway(parcel);
  }

  #refusalHere(parcel: Parcel, machine: MachineId): ErrorCode | undefined {
    const code = this.terms.refusal(parcel.from, machine, parcel.eventType);
    const { clock, record } = this.#parts;
    if (code) record({ ...logRow(parcel, 'local', 'refused', clock.wallTime()), code });
    return code;
  }

  #askHere(parcel: Parcel, machine: MachineId, ttlMs: number): void {
    const refusal = this.#takeHere(parcel, machine);
    if (refusal) return refusal();
    const deadline = this.#parts.clock.now() + ttlMs;
    this.host.deliverBefore(deadline, machine, { ...envelopeFrom(parcel), isAsk: true }, (status, code) =>
      this.#settleHere(parcel.id, status, code),
    );
  }

  /** Logs what goes from machine to machine here. Returns what refuses it, where its machine does not accept it. */
  #takeHere(parcel: Parcel, machine: MachineId): (() => void) | undefined {
    const { clock, record } = this.#parts;
    if (this.host.isBusy(machine))
      throw new InterMachineError('MACHINE_BUSY', `Too many events wait for machine "${machine}" already`);
    const code = this.#refusalHere(parcel, machine);
    if (code) return () => this.settle(parcel.id, 'refused', code);
    record(logRow(parcel, 'local', 'delivered', clock.wallTime()));
    return undefined;
  }

  #settleHere(id: string, status: OutcomeStatus, code?: ErrorCode): void {
    const { change, self } = this.#parts;
    change({ type: 'status', direction: 'local', id, peer: self, status, ...(code && { code }) });
    this.settle(id, status, code);
  }

  async #answer(parcel: Parcel, node: NodeId): Promise<Outcome> {
    const { self, record, clock } = this.#parts;
    const outcome = this.outcomes.wait(parcel.id, { address: parcel.to, node }, 'handled');
    if (node !== self) this.#volatile.send(parcel, 'answer', 0);
    else {
      record(logRow(parcel, 'local', 'delivered', clock.wallTime()));
      this.#settleHere(parcel.id, this.#asks.answered(envelopeFrom(parcel)) ? 'handled' : 'ignored');
    }
    return await outcome;
  }

  #machineChanged(change: MachineChange): void {
    const { machine, type } = change;
    if (type === 'lost') {
      this.#addresses.delete(machine.id);
      this.watching.forget(machine.address);
      this.links.forget(machine.address);
    } else if (!machine.running) this.outcomes.machineReleased(machine.address);
    this.subscriptions.changed(change);
    this.#parts.machineChanged(change);
  }

  #failed(id: MachineId, failure: Failure): void {
    this.#parts.problem(
      `machine ${id} failed${atEvent(failure)} and begins anew in ${failure.restartsAfterMs} ms: ${failure.reason}`,
    );
    this.monitoring.ended(id, 'failed');
    this.sync.healthChanged(id, false);
    this.#showing.stepped(id);
  }

  #restarted(id: MachineId): void {
    this.#showing.restarted(id);
    if (this.terms.of(id).health === 'manual') this.beats.start(id);
    this.sync.healthChanged(id, true);
  }

  /** One that is parked or was released stays known; any other end takes it out. */
  #ended(id: MachineId, end: End): void {
    if (this.#stopped) return;
    const isParked = end.status === 'parked';
    if (isParked)
      this.#parts.problem(
        `machine ${id} is parked and takes no more events${atEvent(end.failure)}: ${end.failure.reason}`,
      );
    this.beats.stop(id);
    this.#showing.ended(id);
    this.monitoring.ended(id, isParked ? end.cause : 'stopped');
    if (isParked) this.sync.healthChanged(id, false);
    else if (this.registry.description(this.#parts.self, id)?.running) this.sync.removed(id);
  }

  #info(address: Address): MachineInfo | undefined {
    const { node, machine } = parseAddress(address);
    return this.registry.get(node, machine);
  }

  #typeOf(address: Address): string | undefined {
    const { node, machine } = parseAddress(address);
    return this.registry.description(node, machine)?.type;
  }
}

/** How far a send waits unless told: not for what nobody knows when it will be. */
const untilOf = ({ reachable, running }: MachineInfo): Until =>
  !reachable ? 'accepted' : running ? 'handled' : 'delivered';

const atEvent = ({ eventType }: Failure): string => (eventType === undefined ? '' : ` at ${eventType}`);

/** Sends in the name of the node itself link nothing. */
const NODE_SENDER = `/${NODE_MACHINE_ID}`;

/** Its event is a fresh object: a machine must not share one with its sender. */
export const envelopeFrom = ({ eventType: _, ttlMs: __, eventJson, ...parcel }: Parcel): Envelope => ({
  ...parcel,
  event: decodeEvent(eventJson),
});

const withTtl = (parcel: Parcel, ttlMs: number | undefined): Parcel =>
  ttlMs === undefined ? parcel : { ...parcel, ttlMs: Math.ceil(ttlMs) };
