import valid from 'semver/functions/valid.js';
import { Actor, type AnyActorLogic, createActor } from 'xstate';
import type { MachineDefinition, MachineLive } from '../../shared/api.ts';
import type { Outcome, SendableEvent } from '../../shared/envelope.ts';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import {
  type Address,
  addressOf,
  MAX_NAME_LENGTH,
  type MachineId,
  machineId,
  machineType,
  NODE_MACHINE_ID,
  type NodeId,
  parseAddress,
  shorten,
} from '../../shared/ids.ts';
import { enableActing } from './acting.ts';
import type { AskOptions, Reply } from './asks.ts';
import { Balancer } from './balancing.ts';
import { isText } from './checks.ts';
import { WAIT_TIMEOUT_MS } from './defaults.ts';
import { type FindOptions, isWanted, looksAtStates } from './finding.ts';
import type { FollowTarget } from './following.ts';
import { nameOf } from './given.ts';
import { type AddOptions, assertFree, type Persist } from './host.ts';
import type { JournaledDefinition } from './journal.ts';
import { assertPersistable, recordedAt } from './machine-record.ts';
import type { AnyTypes, EventOf, LogicOfType, ReplyOf, TypeName } from './machine-types.ts';
import type { Machinery, SendOptions } from './machinery.ts';
import { metadataFault } from './metadata.ts';
import type { MachineDown } from './monitoring.ts';
import type { Clock, MachineRow } from './ports.ts';
import { RegisteredMachine } from './registered-machine.ts';
import type {
  Found,
  MachineRegistrator,
  OneMachine,
  OneOfType,
  RegisterOptions,
  RestartOptions,
  TypeInfo,
  WaitOptions,
  WatchObserver,
} from './registrator.ts';
import type { MachineInfo } from './registry.ts';
import { descriptionOf, type MachineChange, machineRow } from './registry-sync.ts';
import { type RemoteActor, remoteLogic } from './remote-machine.ts';
import { type RemoteSnapshot, remoteSnapshot } from './remote-snapshot.ts';
import { resuming } from './resuming.ts';
import { Sender, type SenderParts } from './sender.ts';
import { type MachineQuery, type Subscription, subscription } from './subscriptions.ts';
import type { Terms } from './terms.ts';

/** What a registrator stands on. */
export interface RegistratorParts {
  readonly self: NodeId;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly machinery: Machinery;
  /** Milliseconds there and back; `undefined` while it is not known. */
  readonly roundTripMs: (node: NodeId) => number | undefined;
  readonly problem: (message: string) => void;
  /** Machines of ours that are remembered, running or not. */
  readonly remembered: Map<MachineId, MachineRow>;
  /** On disk when it resolves, where there is one. */
  readonly remember: (machine: MachineRow, options?: { readonly withoutState: boolean }) => Promise<void>;
  /** What persisted machines go on from; missing where there is no disk. */
  readonly kept?: KeptMachines;
  readonly forget: (id: MachineId) => Promise<void>;
}

/** The states of persisted machines, as they are on disk, or on their way there. */
export interface KeptMachines {
  /** `null` for one that the disk did not keep. */
  record(id: MachineId): string | null | undefined;
  /** The node's own time. */
  now(): number;
}

/** What all registrators have in common: machines, of this process and of wherever the lines of its machinery lead. */
export abstract class BaseRegistrator<Types extends object = AnyTypes> implements MachineRegistrator<Types> {
  readonly #parts: RegistratorParts;
  readonly #sender: Sender;
  readonly #registering = new Set<MachineId>();
  /** What rejects those who wait for machines. */
  readonly #waiting = new Set<(error: InterMachineError) => void>();
  #stopping: Promise<void> | undefined;

  constructor(parts: RegistratorParts) {
    this.#parts = parts;
    this.#sender = this.#senderOf(NODE_MACHINE_ID, undefined);
  }

  /** What `stop` does, once. */
  protected abstract end(): Promise<void>;

  // ---- Registering

  async register<Name extends TypeName<Types>, Logic extends LogicOfType<Types, Name>>(
    type: Name,
    machine: Logic | Actor<Logic>,
    options: RegisterOptions<Logic> = {},
  ): Promise<RegisteredMachine<Logic, Types>> {
    this.#assertRunning();
    const { self, machinery, remembered, remember, problem } = this.#parts;
    const { id: wantedId, version = '1.0.0', metadata = {} } = options;
    const id = wantedId === undefined ? this.#nextId(machineType(type)) : machineId(wantedId);
    if (this.#isTaken(id)) throw new InterMachineError('MACHINE_EXISTS', `A machine "${id}" runs on this node already`);
    assertVersion(version);
    assertMetadata(metadata);
    // Before anything is written about it.
    assertFree(id, machine);
    const persist = this.#persist(id, type, machine, options);
    const journal = this.#journal(id, machine, options);
    // What is sent to one that cannot go on waits until it does.
    const running = persist?.misfit === undefined;
    const description = { id, type: machineType(type), version, metadata, healthy: running, running };
    this.#registering.add(id);
    try {
      // On disk before anybody learns of it: what is sent to it must never meet a node that does not know it.
      const row = { ...machineRow(self, description), ...(options.expose === 'node' && { expose: options.expose }) };
      const erased = this.#erasedBy(id, type);
      await remember(row, { withoutState: persist?.record === undefined && persist?.misfit === undefined });
      if (erased !== undefined) problem(erased);
      this.#assertRunning();
      remembered.set(id, row);
      const sender = this.#senderOf(id, type);
      let actor = machinery.host.add(id, machine, sender.acting, {
        ...addOptions(options),
        ...(persist && { persist }),
        ...(journal && { journal }),
      });
      machinery.terms.set(id, termsOf(options));
      if (options.health === 'manual') machinery.beats.start(id);
      // It is found before it begins: what it sends at its entry comes from a machine that is known.
      machinery.sync.added(description);
      machinery.host.start(id);
      return new RegisteredMachine({
        id,
        address: addressOf(self, id),
        type,
        actor: () => {
          actor = machinery.host.shown(id)?.actor ?? actor;
          return actor as Actor<Logic>;
        },
        registrator: this,
        sender,
        links: { of: (address) => this.#linked(address), link: (one, other) => machinery.links.link(one, other) },
      });
    } finally {
      this.#registering.delete(id);
    }
  }

  async replace<Logic extends AnyActorLogic>(
    id: string,
    machine: Logic,
    options: Omit<RegisterOptions<Logic>, 'id'> = {},
  ): Promise<void> {
    this.#assertRunning();
    const { self, machinery, remembered, remember } = this.#parts;
    const known = this.#ownId(id);
    const { version = '1.0.0', metadata = {} } = options;
    assertVersion(version);
    assertMetadata(metadata);
    const type = remembered.get(known)?.type ?? '';
    const expose = options.expose === 'node' && { expose: options.expose };
    // What it goes on from is the snapshot, where there is one: its first step writes it down.
    const persist = this.#persist(known, undefined, machine, options);
    const journal = this.#journal(known, machine, options);
    const description = { id: known, type, version, metadata, healthy: true, running: true };
    machinery.host.replace(known, machine, {
      ...addOptions(options),
      ...(persist && { persist }),
      ...(journal && { journal }),
    });
    machinery.terms.set(known, termsOf(options));
    machinery.sync.added(description);
    const row = { ...machineRow(self, description), ...expose };
    remembered.set(known, row);
    await remember(row, { withoutState: persist === undefined });
  }

  async unregister(id: string): Promise<void> {
    const { machinery, remembered, forget } = this.#parts;
    const known = machineId(id);
    if (!remembered.delete(known))
      throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" is registered on this node`);
    machinery.host.stop(known);
    machinery.sync.removed(known);
    machinery.terms.delete(known);
    await forget(known);
  }

  release(id: string): void {
    const { machinery } = this.#parts;
    const known = this.#ownId(id);
    // First it is known to rest: what it has in hand then waits, instead of being refused with its end.
    machinery.sync.released(known);
    machinery.host.stop(known);
  }

  restartMachine(id: string, { fresh = false }: RestartOptions = {}): void {
    const { machinery, remembered, self } = this.#parts;
    const known = this.#ownId(id);
    const row = remembered.get(known);
    machinery.host.restart(known, fresh);
    // One that came to its end was taken out, and one that could not go on did not run.
    if (row && !machinery.registry.description(self, known)?.running)
      machinery.sync.added({ ...descriptionOf(row), healthy: true, running: true });
  }

  stopMachine(id: string): void {
    this.#parts.machinery.host.park(this.#ownId(id), 'it was stopped by hand');
  }

  // ---- Finding

  machine(idOrAddress: string): MachineInfo | undefined {
    try {
      return this.#parts.machinery.registry.resolve(idOrAddress);
    } catch {
      return undefined;
    }
  }

  machines(): readonly MachineInfo[] {
    return this.#parts.machinery.registry.all();
  }

  discoverByType<Name extends TypeName<Types>>(type: Name, options: FindOptions = {}): readonly Found<Types, Name>[] {
    const { registry, watching } = this.#parts.machinery;
    if (looksAtStates(options)) watching.wantStatesOf(type);
    return this.#wanted(registry.ofType(type), options) as readonly Found<Types, Name>[];
  }

  discoverByPattern(pattern: string, options: FindOptions = {}): readonly MachineInfo[] {
    const { registry, watching } = this.#parts.machinery;
    const machines = registry.ofPattern(pattern);
    if (looksAtStates(options))
      for (const type of new Set(machines.map((each) => each.type))) watching.wantStatesOf(type);
    return this.#wanted(machines, options);
  }

  async waitForType<Name extends TypeName<Types>>(
    type: Name,
    { count = 1, timeoutMs = WAIT_TIMEOUT_MS, ...options }: WaitOptions = {},
  ): Promise<readonly Found<Types, Name>[]> {
    this.#assertRunning();
    const { clock } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(reject);
    const found = new Set<Address>();
    const timer = clock.setTimeout(() => {
      const text = `${found.size} of ${count} machines of type "${type}" were found within ${timeoutMs} ms`;
      reject(new InterMachineError('NO_MACHINE_OF_TYPE', text));
    }, timeoutMs);
    const searching = this.subscribe({ type, ...options }, (change) => {
      if (change.type === 'lost') found.delete(change.machine.address);
      else found.add(change.machine.address);
      if (found.size >= count) resolve();
    });
    if (count <= 0) resolve();
    try {
      await promise;
      return this.discoverByType(type, options);
    } finally {
      clock.clearTimeout(timer);
      this.#waiting.delete(reject);
      searching.unsubscribe();
    }
  }

  types(): readonly TypeInfo[] {
    const { registry } = this.#parts.machinery;
    const typeInfo = (name: string): TypeInfo => {
      const machines = registry.ofType(name);
      const versions = [...new Set(machines.map(({ version }) => version))].sort();
      return { name, versions, machines: machines.length, nodes: new Set(machines.map(({ node }) => node)).size };
    };
    return this.availableTypes().map(typeInfo);
  }

  countOfType(type: TypeName<Types>): number {
    return this.#parts.machinery.registry.countOfType(type);
  }

  typeExists(type: TypeName<Types>): boolean {
    return this.countOfType(type) > 0;
  }

  availableTypes(): readonly string[] {
    return [...this.#parts.machinery.registry.types()].sort();
  }

  subscribe(query: TypeName<Types> | MachineQuery, listener: (change: MachineChange) => void): Subscription {
    const { subscriptions, watching } = this.#parts.machinery;
    const asked: MachineQuery = typeof query === 'string' ? { type: query } : query;
    if (asked.type !== undefined && looksAtStates(asked)) watching.wantStatesOf(asked.type);
    return subscriptions.subscribe(asked, this.#guarded('subscription', listener));
  }

  // ---- Health

  isHealthy(idOrAddress: string): boolean {
    const machine = this.machine(idOrAddress);
    return machine?.reachable === true && machine.healthy;
  }

  heartbeat(id: string): void {
    const { machinery, self } = this.#parts;
    const known = machineId(id);
    if (!machinery.registry.description(self, known)?.running)
      throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" runs on this node`);
    machinery.beats.heard(known);
  }

  // ---- Sending, from no machine

  sendTo<Event extends SendableEvent = SendableEvent>(
    target: string | MachineInfo<Event>,
    event: NoInfer<Event>,
    options: SendOptions = {},
  ): Promise<Outcome> {
    return this.#sender.sendTo(target, event, options);
  }

  async sendToType<Name extends TypeName<Types>>(
    type: Name,
    event: EventOf<Types, Name>,
    options: SendOptions = {},
  ): Promise<Outcome[]> {
    return await this.#sender.sendToType(type, event, options);
  }

  async broadcastToType<Name extends TypeName<Types>>(
    type: Name,
    event: EventOf<Types, Name>,
    options: SendOptions = {},
  ): Promise<Outcome[]> {
    return await this.sendToType(type, event, options);
  }

  async ask<Name extends TypeName<Types>, Event extends EventOf<Types, Name>>(
    target: string | OneOfType<Name> | MachineInfo<Event>,
    event: Event,
    options: AskOptions = {},
  ): Promise<Reply<ReplyOf<Types, Name, Event['type']>>> {
    const reply = await this.#sender.ask(target, event, options);
    return reply as Reply<ReplyOf<Types, Name, Event['type']>>;
  }

  // ---- Looking

  watch(target: string | MachineInfo, observer: ((snapshot: RemoteSnapshot) => void) | WatchObserver): Subscription {
    const given: WatchObserver = typeof observer === 'function' ? { next: observer } : observer;
    const next = this.#guarded('watch', (snapshot: RemoteSnapshot) => given.next?.(snapshot));
    const complete = this.#guarded('watch', () => given.complete?.());
    const machine = this.#resolve(target);
    const { address } = machine;
    let seen: MachineLive | undefined;
    let isOver = false;
    const end = this.#parts.machinery.watching.watch(machine, {
      live: (live) => {
        seen = live;
        next(remoteSnapshot({ connection: 'live', address, live }));
      },
      lost: () => next(remoteSnapshot({ connection: 'lost', address, live: seen })),
      ended: () => {
        if (!isOver) complete();
      },
    });
    return subscription(() => {
      isOver = true;
      end();
    });
  }

  monitor(target: string | MachineInfo, listener: (down: MachineDown) => void): Subscription {
    const { monitoring } = this.#parts.machinery;
    return subscription(monitoring.monitor(this.#resolve(target), this.#guarded('monitor', listener)));
  }

  async describe(target: string | MachineInfo): Promise<MachineDefinition> {
    return await this.#parts.machinery.watching.describe(this.#resolve(target));
  }

  actor<Name extends TypeName<Types>>(
    target: { readonly type: Name } & Extract<FollowTarget, { type: string }>,
  ): RemoteActor<LogicOfType<Types, Name>>;
  actor<Logic extends AnyActorLogic = AnyActorLogic>(target: OneMachine<Types>): RemoteActor<Logic>;
  actor(target: FollowTarget | string): RemoteActor<AnyActorLogic> {
    this.#assertRunning();
    const followed = typeof target === 'string' ? { machine: target } : target;
    const actor = createActor(remoteLogic(followed), { clock: this.#parts.clock });
    enableActing(actor, this.#sender.acting);
    // That a machine elsewhere failed is in its snapshot; it must not count as an error that nobody caught here.
    actor.subscribe({ error: () => {} });
    return actor.start();
  }

  // ---- The end

  stop(): Promise<void> {
    this.#stopping ??= this.end();
    for (const reject of this.#waiting) reject(new InterMachineError('NODE_STOPPED', 'The node is stopped'));
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // ---- Within

  #senderOf(id: MachineId, type: string | undefined): Sender {
    const { machinery, problem, random, roundTripMs } = this.#parts;
    const parts: SenderParts = {
      machinery,
      problem,
      resolve: (target) => this.#resolve(target),
      balancer: new Balancer({
        random,
        inFlight: (address) => machinery.outcomes.inFlight(address),
        roundTripMs: ({ local, node }) => (local ? 0 : (roundTripMs(node) ?? Number.POSITIVE_INFINITY)),
      }),
    };
    return new Sender(id, type, parts);
  }

  /** How it is persisted, and what it goes on from. Throws NOT_PERSISTABLE. */
  #persist<Logic extends AnyActorLogic>(
    id: MachineId,
    type: string | undefined,
    machine: Logic | Actor<Logic>,
    { persist = false, version = '1.0.0', timers = 'resume-deadline', input, migrate }: RegisterOptions<Logic>,
  ): Persist | undefined {
    const { machinery, kept, remembered } = this.#parts;
    if (!persist || !kept) return undefined;
    assertOurs(id, machine);
    assertPersistable(id, machine, input);
    const text = remembered.get(id)?.type === type ? kept.record(id) : undefined;
    const definition = machinery.definitionOf(machine);
    const going = text === undefined ? {} : resuming(text, { version, definition, logic: machine, migrate });
    return { version, definition, delays: timers, now: kept.now, ...going };
  }

  /** What is to be told where the state of a machine of another type is lost to a new one under its id. */
  #erasedBy(id: MachineId, type: string): string | undefined {
    const { kept, remembered, clock } = this.#parts;
    const before = remembered.get(id)?.type;
    const text = kept?.record(id);
    if (!kept || text === undefined || before === undefined || before === type) return undefined;
    const at = recordedAt(text);
    const since = at === undefined ? '' : `, of ${new Date(clock.wallTime() - kept.now() + at).toISOString()},`;
    return `machine "${id}" was of type "${before}" and is of type "${type}" now: the state that it had${since} was erased, and what waits for it goes to the new one. Where that was not meant, give the new one another id, and get the state back from a backup`;
  }

  /** What is to be known of it for its journal. Throws NOT_PERSISTABLE. */
  #journal<Logic extends AnyActorLogic>(
    id: MachineId,
    machine: Logic | Actor<Logic>,
    { journal = false, input }: RegisterOptions<Logic>,
  ): JournaledDefinition | undefined {
    const { machinery, kept } = this.#parts;
    if (!journal || !kept) return undefined;
    assertOurs(id, machine);
    assertPersistable(id, machine, input);
    return machinery.journaled(machine);
  }

  #resolve(target: string | MachineInfo): MachineInfo {
    const { registry, host } = this.#parts.machinery;
    const name = nameOf(target);
    try {
      return registry.resolve(name);
    } catch (thrown) {
      const id = name.startsWith(`im://${this.#parts.self}/`) ? parseAddress(name).machine : (name as MachineId);
      if (host.shown(id)) throw new InterMachineError('MACHINE_STOPPED', `Machine "${id}" of this node has ended`);
      throw thrown;
    }
  }

  /** Throws MACHINE_UNKNOWN. */
  #ownId(id: string): MachineId {
    const known = machineId(id);
    if (this.#parts.machinery.host.shown(known)) return known;
    if (this.#parts.remembered.has(known))
      throw new InterMachineError('MACHINE_STOPPED', `Machine "${id}" does not run: its program has not registered it`);
    throw new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" is registered on this node`);
  }

  #wanted(machines: readonly MachineInfo[], options: FindOptions): readonly MachineInfo[] {
    const { watching } = this.#parts.machinery;
    return machines.filter((machine) => isWanted(machine, options, (each) => watching.stateOf(each)));
  }

  #linked(address: Address): readonly MachineInfo[] {
    const { registry, links } = this.#parts.machinery;
    const { node, machine } = parseAddress(address);
    const type = registry.description(node, machine)?.type;
    const ofType = type === undefined ? [] : registry.ofType(type).map((each) => each.address);
    const addresses = new Set([...ofType, ...links.of(address)]);
    addresses.delete(address);
    return [...addresses].flatMap((each) => this.machine(each) ?? []);
  }

  /** What a program's listener throws is told, and disturbs nobody: least of all the line on which the news came. */
  #guarded<News extends unknown[]>(what: string, listener: (...news: News) => void): (...news: News) => void {
    return (...news) => {
      try {
        listener(...news);
      } catch (thrown) {
        this.#parts.problem(`the listener of a ${what} failed: ${reasonOf(thrown)}`);
      }
    };
  }

  #isTaken(id: MachineId): boolean {
    return this.#parts.machinery.host.isRunning(id) || this.#registering.has(id);
  }

  /** The first of `<type>_1`, `<type>_2` … that is free, or that a machine of this type had before. */
  #nextId(type: string): MachineId {
    for (let n = 1; ; n++) {
      const end = `_${n}`;
      const id = machineId(type.slice(0, MAX_NAME_LENGTH - end.length) + end);
      const before = this.#parts.remembered.get(id);
      if (!this.#isTaken(id) && (!before || before.type === type)) return id;
    }
  }

  #assertRunning(): void {
    if (this.#stopping !== undefined) throw new InterMachineError('NODE_STOPPED', 'The node is stopped');
  }
}

/** Throws NOT_PERSISTABLE. */
function assertOurs<Logic extends AnyActorLogic>(
  id: MachineId,
  machine: Logic | Actor<Logic>,
): asserts machine is Logic {
  if (machine instanceof Actor)
    throw new InterMachineError(
      'NOT_PERSISTABLE',
      `"${id}" is an actor that runs already, and that only its program can start: register its machine instead`,
    );
}

const addOptions = ({ input, snapshot, supervision }: Omit<RegisterOptions<AnyActorLogic>, 'id'>): AddOptions => ({
  ...(input !== undefined && { input }),
  ...(snapshot !== undefined && { snapshot }),
  ...(supervision !== undefined && { supervision }),
});

const termsOf = ({ accept, expose, watchable, health }: Terms): Terms => ({
  ...(accept && { accept }),
  ...(expose && { expose }),
  ...(watchable !== undefined && { watchable }),
  ...(health && { health }),
});

function assertMetadata(metadata: Readonly<Record<string, string>>): void {
  const fault = metadataFault(metadata);
  if (fault !== undefined) throw new InterMachineError('MACHINE_METADATA_INVALID', `metadata: ${fault}`);
}

function assertVersion(version: string): void {
  if (!isText(version) || valid(version) === null)
    throw new InterMachineError(
      'MACHINE_VERSION_INVALID',
      `"${shorten(version)}" is no version: 1.2.3 is expected (semver.org)`,
    );
}
