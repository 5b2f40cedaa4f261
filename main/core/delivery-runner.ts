import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { Delivery, DeliveryInput, DeliveryOutput } from './delivery.ts';
import type { Change, Scheduler, Store } from './ports.ts';

export interface DeliveryRunnerParts {
  readonly delivery: Delivery;
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly act: (output: Exclude<DeliveryOutput, { readonly type: 'commit' }>) => void;
  /** These changes are on disk now. */
  readonly stored: (changes: readonly Change[]) => void;
  readonly problem: (message: string) => void;
}

/** Carries out what the delivery says, and tells it when a turn ends and what became of its commits. */
export class DeliveryRunner {
  readonly #parts: DeliveryRunnerParts;
  #flushPlanned = false;
  #commits = 0;
  #whenIdle: (() => void)[] = [];

  constructor(parts: DeliveryRunnerParts) {
    this.#parts = parts;
  }

  /** Throws what the delivery throws for a `send`: OUTBOX_FULL. */
  step(input: DeliveryInput): void {
    const outputs = this.#parts.delivery.step(input);
    for (const output of outputs) {
      if (output.type === 'commit') this.#commit(output.changes);
      else this.#parts.act(output);
    }
    // A disk that just failed is tried again when there is something new to write, not at once and for ever.
    if (input.type !== 'flush' && input.type !== 'failed') this.#planFlush();
  }

  /** Resolves when everything that gathered so far is on disk, or was given up. */
  async settled(): Promise<void> {
    this.step({ type: 'flush' });
    if (this.#commits > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    this.#parts.scheduler.soon(() => {
      this.#flushPlanned = false;
      this.step({ type: 'flush' });
    });
  }

  #commit(changes: readonly Change[]): void {
    this.#commits++;
    this.#parts.store
      .commit(changes)
      .then(
        () => {
          this.#parts.stored(changes);
          this.step({ type: 'committed' });
        },
        (thrown: unknown) => {
          const code = thrown instanceof InterMachineError ? thrown.code : 'STORE_FAILED';
          this.#parts.problem(reasonOf(thrown));
          this.step({ type: 'failed', code, reason: reasonOf(thrown) });
        },
      )
      .finally(() => this.#done())
      .catch((thrown: unknown) => this.#parts.problem(`INTERNAL: ${reasonOf(thrown)}`));
  }

  #done(): void {
    if (--this.#commits > 0) return;
    const idle = this.#whenIdle;
    this.#whenIdle = [];
    for (const tell of idle) tell();
  }
}
