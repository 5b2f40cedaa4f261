import type { Actor, AnyActorLogic } from 'xstate';
import type { RegisteredMachine } from '../core/registered-machine.ts';
import type { MachineRegistrator, RegisterOptions } from '../core/registrator.ts';
import { armDelays } from '../core/xstate-internals.ts';
import { type CarryOver, carryOver } from './carry-over.ts';
import type { HostedDefinition } from './definition.ts';
import type { MachineHost } from './machine-files.ts';

/** Runs the machines of files where programs register theirs. */
export class NodeHost implements MachineHost {
  readonly #registrator: MachineRegistrator;
  readonly #machines = new Map<string, RegisteredMachine>();

  constructor(registrator: MachineRegistrator) {
    this.#registrator = registrator;
  }

  async register(definition: HostedDefinition): Promise<string> {
    return (await this.#register(definition)).id;
  }

  async replace(id: string, definition: HostedDefinition): Promise<string> {
    const carried = this.#carryOver(id, definition);
    await this.unregister(id);
    if ('restart' in carried) {
      await this.#register(definition, { id });
      return `${id} restarted: ${carried.restart}`;
    }
    const { actor } = await this.#register(definition, { id, snapshot: carried.snapshot });
    armDelays(actor);
    return `${id} kept its state`;
  }

  async unregister(id: string): Promise<void> {
    if (this.#machines.delete(id)) await this.#registrator.unregister(id);
  }

  async #register(
    definition: HostedDefinition,
    options: RegisterOptions<AnyActorLogic> = {},
  ): Promise<RegisteredMachine> {
    const { type, logic, instances: _, ...terms } = definition;
    const machine = await this.#registrator.register(type, logic, { ...terms, ...options });
    this.#machines.set(machine.id, machine);
    return machine;
  }

  /** Logic that cannot be written down is nothing to go on from. */
  #carryOver(id: string, { logic }: HostedDefinition): CarryOver {
    const actor = this.#machines.get(id)?.actor as Actor<AnyActorLogic> | undefined;
    try {
      return carryOver(actor?.getPersistedSnapshot(), logic);
    } catch {
      return { restart: 'an actor that it started cannot be taken along' };
    }
  }
}
