import { Allowance } from './allowance.ts';
import type { Limits } from './defaults.ts';
import type { Clock } from './ports.ts';

/** Why somebody is dialled: one that we know, one that we have never met, or one that has been away for long. */
export type Lane = 'known' | 'stranger' | 'away';

/** In this order; so many at once, and on average so many in a second after a first burst. */
const LANES: Readonly<Record<Lane, { readonly atOnce: number; readonly burst: number; readonly perSecond: number }>> = {
  // Enough for a LAN that lost its switch; less than what somebody who forges sightings could make us do.
  known: { atOnce: Number.POSITIVE_INFINITY, burst: 64, perSecond: 16 },
  // Announcements cost their sender nothing (SECURITY: M5).
  stranger: { atOnce: 4, burst: 32, perSecond: 8 },
  away: { atOnce: 3, burst: 8, perSecond: 4 },
};

interface Task {
  readonly lane: Lane;
  readonly dial: () => Promise<void>;
}

/** Who is dialled when: few at once, strangers slowly, and one place is always kept for those we know. */
export class Dials {
  readonly #clock: Clock;
  readonly #limit: number;
  /** What waits for its turn, by whom it is for. */
  readonly #waiting: Readonly<Record<Lane, Map<string, Task>>> = {
    known: new Map(),
    stranger: new Map(),
    away: new Map(),
  };
  /** Who is being dialled. */
  readonly #busy = new Set<string>();
  readonly #running: Record<Lane, number> = { known: 0, stranger: 0, away: 0 };
  readonly #allowances: Readonly<Record<Lane, Allowance>>;
  #timer: unknown;
  #isStopped = false;

  constructor(clock: Clock, { dials }: Pick<Limits, 'dials'>) {
    this.#clock = clock;
    this.#limit = dials;
    const allowance = (lane: Lane) => new Allowance(LANES[lane].burst, 1_000 / LANES[lane].perSecond, clock.now());
    this.#allowances = { known: allowance('known'), stranger: allowance('stranger'), away: allowance('away') };
  }

  /** Its turn comes once; who waits already moves to the lane that is told now. */
  add(key: string, lane: Lane, dial: () => Promise<void>): void {
    for (const waiting of Object.values(this.#waiting)) waiting.delete(key);
    this.#waiting[lane].set(key, { lane, dial });
    this.#next();
  }

  /** Moves whoever waits to another lane. */
  move(key: string, lane: Lane): void {
    for (const waiting of Object.values(this.#waiting)) {
      const task = waiting.get(key);
      if (task && task.lane !== lane) return this.add(key, lane, task.dial);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#clock.clearTimeout(this.#timer);
  }

  #next(): void {
    this.#clock.clearTimeout(this.#timer);
    let waitMs = Number.POSITIVE_INFINITY;
    for (const lane of Object.keys(LANES) as Lane[]) {
      const allowance = this.#allowances[lane];
      for (const [key, task] of this.#waiting[lane]) {
        if (this.#isStopped || !this.#hasRoom(lane)) break;
        if (this.#busy.has(key)) continue;
        const emptyMs = allowance.takeOrWait(this.#clock.now());
        if (emptyMs > 0) {
          waitMs = Math.min(waitMs, emptyMs);
          break;
        }
        this.#waiting[lane].delete(key);
        this.#run(key, task);
      }
    }
    if (waitMs < Number.POSITIVE_INFINITY) this.#timer = this.#clock.setTimeout(() => this.#next(), waitMs);
  }

  #hasRoom(lane: Lane): boolean {
    const { known, stranger, away } = this.#running;
    if (this.#running[lane] >= LANES[lane].atOnce || known + stranger + away >= this.#limit) return false;
    return lane === 'known' || stranger + away < Math.max(1, this.#limit - 1);
  }

  #run(key: string, { lane, dial }: Task): void {
    this.#running[lane]++;
    this.#busy.add(key);
    void dial().finally(() => {
      this.#running[lane]--;
      this.#busy.delete(key);
      this.#next();
    });
  }
}
