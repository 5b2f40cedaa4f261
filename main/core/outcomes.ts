import { isFinal, type Outcome, type OutcomeStatus, reaches, type Until } from '../../shared/envelope.ts';
import { type Place, placeOf, positionId } from '../../shared/envelope-text.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { Address, NodeId } from '../../shared/ids.ts';
import type { Run } from './outgoing-stream.ts';
import { Places } from './places.ts';

/** What is under way to one machine. */
interface Flight {
  readonly to: Address;
  /** Envelopes of which the last word was not heard yet. */
  count: number;
}

/** A send whose last word was not heard yet. */
interface Sent {
  /** Its place, of which the id is made when it is asked for; its id where it goes with no stream. */
  readonly at: Place | string;
  readonly flight: Flight;
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
  /** By epoch. */
  readonly #streams = new Map<string, Places<Sent>>();
  /** What goes with no stream, by its id. */
  readonly #others = new Map<string, Sent>();
  readonly #flights = new Map<Address, Flight>();

  /** Resolves when the envelope is as far as `until`, or is final, or when the channel to its node is lost after it was accepted. */
  wait(
    at: Place | string,
    { address, node }: { readonly address: Address; readonly node: NodeId },
    until: Until,
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const flight = this.#flightTo(address);
      flight.count++;
      const sent: Sent = {
        at,
        flight,
        node,
        until,
        status: undefined,
        code: undefined,
        isAwaited: true,
        resolve,
        reject,
      };
      if (typeof at === 'string') this.#others.set(at, sent);
      else this.#stream(at.epoch).set(at.sequence, sent);
    });
  }

  /** Envelopes to this machine of which the last word was not heard yet. */
  inFlight(address: Address): number {
    return this.#flights.get(address)?.count ?? 0;
  }

  settle(id: string, status: OutcomeStatus, code?: ErrorCode): void {
    const sent = this.#others.get(id);
    const place = sent ? undefined : placeOf(id);
    if (place) this.settleRun({ epoch: place.epoch, first: place.sequence, last: place.sequence }, status, code);
    else if (sent && this.#settle(sent, status, code)) this.#others.delete(id);
  }

  /** As `settle`, for consecutive envelopes of one stream. */
  settleRun({ epoch, first, last }: Run, status: OutcomeStatus, code?: ErrorCode): void {
    const stream = this.#streams.get(epoch);
    if (!stream || stream.isEmpty) return;
    for (let sequence = first; sequence <= last; sequence++) {
      const sent = stream.get(sequence);
      if (sent && this.#settle(sent, status, code)) stream.delete(sequence);
    }
  }

  /** They were never accepted. */
  rejectRun({ epoch, first, last }: Run, error: InterMachineError): void {
    for (let sequence = first; sequence <= last; sequence++) this.#remove({ epoch, sequence })?.reject(error);
  }

  /** Its envelope was not taken up, and its caller knows. */
  forget(at: Place | string): void {
    if (typeof at !== 'string') return void this.#remove(at);
    const sent = this.#others.get(at);
    if (sent && this.#others.delete(at)) this.#landed(sent.flight);
  }

  /** Nobody knows when the node will be back: what is accepted stays so, and its callers go on. */
  channelLost(node: NodeId): void {
    for (const sent of this.#all()) {
      if (sent.node !== node || sent.status === undefined) continue;
      resolve(sent);
      this.forget(sent.at);
    }
  }

  /** Nobody knows when the machine will run again: what its node has, or will have, is as far as its callers wait. */
  machineReleased(to: Address): void {
    for (const sent of this.#all()) {
      if (sent.flight.to !== to || sent.until !== 'handled') continue;
      sent.until = 'delivered';
      if (sent.status === 'delivered') resolve(sent);
    }
  }

  stop(): void {
    const unaccepted = new InterMachineError('NODE_STOPPED', 'The node stopped before the event was accepted');
    for (const sent of this.#all()) {
      if (sent.status === undefined) sent.reject(unaccepted);
      else resolve(sent);
    }
    this.#streams.clear();
    this.#others.clear();
    this.#flights.clear();
  }

  *#all(): Iterable<Sent> {
    for (const stream of this.#streams.values()) yield* stream.values();
    yield* this.#others.values();
  }

  /** Returns whether that was the last word. */
  #settle(sent: Sent, status: OutcomeStatus, code?: ErrorCode): boolean {
    sent.status = status;
    sent.code = code;
    const isLast = isFinal(status);
    if (isLast || reaches(status, sent.until)) resolve(sent);
    if (isLast) this.#landed(sent.flight);
    return isLast;
  }

  #remove({ epoch, sequence }: Place): Sent | undefined {
    const stream = this.#streams.get(epoch);
    const sent = stream?.get(sequence);
    if (!stream || !sent) return undefined;
    stream.delete(sequence);
    if (stream.isEmpty) this.#streams.delete(epoch);
    this.#landed(sent.flight);
    return sent;
  }

  #landed(flight: Flight): void {
    if (--flight.count === 0) this.#flights.delete(flight.to);
  }

  #stream(epoch: string): Places<Sent> {
    const known = this.#streams.get(epoch);
    if (known) return known;
    const stream = new Places<Sent>();
    this.#streams.set(epoch, stream);
    return stream;
  }

  #flightTo(to: Address): Flight {
    const known = this.#flights.get(to);
    if (known) return known;
    const flight = { to, count: 0 };
    this.#flights.set(to, flight);
    return flight;
  }
}

function resolve(sent: Sent): void {
  if (!sent.isAwaited || sent.status === undefined) return;
  sent.isAwaited = false;
  const { at, status, code } = sent;
  const id = typeof at === 'string' ? at : positionId(at.epoch, at.sequence);
  sent.resolve(code ? { id, status, code } : { id, status });
}
