import type { Actor, AnyActorLogic } from 'xstate';
import type { Outcome, SendableEvent, Until } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { Address, MachineId } from '../../shared/ids.ts';
import type { Acting } from './acting.ts';
import type { MachineInfo, Registry } from './registry.ts';

export interface SendOptions {
  /** How far to wait: `handled` unless told otherwise while the receiver's node is alive, else `accepted`. */
  readonly until?: Until;
}

/** What a registered machine needs of its node. */
export interface MachineNode {
  readonly registry: Registry;
  /** Rejects with EVENT_INVALID, ENVELOPE_TOO_LARGE, OUTBOX_FULL, STORE_FULL, STORE_FAILED, NODE_STOPPED. */
  send(
    from: MachineId,
    to: MachineInfo,
    event: SendableEvent,
    options: SendOptions & { readonly correlationId?: string },
  ): Promise<Outcome>;
  unregister(id: MachineId): Promise<void>;
  problem(message: string): void;
  random(): number;
}

/** A machine that runs on this node, and what can be done in its name. */
export class RegisteredMachine<Logic extends AnyActorLogic = AnyActorLogic> {
  readonly id: MachineId;
  readonly address: Address;
  readonly type: string;
  readonly actor: Actor<Logic>;
  readonly #sender: MachineSender;
  readonly #node: MachineNode;

  constructor(
    self: Pick<MachineInfo, 'id' | 'address' | 'type'>,
    actor: Actor<Logic>,
    sender: MachineSender,
    node: MachineNode,
  ) {
    this.id = self.id;
    this.address = self.address;
    this.type = self.type;
    this.actor = actor;
    this.#sender = sender;
    this.#node = node;
  }

  /** To a machine by its address, or by its id where that is the only one. Rejects with MACHINE_UNKNOWN, MACHINE_AMBIGUOUS and what a send rejects with. */
  sendTo(idOrAddress: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome> {
    return this.#sender.sendTo(idOrAddress, event, options);
  }

  /** To all machines of a type but itself; those of nodes that are away get it when they are back. */
  sendToType(type: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome[]> {
    return this.#sender.sendToType(type, event, options);
  }

  /** To one machine of a type, by chance, among those that are reachable. Rejects with NO_MACHINE_OF_TYPE. */
  sendToRandomOfType(type: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome> {
    return this.#sender.sendToRandomOfType(type, event, options);
  }

  /** Stops the machine and retires its id. */
  unregister(): Promise<void> {
    return this.#node.unregister(this.id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unregister();
  }
}

/** Sends in the name of one machine: for programs, which get the outcome, and as `acting` for the machine itself, which does not wait. */
export class MachineSender {
  readonly #self: MachineId;
  readonly #node: MachineNode;

  constructor(self: MachineId, node: MachineNode) {
    this.#self = self;
    this.#node = node;
  }

  async sendTo(
    target: string,
    event: SendableEvent,
    options: SendOptions & { readonly correlationId?: string },
  ): Promise<Outcome> {
    return await this.#node.send(this.#self, this.#node.registry.resolve(target), event, options);
  }

  async sendToType(type: string, event: SendableEvent, options: SendOptions): Promise<Outcome[]> {
    const others = this.#node.registry.ofType(type).filter((machine) => !this.#isSelf(machine));
    return await Promise.all(others.map((machine) => this.#sendToOneOfMany(machine, event, options)));
  }

  async sendToRandomOfType(type: string, event: SendableEvent, options: SendOptions): Promise<Outcome> {
    const others = this.#node.registry.ofType(type).filter((machine) => machine.reachable && !this.#isSelf(machine));
    const chosen = others[Math.floor(this.#node.random() * others.length)];
    if (!chosen)
      throw new InterMachineError(
        'NO_MACHINE_OF_TYPE',
        `No machine of type "${type}" is reachable from "${this.#self}"`,
      );
    return await this.#node.send(this.#self, chosen, event, options);
  }

  /** For the machine itself. It goes on at once: what was accepted is in the log, what was not is a problem. */
  get acting(): Acting {
    const tell = (sending: Promise<unknown>) => {
      sending.catch((thrown: unknown) => this.#node.problem(`machine ${this.#self} could not send: ${textOf(thrown)}`));
    };
    const until: Until = 'accepted';
    return {
      sendTo: (target, event, correlationId) =>
        tell(this.sendTo(target, event, { until, ...(correlationId !== undefined && { correlationId }) })),
      sendToType: (type, event) => tell(this.sendToType(type, event, { until })),
      sendToRandomOfType: (type, event) => tell(this.sendToRandomOfType(type, event, { until })),
    };
  }

  /** What cannot be taken up for one of many is its outcome, and keeps no other from getting the event. */
  async #sendToOneOfMany(machine: MachineInfo, event: SendableEvent, options: SendOptions): Promise<Outcome> {
    try {
      return await this.#node.send(this.#self, machine, event, options);
    } catch (thrown) {
      if (!(thrown instanceof InterMachineError) || !OF_ONE_RECEIVER.includes(thrown.code)) throw thrown;
      return { id: '', status: 'refused', code: thrown.code };
    }
  }

  #isSelf(machine: MachineInfo): boolean {
    return machine.local && machine.id === this.#self;
  }
}

/** What may be wrong with one receiver and not with the others. */
const OF_ONE_RECEIVER: readonly ErrorCode[] = ['OUTBOX_FULL', 'MACHINE_BUSY', 'STORE_FULL', 'STORE_FAILED'];

const textOf = (thrown: unknown): string =>
  thrown instanceof InterMachineError ? `${thrown.message} (${thrown.code})` : String(thrown);
