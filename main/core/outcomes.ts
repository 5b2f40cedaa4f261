import { isFinal, type Outcome, type OutcomeStatus, reaches, type Until } from '../../shared/envelope.ts';
import { positionId } from '../../shared/envelope-text.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import type { Run } from './outgoing-stream.ts';

interface Waiting extends PromiseWithResolvers<Outcome> {
  readonly peer: NodeId;
  readonly until: Until;
  /** The last word so far. */
  outcome: Outcome | undefined;
}

/** The sends whose callers still wait, and how far each of them wants to wait. */
export class Outcomes {
  readonly #waiting = new Map<string, Waiting>();

  /** Resolves when the envelope is as far as `until`, or is final, or when the channel to its peer is lost after it was accepted. */
  wait(id: string, peer: NodeId, until: Until): Promise<Outcome> {
    const waiting: Waiting = { ...Promise.withResolvers<Outcome>(), peer, until, outcome: undefined };
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  settle(id: string, status: OutcomeStatus, code?: ErrorCode): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    waiting.outcome = { id, status, ...(code && { code }) };
    if (isFinal(status) || reaches(status, waiting.until)) this.#resolve(id, waiting, waiting.outcome);
  }

  /** As `settle`, for consecutive envelopes of one stream. */
  settleRun({ epoch, first, last }: Run, status: OutcomeStatus, code?: ErrorCode): void {
    if (this.#waiting.size === 0) return;
    for (let sequence = first; sequence <= last; sequence++) this.settle(positionId(epoch, sequence), status, code);
  }

  rejectRun({ epoch, first, last }: Run, error: InterMachineError): void {
    for (let sequence = first; sequence <= last; sequence++) this.reject(positionId(epoch, sequence), error);
  }

  reject(id: string, error: InterMachineError): void {
    this.#waiting.get(id)?.reject(error);
    this.#waiting.delete(id);
  }

  /** Its envelope was not taken up, and its caller knows. */
  forget(id: string): void {
    this.#waiting.delete(id);
  }

  /** Nobody knows when the peer will be back: what is accepted stays so, and its callers go on. */
  channelLost(peer: NodeId): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.peer === peer && waiting.outcome) this.#resolve(id, waiting, waiting.outcome);
    }
  }

  stop(): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.outcome) this.#resolve(id, waiting, waiting.outcome);
      else this.reject(id, new InterMachineError('NODE_STOPPED', 'The node stopped before the event was accepted'));
    }
  }

  #resolve(id: string, waiting: Waiting, outcome: Outcome): void {
    this.#waiting.delete(id);
    waiting.resolve(outcome);
  }
}
