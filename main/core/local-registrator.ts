import { InterMachineError } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { BaseRegistrator } from './base-registrator.ts';
import type { AnyTypes } from './machine-types.ts';
import { type Lines, Machinery } from './machinery.ts';
import type { Clock, MachineRow, Scheduler } from './ports.ts';
import type { MachineChange } from './registry-sync.ts';

/** What the machines of one process stand on. */
export interface ProcessParts {
  /** Of its own, so that addresses of two registrators never meet. */
  readonly self: NodeId;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly digest: (text: string) => string;
  /** Told what goes wrong while the others go on. */
  readonly report: (message: string) => void;
}

/** There are no other nodes. */
export const NO_LINES: Lines = {
  send: () => {},
  offer: () => false,
  connected: () => [],
  isAlive: () => false,
  incarnationOf: () => undefined,
  roundTripMs: () => undefined,
};

/** Registers machines and finds them within one process: no network, no disk. */
export class LocalRegistrator<Types extends object = AnyTypes> extends BaseRegistrator<Types> {
  readonly #machinery: Machinery;

  constructor({ report, random, ...parts }: ProcessParts) {
    const remembered = new Map<MachineRow['id'], MachineRow>();
    const machinery = machineryOf({ ...parts, random, report }, (id) => remembered.has(id));
    super({
      ...parts,
      random,
      machinery,
      remembered,
      problem: report,
      roundTripMs: () => undefined,
      remember: async () => {},
      forget: async () => {},
    });
    this.#machinery = machinery;
  }

  protected override async end(): Promise<void> {
    this.#machinery.stop();
  }
}

/** Machinery without lines and without a log. */
export const machineryOf = (
  { report, random: _, ...parts }: ProcessParts,
  knows: (id: MachineRow['id']) => boolean,
  machineChanged: (change: MachineChange) => void = () => {},
) =>
  new Machinery({
    ...parts,
    knows,
    lines: NO_LINES,
    nextPlace: () => undefined,
    sendAway: ({ to }) => {
      throw new InterMachineError(
        'MACHINE_STOPPED',
        `${to} does not run, and there is no disk on which this could wait`,
      );
    },
    record: () => {},
    change: () => {},
    machineChanged,
    logged: (id, text) => report(`${id}: ${text}`),
    problem: report,
  });
