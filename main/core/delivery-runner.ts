import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import { DELIVERY_TICK_MS } from './defaults.ts';
import type { Delivery, DeliveryInput } from './delivery.ts';
import type { DeliveryTime } from './delivery-time.ts';
import type { DeliveryOutput } from './delivery-turn.ts';
import type { Clock, Scheduler, Store, StoredChange } from './ports.ts';
import { isRefused } from './refused.ts';

export interface DeliveryRunnerParts {
  readonly delivery: Delivery;
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly time: DeliveryTime;
  readonly act: (output: Exclude<DeliveryOutput, { readonly type: 'commit' | 'compare' }>) => void;
  /** These changes are on disk now. */
  readonly stored: (changes: readonly StoredChange[]) => void;
  readonly problem: (message: string) => void;
  /** Nobody knows what is on the disk: the node must not go on. Told once. */
  readonly broken: (error: InterMachineError) => void;
}

/** Carries out what the delivery says, and tells it when a turn ends and what became of its commits. */
export class DeliveryRunner {
  readonly #parts: DeliveryRunnerParts;
  #timer: unknown;
  #flushPlanned = false;
  #commits = 0;
  /** What was told of the disk, until it takes something again. */
  #failure = '';
  #whenIdle: (() => void)[] = [];

  constructor(parts: DeliveryRunnerParts) {
    this.#parts = parts;
  }

  /** From now on time passes. */
  start(): void {
    const { clock, time, store } = this.#parts;
    this.#timer = clock.setTimeout(() => {
      if (time.hasJumped) this.step({ type: 'change', change: { type: 'clock', ...time.row() } });
      this.step({ type: 'tick' });
      this.start();
      if (store.broken) this.#tellFailure(store.broken);
    }, DELIVERY_TICK_MS);
  }

  stop(): void {
    this.#parts.clock.clearTimeout(this.#timer);
  }

  /** Throws what the delivery throws for a `send`: OUTBOX_FULL. */
  step(input: DeliveryInput): void {
    const outputs = this.#parts.delivery.step(input);
    for (const output of outputs) {
      if (output.type === 'commit') this.#commit(output.changes);
      else if (output.type === 'compare') void this.#compare(output);
      else this.#parts.act(output);
    }
    // A disk that just failed is tried again when there is something new to write, not at once and for ever.
    if (input.type !== 'flush' && input.type !== 'failed') this.#planFlush();
  }

  /** Resolves when everything that was told so far is on disk. Rejects with what keeps it from there. */
  async written(): Promise<void> {
    this.step({ type: 'flush' });
    // Behind all that was put out: first in, first out.
    await this.#parts.store.commit([]);
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

  async #compare({ peer, epoch, first, last, texts }: DeliveryOutput & { type: 'compare' }): Promise<void> {
    const logged = await this.#parts.store.texts({ direction: 'in', peer, epoch }, first, last).catch(() => []);
    // What was refused is logged in other words, and what retention took cannot be compared.
    const at = texts.findIndex((text, index) => {
      const before = logged[index];
      return before !== undefined && before !== text && !isRefused(before);
    });
    if (at >= 0) this.step({ type: 'changed', peer, epoch, sequence: first + at, text: texts[at] ?? '' });
  }

  #commit(changes: readonly StoredChange[]): void {
    this.#commits++;
    this.#parts.store
      .commit(changes)
      .then(
        () => {
          this.#failure = '';
          this.#parts.stored(changes);
          this.step({ type: 'committed', isTight: this.#parts.store.isTight });
        },
        (thrown: unknown) => {
          const error =
            thrown instanceof InterMachineError ? thrown : new InterMachineError('STORE_FAILED', reasonOf(thrown));
          this.#tellFailure(error);
          this.step({ type: 'failed', code: error.code, reason: error.message });
        },
      )
      .finally(() => this.#done())
      .catch((thrown: unknown) => this.#parts.problem(`INTERNAL: ${reasonOf(thrown)}`));
  }

  /** A disk that stays full is told of once, not at each attempt. */
  #tellFailure(error: InterMachineError): void {
    if (error.message === this.#failure) return;
    this.#failure = error.message;
    this.#parts.problem(error.message);
    if (error.code === 'STORE_BROKEN') this.#parts.broken(error);
  }

  #done(): void {
    if (--this.#commits > 0) return;
    const idle = this.#whenIdle;
    this.#whenIdle = [];
    for (const tell of idle) tell();
  }
}
