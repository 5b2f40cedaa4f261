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

export interface Retried {
  /** Letters that are new envelopes now. */
  readonly retried: number;
  readonly failed: readonly NotRetried[];
}

/** What was refused, expired, or could not be handled: nothing is lost without a row here. */
export class DeadLetters {
  readonly #parts: DeadLettersParts;
  /** Letters that are being sent: twice at once would be two envelopes. */
  readonly #underWay = new Set<number>();

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
  }

  /** Newest first. */
  list(query: DeadLetterQuery = {}): Promise<readonly DeadLetter[]> {
    return this.#parts.store.deadLetters(query);
  }

  /**
   * Sends these once more, each as a new envelope that names the old one as its cause (`causationId`), and that is on disk when it resolves. What
   * fails stays a dead letter, and is told with why, as is what is none (any more). What another call is sending is passed over.
   */
  async retry(places: readonly number[]): Promise<Retried> {
    const mine = [...new Set(places)].filter((place) => !this.#underWay.has(place));
    for (const place of mine) this.#underWay.add(place);
    try {
      const results = await Promise.all(mine.map((place) => this.#retry(place)));
      return {
        retried: results.filter((result) => result === 'retried').length,
        failed: results.filter((result) => typeof result === 'object'),
      };
    } finally {
      for (const place of mine) this.#underWay.delete(place);
    }
  }

  /** Removes these for good. On disk when it resolves. */
  async drop(places: readonly number[]): Promise<void> {
    await this.#parts.store.commit(places.map((place) => ({ type: 'deadLetterRemove', place })));
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
