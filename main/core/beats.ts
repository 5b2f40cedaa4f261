import type { MachineId } from '../../shared/ids.ts';
import { HEALTHY_FOR_MS } from './defaults.ts';
import type { Clock } from './ports.ts';

interface Beat {
  lastAt: number;
  timer: unknown;
}

/** Hears the signs of life of machines that give them by themselves (`health: 'manual'`), and tells when one falls silent. */
export class Beats {
  readonly #clock: Clock;
  readonly #changed: (id: MachineId, healthy: boolean) => void;
  readonly #beats = new Map<MachineId, Beat>();

  constructor(clock: Clock, changed: (id: MachineId, healthy: boolean) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  /** Registering counts as the first sign of life. */
  start(id: MachineId): void {
    this.stop(id);
    const beat: Beat = { lastAt: this.#clock.now(), timer: undefined };
    this.#beats.set(id, beat);
    this.#listen(id, beat, HEALTHY_FOR_MS);
  }

  /** Nothing for a machine for which the host beats. */
  heard(id: MachineId): void {
    const beat = this.#beats.get(id);
    if (!beat) return;
    beat.lastAt = this.#clock.now();
    if (beat.timer !== undefined) return;
    this.#listen(id, beat, HEALTHY_FOR_MS);
    this.#changed(id, true);
  }

  stop(id: MachineId): void {
    this.#clock.clearTimeout(this.#beats.get(id)?.timer);
    this.#beats.delete(id);
  }

  stopAll(): void {
    for (const id of this.#beats.keys()) this.stop(id);
  }

  // One timer for each machine, however often it beats: it looks back when it rings.
  #listen(id: MachineId, beat: Beat, waitMs: number): void {
    beat.timer = this.#clock.setTimeout(() => {
      const leftMs = beat.lastAt + HEALTHY_FOR_MS - this.#clock.now();
      if (leftMs > 0) return this.#listen(id, beat, leftMs);
      beat.timer = undefined;
      this.#changed(id, false);
    }, waitMs);
  }
}
