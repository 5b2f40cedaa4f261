import { SimulatedClock as XStateClock } from 'xstate';
import type { Clock } from '../../core/ports.ts';

/** Time that passes by hand: `increment(ms)` fires what is due. Its wall clock starts in 2026 and can be set apart from it. */
export class SimulatedClock extends XStateClock implements Clock {
  /** Milliseconds; what a person, or a bad battery, does to the wall clock. */
  wallOffsetMs = Date.UTC(2026, 0, 1);

  wallTime(): number {
    return this.wallOffsetMs + this.now();
  }
}
