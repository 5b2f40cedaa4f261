import type { AnyActorLogic } from 'xstate';
import type {
  MachineRegistrator,
  Outcome,
  RegisteredMachine,
  RegisterOptions,
  SendableEvent,
} from '../../../main/index.ts';
import { InterMachineError } from '../../../main/index.ts';
import { MACHINES, type MachineName } from './machines.ts';

/** What a registrator elsewhere is told to do; plain data, so that it may be in another process. */
export type Command =
  | {
      readonly do: 'register';
      readonly type: string;
      readonly machine: MachineName;
      readonly options?: RegisterOptions<AnyActorLogic>;
    }
  | { readonly do: 'unregister'; readonly id: string }
  | { readonly do: 'release'; readonly id: string }
  | { readonly do: 'look'; readonly id: string }
  | { readonly do: 'sendTo'; readonly id: string; readonly to: string; readonly event: SendableEvent }
  | { readonly do: 'ask'; readonly id: string; readonly to: string; readonly event: SendableEvent }
  | { readonly do: 'heartbeat'; readonly id: string }
  | { readonly do: 'countOfType'; readonly type: string }
  /** Everything that was registered is unregistered. */
  | { readonly do: 'clear' };

export interface Looked {
  readonly status: string;
  readonly value: unknown;
  readonly context: Readonly<Record<string, unknown>>;
}

/** Carries out commands on a registrator. */
export class Driver {
  readonly #registrator: MachineRegistrator;
  readonly #machines = new Map<string, RegisteredMachine>();

  constructor(registrator: MachineRegistrator) {
    this.#registrator = registrator;
  }

  async run(command: Command): Promise<unknown> {
    switch (command.do) {
      case 'register': {
        const machine = await this.#registrator.register(
          command.type,
          MACHINES[command.machine] as AnyActorLogic,
          command.options,
        );
        this.#machines.set(machine.id, machine);
        return { id: machine.id, address: machine.address };
      }
      case 'unregister':
        return await this.#registrator.unregister(command.id);
      case 'release':
        return this.#registrator.release(command.id);
      case 'look': {
        const { status, value, context } = this.#machine(command.id).actor.getSnapshot();
        return { status, value, context } satisfies Looked;
      }
      case 'sendTo':
        return await this.#machine(command.id).sendTo(command.to, command.event);
      case 'ask':
        return await this.#machine(command.id).ask(command.to, command.event);
      case 'heartbeat':
        return this.#registrator.heartbeat(command.id);
      case 'countOfType':
        return this.#registrator.countOfType(command.type);
      case 'clear':
        await clear(this.#registrator, this.#machines.keys());
        this.#machines.clear();
        return undefined;
    }
  }

  #machine(id: string): RegisteredMachine {
    const machine = this.#machines.get(id);
    if (!machine) throw new InterMachineError('MACHINE_UNKNOWN', `the test registered no "${id}"`);
    return machine;
  }
}

/** Unregisters machines; those that are unregistered already stay so. */
export async function clear(registrator: MachineRegistrator, ids: Iterable<string>): Promise<void> {
  for (const id of ids) await registrator.unregister(id).catch(() => undefined);
}

/** A machine that was registered elsewhere, and what it can be made to do there. */
export class Elsewhere {
  readonly id: string;
  readonly address: string;
  readonly #run: (command: Command) => Promise<unknown>;

  constructor(
    { id, address }: { readonly id: string; readonly address: string },
    run: (command: Command) => Promise<unknown>,
  ) {
    this.id = id;
    this.address = address;
    this.#run = run;
  }

  async look(): Promise<Looked> {
    return (await this.#run({ do: 'look', id: this.id })) as Looked;
  }

  async sendTo(to: string, event: SendableEvent): Promise<Outcome> {
    return (await this.#run({ do: 'sendTo', id: this.id, to, event })) as Outcome;
  }

  async heartbeat(): Promise<void> {
    await this.#run({ do: 'heartbeat', id: this.id });
  }

  async unregister(): Promise<void> {
    await this.#run({ do: 'unregister', id: this.id });
  }
}
