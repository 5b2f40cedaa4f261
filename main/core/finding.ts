import satisfies from 'semver/functions/satisfies.js';
import { matchesState } from 'xstate';
import type { MachineStatus, StateValue } from '../../shared/api.ts';
import type { MachineInfo } from './registry.ts';

/** What a machine is doing, as its node told it last. */
export interface MachineState {
  /** Missing for logic that is no state machine. */
  readonly value?: StateValue;
  readonly tags: readonly string[];
  readonly status: MachineStatus;
}

/** A machine, as a condition sees it. While its state is not known, it matches no state and has no tag. */
export interface SeenMachine extends MachineInfo, Partial<MachineState> {
  /** As `snapshot.matches` of XState. */
  matches(state: StateValue): boolean;
  hasTag(tag: string): boolean;
}

/** Metadata that must be there, or a condition on metadata and live state. */
export type Where = Readonly<Record<string, string>> | ((machine: SeenMachine) => boolean);

export interface FindOptions {
  readonly where?: Where;
  /** A range of semver, such as `^2.1` or `>=1.4 <3`. */
  readonly version?: string;
  /** `healthy` unless told: machines whose node is alive and who gave a sign of life; `any`: also those that are away. */
  readonly health?: 'healthy' | 'any';
}

/** Whether a machine is what was asked for. */
export function isWanted(
  machine: MachineInfo,
  { where, version, health = 'healthy' }: FindOptions,
  stateOf: (machine: MachineInfo) => MachineState | undefined,
): boolean {
  if (health === 'healthy' && !(machine.reachable && machine.healthy)) return false;
  if (version !== undefined && !satisfies(machine.version, version)) return false;
  if (where === undefined) return true;
  if (typeof where === 'function') return where(seen(machine, stateOf(machine)));
  return Object.entries(where).every(([key, value]) => machine.metadata[key] === value);
}

/** Whether the answer depends on what machines are doing. */
export const looksAtStates = ({ where }: FindOptions): boolean => typeof where === 'function';

function seen(machine: MachineInfo, state: MachineState | undefined): SeenMachine {
  return {
    ...machine,
    ...state,
    matches: (wanted) => state?.value !== undefined && matchesState(wanted, state.value),
    hasTag: (tag) => state?.tags.includes(tag) ?? false,
  };
}
