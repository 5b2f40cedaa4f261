import type { Actor, AnyActorLogic } from 'xstate';
import { type CarryOver, carryOver } from '../core/carry-over.ts';
import type { RegisteredMachine } from '../core/registered-machine.ts';
import type { MachineRegistrator } from '../core/registrator.ts';
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
    const { type, logic } = definition;
    const machine = await this.#registrator.register(type, logic, optionsOf(definition));
    this.#machines.set(machine.id, machine);
    return machine.id;
  }

  async replace(id: string, definition: HostedDefinition): Promise<string> {
    const carried = this.#carryOver(id, definition);
    const isKept = 'snapshot' in carried;
    await this.#registrator.replace(id, definition.logic, {
      ...optionsOf(definition),
      ...(isKept && { snapshot: carried.snapshot }),
    });
    return isKept ? `${id} kept its state` : `${id} restarted: ${carried.restart}`;
  }

  async unregister(id: string): Promise<void> {
    if (this.#machines.delete(id)) await this.#registrator.unregister(id);
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

const optionsOf = (definition: HostedDefinition) => {
  const { version, metadata, accept, expose, watchable, supervision, persist, journal, timers } = definition;
  return {
    version,
    metadata,
    ...(accept && { accept }),
    ...(expose && { expose }),
    ...(watchable !== undefined && { watchable }),
    ...(supervision && { supervision }),
    ...(persist && { persist }),
    ...(journal && { journal }),
    ...(timers && { timers }),
  };
};
