import type { Actor, AnyActor, AnyActorLogic } from 'xstate';
import type { Envelope, Outcome, SendableEvent } from '../../shared/envelope.ts';
import { codedReasonOf, type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import { type Address, addressOf, type MachineId, machineId } from '../../shared/ids.ts';
import type { Acting } from './acting.ts';
import { machineryOf, type ProcessParts } from './local-registrator.ts';
import type { Machinery, SendOptions } from './machinery.ts';
import type { MachineInfo } from './registry.ts';
import type { MachineChange } from './registry-sync.ts';

/** What machines of one connector have for a type; nobody asks for it. */
const MACHINE_OF_CONNECTOR = 'Machine';

/** Runs machines side by side in one process and carries events between those that are connected: nothing else passes. */
export class Connector implements Disposable {
  readonly #parts: ProcessParts;
  readonly #machinery: Machinery;

  constructor(parts: ProcessParts) {
    this.#parts = parts;
    this.#machinery = machineryOf(
      parts,
      (id) => this.#machinery.registry.description(parts.self, id) !== undefined,
      (change) => this.#changed(change),
    );
  }

  /**
   * Starts a machine under an id, or takes in an actor that runs already, which stays its owner's to stop. Returns its actor.
   * Throws MACHINE_ID_INVALID, MACHINE_EXISTS, MACHINE_STOPPED, NODE_STOPPED.
   */
  registerMachine<Logic extends AnyActorLogic>(id: string, machine: Logic | Actor<Logic>): Actor<Logic> {
    const known = machineId(id);
    const { host, sync } = this.#machinery;
    this.#machinery.assertOpen();
    const acting = this.#actingOf(known);
    // Its program holds its actor, so no other one takes its place when it fails.
    const options = { supervision: 'park' } as const;
    const actor = host.add(known, machine as AnyActorLogic | AnyActor, acting, options) as Actor<Logic>;
    sync.added({ id: known, type: MACHINE_OF_CONNECTOR, version: '1.0.0', metadata: {}, healthy: true, running: true });
    host.start(known);
    return actor;
  }

  /** Stops a machine, if it did not end already, and takes its links with it. Throws MACHINE_UNKNOWN. */
  unregisterMachine(id: string): void {
    const known = machineId(id);
    const { host, sync } = this.#machinery;
    if (!host.shown(known)) throw unknown(id);
    host.stop(known);
    sync.removed(known);
  }

  /** Connects two machines, both ways. Connecting them twice is one link. Throws MACHINE_UNKNOWN, INPUT_INVALID for one machine alone. */
  connect(one: string, other: string): void {
    const ends = [this.#machine(one).address, this.#machine(other).address] as const;
    if (ends[0] === ends[1]) throw new InterMachineError('INPUT_INVALID', `"${one}" cannot be connected with itself`);
    this.#machinery.links.link(...ends);
  }

  /** Throws MACHINE_UNKNOWN, NOT_LINKED. */
  disconnect(one: string, other: string): void {
    if (!this.#machinery.links.unlink(this.#machine(one).address, this.#machine(other).address))
      throw notLinked(one, other);
  }

  /** Ids of the machines that it is connected with. Throws MACHINE_UNKNOWN. */
  connections(id: string): readonly MachineId[] {
    return this.#linked(this.#machine(id).address).map((machine) => machine.id);
  }

  /** Ids of all machines. */
  machines(): readonly MachineId[] {
    return this.#machinery.registry.all().map((machine) => machine.id);
  }

  /** Rejects with MACHINE_UNKNOWN, MACHINE_STOPPED, NOT_LINKED, EVENT_INVALID, ENVELOPE_TOO_LARGE, MACHINE_BUSY, NODE_STOPPED. */
  async send(from: string, to: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome> {
    const [sender, receiver] = [this.#machine(from), this.#machine(to)];
    if (!this.#machinery.links.has(sender.address, receiver.address)) throw notLinked(from, to);
    return await this.#machinery.send(sender.id, receiver, event, options);
  }

  /** To every machine that it is connected with; what cannot be taken up for one of them is its outcome. Rejects with MACHINE_UNKNOWN, MACHINE_STOPPED, EVENT_INVALID, NODE_STOPPED. */
  async broadcast(from: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome[]> {
    const sender = this.#machine(from);
    return await Promise.all(
      this.#linked(sender.address).map(async (receiver) => {
        try {
          return await this.#machinery.send(sender.id, receiver, event, options);
        } catch (thrown) {
          if (!(thrown instanceof InterMachineError) || thrown.code !== 'MACHINE_BUSY') throw thrown;
          return { id: '', status: 'refused', code: thrown.code };
        }
      }),
    );
  }

  /**
   * From here on `handler` takes what is for the machine, in its place; without one, the machine again. Returns what ends that.
   * Throws MACHINE_UNKNOWN, MACHINE_STOPPED.
   */
  setMessageHandler(id: string, handler: ((envelope: Envelope) => void) | undefined): () => void {
    return this.#machinery.host.handle(this.#machine(id).id, handler);
  }

  /** Stops all machines that it started: what waits for them is refused. May be called twice. */
  stop(): void {
    this.#machinery.stop();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** What failed is gone like what came to its end: nobody starts it anew here. */
  #changed({ type, machine }: MachineChange): void {
    if (type === 'changed' && !machine.healthy) this.#machinery.sync.removed(machine.id);
  }

  #machine(id: string): MachineInfo {
    const known = machineId(id);
    const { registry, host } = this.#machinery;
    const machine = registry.get(this.#parts.self, known);
    if (machine) return machine;
    if (host.shown(known)) throw new InterMachineError('MACHINE_STOPPED', `Machine "${id}" has ended`);
    throw unknown(id);
  }

  #linked(address: Address): readonly MachineInfo[] {
    const { links, registry } = this.#machinery;
    return links.of(address).map((each) => registry.resolve(each));
  }

  /** What the machine itself may do: send to those it is connected with, and reply. */
  #actingOf(id: MachineId): Acting {
    const { report, self } = this.#parts;
    const tell = (sending: Promise<unknown>) => {
      sending.catch((thrown: unknown) => report(`machine ${id} could not send: ${codedReasonOf(thrown)}`));
    };
    const noTypes = () =>
      report(`machine ${id} could not send: there are no types here, only machines that are connected`);
    return {
      sendTo: (target, event) => tell(this.send(id, target, event)),
      reply: (origin, event) => tell(this.#machinery.reply(id, origin, event, {})),
      sendToType: noTypes,
      sendToPattern: noTypes,
      sendToOneOfType: noTypes,
      broadcastToSameType: (event) => tell(this.broadcast(id, event)),
      follow: (target, follower) =>
        this.#machinery.follow(
          'machine' in target ? { machine: addressOf(self, machineId(target.machine)) } : target,
          follower,
        ),
      problem: report,
    };
  }
}

const unknown = (id: string) => new InterMachineError('MACHINE_UNKNOWN', `No machine "${id}" is here`);

const notLinked = (one: string, other: string) =>
  new InterMachineError(
    'NOT_LINKED' satisfies ErrorCode,
    `"${one}" and "${other}" are not connected: connect them first`,
  );
