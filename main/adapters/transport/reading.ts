import { READING_SLICE_MS } from './defaults.ts';

/** A line of which more came than is read in one turn. It stands still until it had its turn. */
export interface BehindLine {
  /** Handles one frame of those that wait; returns whether there was one. */
  handleNext(): boolean;
  /** Reads on. */
  resume(): void;
}

/** Lines of which much comes are read in slices, one after the other, so that all the other ones are read in between. */
export class Reading {
  readonly #behind = new Set<BehindLine>();
  #turn = 0;
  #isPlanned = false;

  /** Another number in each turn of the event loop. */
  get turn(): number {
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      setImmediate(() => this.#nextTurn());
    }
    return this.#turn;
  }

  /** To be called in a turn that was asked for. */
  wait(line: BehindLine): void {
    this.#behind.add(line);
  }

  #nextTurn(): void {
    this.#isPlanned = false;
    this.#turn++;
    const until = performance.now() + READING_SLICE_MS;
    const [line] = this.#behind;
    if (!line) return;
    this.#behind.delete(line);
    while (line.handleNext()) {
      if (performance.now() < until) continue;
      this.#behind.add(line);
      break;
    }
    // One in a turn: a flood that is read on is work at once.
    if (!this.#behind.has(line)) line.resume();
    if (this.#behind.size > 0) void this.turn;
  }
}
