/** Milliseconds. One line for each kind in this span says enough, however hard somebody knocks. */
const SPAN_MS = 60_000;

/** Says who was refused and why, without letting anybody fill the log. Kinds are few: their number is not limited. */
export class Refusals {
  readonly #log: (message: string) => void;
  readonly #now: () => number;
  readonly #kinds = new Map<number, { readonly since: number; unsaid: number }>();

  /** `now` in milliseconds that only ever grow. */
  constructor(log: (message: string) => void, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** `why` completes "… was refused: it …". */
  refused(status: number, why: string): void {
    const last = this.#kinds.get(status);
    if (last && this.#now() - last.since < SPAN_MS) {
      last.unsaid++;
      return;
    }
    this.#kinds.set(status, { since: this.#now(), unsaid: 0 });
    const before = last && last.unsaid > 0 ? ` (and ${last.unsaid} more like it, not logged)` : '';
    this.#log(`A request to the dashboard was refused: it ${why}${before}`);
  }
}
