import type { Envelope, MachineEvent, Outcome } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError } from '../../shared/errors.ts';
import type { Address, NodeId } from '../../shared/ids.ts';
import { ASK_TIMEOUT_MS, MAX_ASK_TIMEOUT_MS } from './defaults.ts';
import { assertMs, assertOptions } from './given.ts';
import type { Clock } from './ports.ts';
import type { MachineInfo } from './registry.ts';

/** As much of an AbortSignal as is needed, so that the core needs no browser and no Node. */
export interface Abort {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface AskOptions {
  /** Milliseconds; 10,000 unless told. */
  readonly timeoutMs?: number;
  /** Ends the waiting: the question rejects with its reason. */
  readonly signal?: Abort;
}

/** The answer to a question. */
export interface Reply<Event = MachineEvent> {
  readonly event: Event;
  readonly from: Address;
  /** Of its envelope. */
  readonly id: string;
}

interface Asked {
  readonly to: MachineInfo;
  settle(reply: Reply): void;
  fail(error: InterMachineError): void;
}

/** Questions whose answers are waited for. */
export class Asks {
  readonly #clock: Clock;
  readonly #asked = new Map<string, Asked>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Waits for the answer to the envelope that `send` sends with this time to live. Rejects with ASK_TIMED_OUT, EVENT_IGNORED,
   * PEER_OFFLINE, the code of a refusal, or the reason of the signal.
   */
  async ask(
    to: MachineInfo,
    options: AskOptions,
    send: (ttlMs: number, sent: (id: string) => void) => Promise<Outcome>,
  ): Promise<Reply> {
    assertOptions(options);
    const { timeoutMs = ASK_TIMEOUT_MS, signal } = options;
    assertMs('timeoutMs', timeoutMs, MAX_ASK_TIMEOUT_MS);
    if (!to.reachable) throw failure('PEER_OFFLINE', to);
    if (signal?.aborted) throw signal.reason;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    let id = '';
    const abort = () => reject(signal?.reason);
    const timer = this.#clock.setTimeout(
      () => reject(new InterMachineError('ASK_TIMED_OUT', `"${to.id}" did not reply within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal?.addEventListener('abort', abort);
    try {
      const sending = send(timeoutMs, (envelopeId) => {
        id = envelopeId;
        this.#asked.set(id, { to, settle: resolve, fail: reject });
      });
      sending.then(({ status, code }) => {
        if (status !== 'handled') reject(failure(code ?? CODE_OF[status] ?? 'INTERNAL', to));
      }, reject);
      return await promise;
    } finally {
      this.#clock.clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      this.#asked.delete(id);
    }
  }

  /** Returns whether this answer was waited for. */
  answered({ correlationId = '', from, event, id }: Envelope): boolean {
    const asked = this.#asked.get(correlationId);
    if (asked?.to.address !== from) return false;
    this.#asked.delete(correlationId);
    asked.settle({ event, from, id });
    return true;
  }

  stop(): void {
    const stopped = new InterMachineError('NODE_STOPPED', 'The node stopped before the reply came');
    for (const { fail } of this.#asked.values()) fail(stopped);
  }

  /** Its answers would go to a line that is no longer there. */
  disconnected(peer: NodeId): void {
    for (const { to, fail } of this.#asked.values()) if (to.node === peer) fail(failure('PEER_OFFLINE', to));
  }
}

const CODE_OF: Partial<Record<Outcome['status'], ErrorCode>> = {
  ignored: 'EVENT_IGNORED',
  expired: 'ASK_TIMED_OUT',
  lost: 'PEER_OFFLINE',
};

const SENTENCE_OF: Partial<Record<ErrorCode, string>> = {
  EVENT_IGNORED: 'has no transition for this event in its present state',
  ASK_TIMED_OUT: 'did not come to it in time',
  PEER_OFFLINE: 'is on a node that cannot be reached now',
  PEER_BUSY: 'is on a node that is behind with reading',
  MACHINE_STOPPED: 'has stopped',
  MACHINE_FAILED: 'failed while it handled the question',
  NOT_ACCEPTED: 'does not accept this event from this sender',
};

const failure = (code: ErrorCode, to: MachineInfo) =>
  new InterMachineError(code, `"${to.id}" ${SENTENCE_OF[code] ?? `refused the question: ${code}`}`);
