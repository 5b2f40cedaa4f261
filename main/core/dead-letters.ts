import type { Outcome } from '../../shared/envelope.ts';
import { type ErrorCode, InterMachineError, reasonOf } from '../../shared/errors.ts';
import { type NodeId, parseAddress } from '../../shared/ids.ts';
import type { DeadLetter, DeadLetterQuery, Store } from './ports.ts';

export interface DeadLettersParts {
  readonly store: Pick<Store, 'deadLetters' | 'commit'>;
  /** Takes it up as a new envelope, and removes the letter, in one commit. */
  readonly resend: (letter: DeadLetter) => Promise<Outcome>;
  /** Whether this node waits for that one: to no other may anything be sent. */
  readonly isExpected: (node: NodeId) => boolean;
}

/** Why a letter stays where it is, or that there is none: INPUT_INVALID. */
export interface NotRetried {
  readonly place: number;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Of each letter that was asked for. */
export interface Retried {
  /** Letters that are new envelopes now, be it by another call at the same time. */
  readonly retried: number;
  readonly failed: readonly NotRetried[];
}

/** What was refused, expired, or could not be handled: nothing is lost without a row here. */
export class DeadLetters {
  readonly #parts: DeadLettersParts;
  /** Letters that are being sent, by place: twice at once would be two envelopes. */
  readonly #underWay = new Map<number, Promise<'retried' | NotRetried>>();

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
  }

  /** Newest first. */
  list(query: DeadLetterQuery = {}): Promise<readonly DeadLetter[]> {
    return this.#parts.store.deadLetters(query);
  }

  /**
   * Sends these once more, each as a new envelope that names the old one as its cause (`causationId`), and that is on disk when it resolves. What
   * fails stays a dead letter, and is told with why, as is what is none (any more). What another call is sending is sent once, and told to both.
   */
  async retry(places: readonly number[]): Promise<Retried> {
    const results = await Promise.all([...new Set(places)].map((place) => this.#retryOnce(place)));
    return {
      retried: results.filter((result) => result === 'retried').length,
      failed: results.filter((result) => typeof result === 'object'),
    };
  }

  /** Removes these for good. On disk when it resolves. */
  async drop(places: readonly number[]): Promise<void> {
    await this.#parts.store.commit(places.map((place) => ({ type: 'deadLetterRemove', place })));
  }

  #retryOnce(place: number): Promise<'retried' | NotRetried> {
    const underWay = this.#underWay.get(place);
    if (underWay !== undefined) return underWay;
    const result = this.#retry(place).finally(() => this.#underWay.delete(place));
    this.#underWay.set(place, result);
    return result;
  }

  async #retry(place: number): Promise<'retried' | NotRetried> {
    try {
      const [letter] = await this.#parts.store.deadLetters({ place });
      if (!letter)
        throw new InterMachineError(
          'INPUT_INVALID',
          `No dead letter has the place ${place}: it was dropped, sent again, or never one`,
        );
      const { node } = parseAddress(letter.to);
      if (!this.#parts.isExpected(node))
        throw new InterMachineError('NODE_UNKNOWN', `Node ${node} is not known any more: nothing can wait for it`);
      await this.#parts.resend(letter);
      return 'retried';
    } catch (thrown) {
      const code = thrown instanceof InterMachineError ? thrown.code : 'INTERNAL';
      return { place, code, reason: reasonOf(thrown) };
    }
  }
}
