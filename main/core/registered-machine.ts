import type { Actor, AnyActorLogic } from 'xstate';
import type { Outcome, SendableEvent } from '../../shared/envelope.ts';
import type { Address, MachineId } from '../../shared/ids.ts';
import type { Origin } from './acting.ts';
import type { AskOptions, Reply } from './asks.ts';
import type { Choice } from './balancing.ts';
import type { AnyTypes, EventOf, OwnEventOf, ReplyOf, TypeName } from './machine-types.ts';
import type { SendOptions } from './machinery.ts';
import type { MachineDown } from './monitoring.ts';
import type { Found, MachineRegistrator, OneOfType, WatchObserver } from './registrator.ts';
import type { MachineInfo } from './registry.ts';
import type { RemoteSnapshot } from './remote-snapshot.ts';
import type { Sender } from './sender.ts';
import type { Subscription } from './subscriptions.ts';

/** What a registered machine stands on. */
export interface RegisteredMachineParts<Logic extends AnyActorLogic, Types extends object> {
  readonly id: MachineId;
  readonly address: Address;
  readonly type: TypeName<Types>;
  readonly actor: () => Actor<Logic>;
  readonly registrator: MachineRegistrator<Types>;
  readonly sender: Sender;
  readonly links: { of(machine: Address): readonly MachineInfo[]; link(one: Address, other: Address): void };
}

/** A machine that runs here, and what can be done in its name. */
export class RegisteredMachine<Logic extends AnyActorLogic = AnyActorLogic, Types extends object = AnyTypes>
  implements AsyncDisposable
{
  readonly id: MachineId;
  readonly address: Address;
  readonly type: TypeName<Types>;
  readonly registrator: MachineRegistrator<Types>;
  readonly #actor: () => Actor<Logic>;
  readonly #sender: Sender;
  readonly #links: RegisteredMachineParts<Logic, Types>['links'];

  constructor(parts: RegisteredMachineParts<Logic, Types>) {
    this.id = parts.id;
    this.address = parts.address;
    this.type = parts.type;
    this.#actor = parts.actor;
    this.registrator = parts.registrator;
    this.#sender = parts.sender;
    this.#links = parts.links;
  }

  /** The present one: a machine that failed and began anew has another. */
  get actor(): Actor<Logic> {
    return this.#actor();
  }

  // ---- Finding, and links

  /** Links it with all machines of a type that an event would reach now; itself is not among them. */
  async discoverAndConnect<Name extends TypeName<Types>>(type: Name): Promise<readonly Found<Types, Name>[]> {
    const others = this.#sender.othersOfType(type, {});
    for (const { address } of others) this.#links.link(this.address, address);
    return others as readonly Found<Types, Name>[];
  }

  /** The machines it is linked with: those of its own type, those it sent to, and those it connected to. */
  connections(): readonly MachineInfo[] {
    return this.#links.of(this.address);
  }

  countOfType(type: TypeName<Types>): number {
    return this.registrator.countOfType(type);
  }

  typeExists(type: TypeName<Types>): boolean {
    return this.registrator.typeExists(type);
  }

  availableTypes(): readonly string[] {
    return this.registrator.availableTypes();
  }

  // ---- Sending

  /** Rejects with MACHINE_UNKNOWN, MACHINE_AMBIGUOUS, MACHINE_STOPPED and what every send rejects with (`MachineRegistrator.sendTo`). */
  async sendTo<Event extends SendableEvent = SendableEvent>(
    target: string | MachineInfo<Event>,
    event: NoInfer<Event>,
    options: SendOptions = {},
  ): Promise<Outcome> {
    return await this.#sender.sendTo(target, event, options);
  }

  /** To all machines of a type but itself; those of nodes that are away get it when they are back. */
  async sendToType<Name extends TypeName<Types>>(
    type: Name,
    event: EventOf<Types, Name>,
    options: SendOptions = {},
  ): Promise<Outcome[]> {
    return await this.#sender.sendToType(type, event, options);
  }

  /** To all machines but itself whose type fits; those of nodes that are away get it when they are back. */
  async sendToPattern(pattern: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome[]> {
    return await this.#sender.sendToPattern(pattern, event, options);
  }

  /** To one machine of a type, by chance, among those that an event would reach now. Rejects with NO_MACHINE_OF_TYPE. */
  async sendToRandomOfType<Name extends TypeName<Types>>(
    type: Name,
    event: EventOf<Types, Name>,
    options: SendOptions = {},
  ): Promise<Outcome> {
    return await this.#sender.sendToOneOfType(type, event, { strategy: 'random', ...options });
  }

  /** To one machine of a type that is chosen as told (`Balance`). Rejects with NO_MACHINE_OF_TYPE, INPUT_INVALID. */
  async sendToOneOfType<Name extends TypeName<Types>>(
    type: Name,
    event: EventOf<Types, Name>,
    options: Choice & SendOptions,
  ): Promise<Outcome> {
    return await this.#sender.sendToOneOfType(type, event, options);
  }

  /** To all others of its own type. */
  async broadcastToSameType(event: OwnEventOf<Types, Logic>, options: SendOptions = {}): Promise<Outcome[]> {
    return await this.#sender.broadcastToSameType(event, options);
  }

  /** Asks, and waits for the reply. Rejects as `MachineRegistrator.ask` does. */
  async ask<Name extends TypeName<Types>, Event extends EventOf<Types, Name>>(
    target: string | OneOfType<Name> | MachineInfo<Event>,
    event: Event,
    options: AskOptions = {},
  ): Promise<Reply<ReplyOf<Types, Name, Event['type']>>> {
    const reply = await this.#sender.ask(target, event, options);
    return reply as Reply<ReplyOf<Types, Name, Event['type']>>;
  }

  /** Answers an event that the machine got earlier; `originOf(event)` tells where it came from. */
  async reply(origin: Origin, event: SendableEvent, options: SendOptions = {}): Promise<Outcome> {
    return await this.#sender.reply(origin, event, options);
  }

  // ---- Looking

  watch(target: string | MachineInfo, observer: ((snapshot: RemoteSnapshot) => void) | WatchObserver): Subscription {
    return this.registrator.watch(target, observer);
  }

  monitor(target: string | MachineInfo, listener: (down: MachineDown) => void): Subscription {
    return this.registrator.monitor(target, listener);
  }

  // ---- The end

  /** Stops the machine and retires its id. */
  async unregister(): Promise<void> {
    await this.registrator.unregister(this.id);
  }

  /** Stops the machine and keeps its id: what is sent to it waits until it is registered again. One that ended by itself stays so. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.registrator.machine(this.address)?.running) this.registrator.release(this.id);
  }
}
