import { randomBytes } from 'node:crypto';

/** Milliseconds. A browser that was told an address opens it at once. */
const GOOD_FOR_MS = 60_000;
/** Not yet used; the oldest goes first. */
const MAX_TICKETS = 8;

/** Each lets one browser in, once and soon: an address that other users of this computer may see gets a ticket, not the token. */
export class Tickets {
  readonly #now: () => number;
  /** And until when each is good. */
  readonly #tickets = new Map<string, number>();

  /** `now` in milliseconds that only ever grow. */
  constructor(now: () => number) {
    this.#now = now;
  }

  issue(): string {
    const ticket = randomBytes(32).toString('base64url');
    this.#tickets.set(ticket, this.#now() + GOOD_FOR_MS);
    const oldest = this.#tickets.keys().next().value;
    if (this.#tickets.size > MAX_TICKETS && oldest !== undefined) this.#tickets.delete(oldest);
    return ticket;
  }

  /** Whether it is good; it is not good again. */
  take(ticket: string): boolean {
    const until = this.#tickets.get(ticket) ?? 0;
    this.#tickets.delete(ticket);
    return this.#now() < until;
  }
}
