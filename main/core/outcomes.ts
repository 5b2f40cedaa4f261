import { isFinal, type Outcome, type OutcomeStatus, reaches, type Until } from '../../shared/envelope.ts';
import { placeOf } from '../../shared/envelope-text.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { Address, NodeId } from '../../shared/ids.ts';
import type { Run } from './outgoing-stream.ts';

/** A send whose last word was not heard yet. */
interface Sent {
  readonly id: string;
  readonly to: Address;
  readonly node: NodeId;
  until: Until;
  /** The last word so far. */
  status: OutcomeStatus | undefined;
  code: ErrorCode | undefined;
  /** Whether its caller still waits. */
  isAwaited: boolean;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: InterMachineError) => void;
}

/** What is under way to machines: whose callers still wait, and how far each of them wants to wait. */
export class Outcomes {
  /** By epoch and sequence; what goes with no stream by its id, under no epoch. */
  readonly #sent = new Map<string, Map<number | string, Sent>>();
  readonly #inFlight = new Map<Address, number>();

  /** Resolves when the envelope is as far as `until`, or is final, or when the channel to its node is lost after it was accepted. */
  wait(
    id: string,
    { address, node }: { readonly address: Address; readonly node: NodeId },
    until: Until,
  ): Promise<Outcome> {
    this.#inFlight.set(address, this.inFlight(address) + 1);
    return new Promise((resolve, reject) => {
      const { epoch, key } = placeOf(id);
      const of = this.#sent.get(epoch) ?? new Map<number | string, Sent>();
      if (of.size === 0) this.#sent.set(epoch, of);
      of.set(key, {
        id,
        to: address,
        node,
        until,
        status: undefined,
        code: undefined,
        isAwaited: true,
        resolve,
        reject,
      });
    });
  }

  /** Envelopes to this machine of which the last word was not heard yet. */
  inFlight(address: Address): number {
    return this.#inFlight.get(address) ?? 0;
  }

  settle(id: string, status: OutcomeStatus, code?: ErrorCode): void {
    const { epoch, key } = placeOf(id);
    const of = this.#sent.get(epoch);
    if (of) this.#settle(of, key, status, code);
  }

  /** As `settle`, for consecutive envelopes of one stream. */
  settleRun({ epoch, first, last }: Run, status: OutcomeStatus, code?: ErrorCode): void {
    const of = this.#sent.get(epoch);
    if (!of || of.size === 0) return;
    for (let sequence = first; sequence <= last; sequence++) this.#settle(of, sequence, status, code);
  }

  /** It was never accepted. */
  reject(id: string, error: InterMachineError): void {
    const { epoch, key } = placeOf(id);
    this.#remove(epoch, key)?.reject(error);
  }

  rejectRun({ epoch, first, last }: Run, error: InterMachineError): void {
    for (let sequence = first; sequence <= last; sequence++) this.#remove(epoch, sequence)?.reject(error);
  }

  /** Its envelope was not taken up, and its caller knows. */
  forget(id: string): void {
    const { epoch, key } = placeOf(id);
    this.#remove(epoch, key);
  }

  /** Nobody knows when the node will be back: what is accepted stays so, and its callers go on. */
  channelLost(node: NodeId): void {
    for (const [epoch, of] of this.#sent) {
      for (const [key, sent] of of) {
        if (sent.node !== node || sent.status === undefined) continue;
        resolve(sent);
        this.#remove(epoch, key);
      }
    }
  }

  /** Nobody knows when the machine will run again: what its node has, or will have, is as far as its callers wait. */
  machineReleased(to: Address): void {
    for (const of of this.#sent.values()) {
      for (const sent of of.values()) {
        if (sent.to !== to || sent.until !== 'handled') continue;
        sent.until = 'delivered';
        if (sent.status === 'delivered') resolve(sent);
      }
    }
  }

  stop(): void {
    const unaccepted = new InterMachineError('NODE_STOPPED', 'The node stopped before the event was accepted');
    for (const of of this.#sent.values()) {
      for (const sent of of.values()) {
        if (sent.status === undefined) sent.reject(unaccepted);
        else resolve(sent);
      }
    }
    this.#sent.clear();
    this.#inFlight.clear();
  }

  #settle(of: Map<number | string, Sent>, key: number | string, status: OutcomeStatus, code?: ErrorCode): void {
    const sent = of.get(key);
    if (!sent) return;
    sent.status = status;
    sent.code = code;
    const isLast = isFinal(status);
    if (isLast || reaches(status, sent.until)) resolve(sent);
    if (!isLast) return;
    of.delete(key);
    this.#landed(sent.to);
  }

  #remove(epoch: string, key: number | string): Sent | undefined {
    const of = this.#sent.get(epoch);
    const sent = of?.get(key);
    if (!of || !sent) return undefined;
    of.delete(key);
    if (of.size === 0) this.#sent.delete(epoch);
    this.#landed(sent.to);
    return sent;
  }

  #landed(to: Address): void {
    const left = this.inFlight(to) - 1;
    if (left > 0) this.#inFlight.set(to, left);
    else this.#inFlight.delete(to);
  }
}

function resolve(sent: Sent): void {
  if (!sent.isAwaited || sent.status === undefined) return;
  sent.isAwaited = false;
  const { id, status, code } = sent;
  sent.resolve(code ? { id, status, code } : { id, status });
}
