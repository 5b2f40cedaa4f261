/** Milliseconds. One line for each address in this span says enough, however hard somebody knocks. */
const SPAN_MS = 60_000;
/** Addresses kept in mind. On IPv6 one host can have any number of them. */
const MAX_ADDRESSES = 1_000;

/** Lines in this span for all addresses together: one host can come from thousands. */
const MAX_LINES = 60;

interface Entry {
  readonly since: number;
  unsaid: number;
}

/** Says who was refused and why, without letting a stranger fill the log. */
export class RefusalLog {
  readonly #log: (message: string) => void;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  /** `now` in milliseconds that only ever grow. */
  constructor(log: (message: string) => void, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** `why` completes "… was refused: it …". */
  refused(address: string, why: string): void {
    const now = this.#now();
    const last = this.#entries.get(address);
    if (last && now - last.since < SPAN_MS) {
      last.unsaid++;
      return;
    }
    this.#entries.delete(address);
    const oldest = this.#entries.keys().next().value;
    if (oldest !== undefined && this.#entries.size >= MAX_ADDRESSES) this.#entries.delete(oldest);
    this.#entries.set(address, { since: now, unsaid: 0 });
    const before = last && last.unsaid > 0 ? ` (and ${last.unsaid} more from there, not logged)` : '';
    if (!this.#mayLog(now)) return;
    this.#log(`A connection from ${address} was refused: it ${why}${before}`);
  }

  #mayLog(now: number): boolean {
    if (now - this.#since >= SPAN_MS) {
      if (this.#leftOut > 0)
        this.#log(`${this.#leftOut} more connections, from many addresses, were refused and not logged`);
      this.#since = now;
      this.#lines = 0;
      this.#leftOut = 0;
    }
    if (this.#lines++ < MAX_LINES) return true;
    this.#leftOut++;
    return false;
  }
}
