import type { OutcomeStatus } from '../../shared/envelope.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { RunOutcome } from './wire.ts';

type GrowingRun = [first: number, last: number, status: OutcomeStatus, code?: ErrorCode];

/** What became of single envelopes, by epoch, gathered into runs of consecutive ones: mostly it is the same for all. */
export class StatusRuns {
  #runs = new Map<string, GrowingRun[]>();

  add(epoch: string, sequence: number, status: OutcomeStatus, code?: ErrorCode): void {
    const runs = this.#runs.get(epoch) ?? [];
    if (runs.length === 0) this.#runs.set(epoch, runs);
    const run = runs.at(-1);
    if (run && run[1] === sequence - 1 && run[2] === status && run[3] === code) run[1] = sequence;
    else runs.push(code ? [sequence, sequence, status, code] : [sequence, sequence, status]);
  }

  /** Everything since the last time. */
  take(): Iterable<readonly [epoch: string, runs: readonly RunOutcome[]]> {
    const runs = this.#runs;
    if (runs.size > 0) this.#runs = new Map();
    return runs;
  }
}
