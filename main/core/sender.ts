import type { Outcome, SendableEvent } from '../../shared/envelope.ts';
import { codedReasonOf, type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { MachineId } from '../../shared/ids.ts';
import type { Acting, Origin } from './acting.ts';
import type { AskOptions, Reply } from './asks.ts';
import type { Balancer, Choice } from './balancing.ts';
import { type FindOptions, isWanted, looksAtStates } from './finding.ts';
import { assertOptions, nameOf } from './given.ts';
import type { ActingOptions, Machinery } from './machinery.ts';
import type { MachineInfo } from './registry.ts';

/** What a sender stands on. */
export interface SenderParts {
  readonly machinery: Machinery;
  readonly balancer: Balancer;
  readonly problem: (message: string) => void;
  /** Finds what is meant by an id or an address. Throws MACHINE_UNKNOWN, MACHINE_AMBIGUOUS, MACHINE_STOPPED, ADDRESS_INVALID. */
  readonly resolve: (target: string) => MachineInfo;
}

/** To whom: an id that is the only one, an address, or a machine that was found. */
export type Target = string | MachineInfo;

/** Whichever of a type. */
type OneOf = { readonly type: string } & Partial<Choice>;

/** Sends in the name of one machine, or of the node: for programs, which get outcomes, and as `acting` for the machine itself, which does not wait. */
export class Sender {
  readonly #self: MachineId;
  /** Missing for the node itself. */
  readonly #type: string | undefined;
  readonly #parts: SenderParts;

  constructor(self: MachineId, type: string | undefined, parts: SenderParts) {
    this.#self = self;
    this.#type = type;
    this.#parts = parts;
  }

  // By hand, as it is done for every event: an async function would add a promise to the one that there is.
  sendTo(target: Target, event: SendableEvent, options: ActingOptions = {}): Promise<Outcome> {
    try {
      return this.#parts.machinery.send(this.#self, this.#resolve(target), event, options);
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  async ask(target: Target | OneOf, event: SendableEvent, options: AskOptions): Promise<Reply> {
    const machine = isOneOfType(target)
      ? await this.#choose(target.type, { strategy: 'random', ...target } as Choice)
      : this.#resolve(target);
    return await this.#parts.machinery.ask(this.#self, machine, event, options);
  }

  async reply(origin: Origin, event: SendableEvent, options: ActingOptions = {}): Promise<Outcome> {
    return await this.#parts.machinery.reply(this.#self, origin, event, options);
  }

  async sendToType(type: string, event: SendableEvent, options: ActingOptions = {}): Promise<Outcome[]> {
    return await this.#sendToMany(this.#parts.machinery.registry.ofType(type), event, options);
  }

  async sendToPattern(pattern: string, event: SendableEvent, options: ActingOptions = {}): Promise<Outcome[]> {
    return await this.#sendToMany(this.#parts.machinery.registry.ofPattern(pattern), event, options);
  }

  async broadcastToSameType(event: SendableEvent, options: ActingOptions = {}): Promise<Outcome[]> {
    return this.#type === undefined ? [] : await this.sendToType(this.#type, event, options);
  }

  async sendToOneOfType(type: string, event: SendableEvent, options: Choice & ActingOptions): Promise<Outcome> {
    assertOptions(options);
    const { machinery } = this.#parts;
    // Where nothing has to be asked for first, it leaves in this very turn, as what belongs to a step must.
    const isOfStep = options.isActing && machinery.host.stepOf(this.#self) !== undefined;
    const machine =
      looksAtStates(options) && !isOfStep ? await this.#choose(type, options) : this.#chooseNow(type, options);
    return await machinery.send(this.#self, machine, event, options);
  }

  /** Everything of a type that is wanted, but the machine itself. */
  othersOfType(type: string, options: FindOptions): readonly MachineInfo[] {
    const { registry, watching } = this.#parts.machinery;
    const stateOf = (machine: MachineInfo) => watching.stateOf(machine);
    return this.#others(registry.ofType(type)).filter((machine) => isWanted(machine, options, stateOf));
  }

  /** For the machine itself. It goes on at once: what was accepted is in the log, what was not is a problem. */
  get acting(): Acting {
    const { machinery, problem } = this.#parts;
    const tell = (sending: Promise<unknown>) => {
      sending.catch((thrown: unknown) => problem(`machine ${this.#self} could not send: ${codedReasonOf(thrown)}`));
    };
    const accepted: ActingOptions = { until: 'accepted', isActing: true };
    return {
      sendTo: (target, event) => tell(this.sendTo(target, event, accepted)),
      reply: (origin, event) => tell(this.reply(origin, event, accepted)),
      sendToType: (type, event) => tell(this.sendToType(type, event, accepted)),
      sendToPattern: (pattern, event) => tell(this.sendToPattern(pattern, event, accepted)),
      sendToOneOfType: (type, event, choice) => tell(this.sendToOneOfType(type, event, { ...choice, ...accepted })),
      broadcastToSameType: (event) => tell(this.broadcastToSameType(event, accepted)),
      follow: (target, follower) => machinery.follow(target, follower),
      problem,
    };
  }

  /** A machine of ours that takes nothing is told at once. */
  #resolve(target: Target): MachineInfo {
    const { resolve, machinery } = this.#parts;
    const machine = resolve(nameOf(target));
    if (machine.local && machine.running && !machinery.host.isRunning(machine.id))
      throw new InterMachineError(
        'MACHINE_STOPPED',
        `Machine "${machine.id}" takes no events: it failed, or was stopped`,
      );
    return machine;
  }

  /** What machines do is asked for first, where it matters. */
  async #choose(type: string, choice: Choice): Promise<MachineInfo> {
    const { watching, registry } = this.#parts.machinery;
    if (looksAtStates(choice)) {
      watching.wantStatesOf(type);
      await watching.statesKnown(registry.ofType(type));
    }
    return this.#chooseNow(type, choice);
  }

  #chooseNow(type: string, choice: Choice): MachineInfo {
    const { where, version } = choice;
    const wanted = this.othersOfType(type, { ...(where && { where }), ...(version && { version }) });
    const chosen = this.#parts.balancer.choose(wanted, choice, `${this.#self} ${type}`);
    if (chosen) return chosen;
    throw new InterMachineError('NO_MACHINE_OF_TYPE', this.#nobody(type));
  }

  #nobody(type: string): string {
    const known = this.#others(this.#parts.machinery.registry.ofType(type)).length;
    const others =
      known === 0 ? 'none is known' : `${known} known, but away, not running, unhealthy or not what was asked for`;
    return `No machine of type "${type}" can be chosen for "${this.#self}": ${others}`;
  }

  async #sendToMany(
    machines: readonly MachineInfo[],
    event: SendableEvent,
    options: ActingOptions,
  ): Promise<Outcome[]> {
    return await Promise.all(this.#others(machines).map((machine) => this.#sendToOneOfMany(machine, event, options)));
  }

  /** What cannot be taken up for one of many is its outcome, and keeps no other from getting the event. */
  async #sendToOneOfMany(machine: MachineInfo, event: SendableEvent, options: ActingOptions): Promise<Outcome> {
    try {
      return await this.#parts.machinery.send(this.#self, machine, event, options);
    } catch (thrown) {
      if (!(thrown instanceof InterMachineError) || !OF_ONE_RECEIVER.includes(thrown.code)) throw thrown;
      return { id: '', status: 'refused', code: thrown.code };
    }
  }

  #others(machines: readonly MachineInfo[]): readonly MachineInfo[] {
    return machines.filter((machine) => !(machine.local && machine.id === this.#self));
  }
}

const isOneOfType = (target: Target | OneOf): target is OneOf =>
  typeof target === 'object' && target !== null && !('address' in target) && typeof target.type === 'string';

/** What may be wrong with one receiver and not with the others. */
const OF_ONE_RECEIVER: readonly ErrorCode[] = [
  'OUTBOX_FULL',
  'MACHINE_BUSY',
  'STORE_FULL',
  'STORE_FAILED',
  'MACHINE_STOPPED',
];
