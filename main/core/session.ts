import type { Actor, AnyActorLogic } from 'xstate';
import type { Envelope, Outcome, SendableEvent } from '../../shared/envelope.ts';
import type { MachineId } from '../../shared/ids.ts';
import type { Connector } from './connector.ts';
import type { SendOptions } from './machinery.ts';

/** A machine in a session, and what can be done in its name. */
export class ConnectedMachine<Logic extends AnyActorLogic = AnyActorLogic> {
  readonly id: MachineId;
  readonly actor: Actor<Logic>;
  readonly #connector: Connector;

  constructor(id: MachineId, actor: Actor<Logic>, connector: Connector) {
    this.id = id;
    this.actor = actor;
    this.#connector = connector;
  }

  /** To a machine that it is connected with. Rejects as `InterMachineConnector.send` does. */
  async sendTo(id: string, event: SendableEvent, options: SendOptions = {}): Promise<Outcome> {
    return await this.#connector.send(this.id, id, event, options);
  }

  /** To every machine that it is connected with. */
  async broadcast(event: SendableEvent, options: SendOptions = {}): Promise<Outcome[]> {
    return await this.#connector.broadcast(this.id, event, options);
  }

  /** Takes what is for the machine in its place. Returns what ends that. */
  onMessage(handler: (envelope: Envelope) => void): () => void {
    return this.#connector.setMessageHandler(this.id, handler);
  }
}

/** An isolated group of machines in one process, connected by hand. Two sessions never see each other. */
export class Session implements Disposable {
  readonly #connector: Connector;

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  /** Starts a machine, or takes in an actor that runs already. Throws MACHINE_ID_INVALID, MACHINE_EXISTS, MACHINE_STOPPED, NODE_STOPPED. */
  addMachine<Logic extends AnyActorLogic>(machine: Logic | Actor<Logic>, id: string): ConnectedMachine<Logic> {
    const actor = this.#connector.registerMachine(id, machine);
    return new ConnectedMachine(id as MachineId, actor, this.#connector);
  }

  /** Stops it and takes its links with it. Throws MACHINE_UNKNOWN. */
  removeMachine(id: string): void {
    this.#connector.unregisterMachine(id);
  }

  /** Connects two machines, both ways. Throws MACHINE_UNKNOWN. */
  connect(one: string, other: string): void {
    this.#connector.connect(one, other);
  }

  /** Throws MACHINE_UNKNOWN, NOT_LINKED. */
  disconnect(one: string, other: string): void {
    this.#connector.disconnect(one, other);
  }

  /** Ids of the machines that it is connected with. Throws MACHINE_UNKNOWN. */
  connections(id: string): readonly MachineId[] {
    return this.#connector.connections(id);
  }

  /** Ids of all machines of the session. */
  machines(): readonly MachineId[] {
    return this.#connector.machines();
  }

  /** Stops all machines that it started. May be called twice. */
  stop(): void {
    this.#connector.stop();
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}
