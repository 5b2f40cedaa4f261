import type { InterMachineError } from '../../shared/errors.ts';
import type { MachineId } from '../../shared/ids.ts';
import type { StoredChange } from './ports.ts';

/** A change that stays true when its commit fails, and what follows when it is on disk. */
export interface Fact {
  readonly change: StoredChange;
  readonly act?: () => void;
}

interface Following {
  readonly act?: () => void;
  readonly undo?: (failure: InterMachineError) => void;
}

/**
 * What goes to the disk in one commit, and what follows when it is there. When the commit fails its facts go with the
 * next one; everything else is undone.
 */
export class CommitGroup {
  readonly facts: Fact[] = [];
  readonly #changes: StoredChange[] = [];
  /** Of each machine its last one. */
  readonly #snapshots = new Map<MachineId, string>();
  readonly #afterwards: (() => void)[] = [];
  readonly #undo: ((failure: InterMachineError) => void)[] = [];

  get changes(): readonly StoredChange[] {
    const snapshots = [...this.#snapshots].map(([machine, snapshot]) => ({
      type: 'snapshot' as const,
      machine,
      snapshot,
    }));
    return [...this.facts.map(({ change }) => change), ...this.#changes, ...snapshots];
  }

  get isEmpty(): boolean {
    return this.facts.length === 0 && !this.isAwaited;
  }

  /** Whether there is more to it than facts. */
  get isAwaited(): boolean {
    return this.#changes.length > 0 || this.#snapshots.size > 0 || this.#afterwards.length > 0;
  }

  fact(change: StoredChange, act?: () => void): void {
    this.facts.push(act ? { change, act } : { change });
  }

  add(...changes: readonly StoredChange[]): void {
    this.#changes.push(...changes);
  }

  /** What a machine goes on from after its last step. */
  keep(machine: MachineId, snapshot: string): void {
    this.#snapshots.set(machine, snapshot);
  }

  snapshotOf(machine: MachineId): string | undefined {
    return this.#snapshots.get(machine);
  }

  /** `act` when it is on disk, `undo` when it is not and never will be. */
  follow({ act, undo }: Following): void {
    if (act) this.#afterwards.push(act);
    if (undo) this.#undo.push(undo);
  }

  committed(): void {
    for (const { act } of this.facts) act?.();
    for (const act of this.#afterwards) act();
  }

  failed(failure: InterMachineError): void {
    for (const undo of this.#undo) undo(failure);
  }
}
