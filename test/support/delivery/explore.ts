import fc from 'fast-check';
import type { History as AnyHistory, Step } from './history.ts';
import { histories, PRELUDE } from './regimes.ts';

export interface Explored {
  readonly runs: number;
  /** What was violated, by the smallest history that was found. */
  readonly found?: { readonly what: string; readonly steps: string; readonly chance: number };
}

/** A history that is to be tried for ever. */
export interface Pinned {
  readonly steps: string;
  readonly chance: number;
}

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly hasMonitors?: boolean;
}

/** Runs random histories until one of them violates an invariant. */
export function explore(History: typeof AnyHistory, { runs, seed, hasMonitors = true }: Options): Explored {
  // Sends that find no room throw, many times in each history, and nobody reads where.
  Error.stackTraceLimit = 0;
  const property = fc.property(histories, fc.nat(), (steps, chance) => {
    const found = new History(hasMonitors).run([...PRELUDE, ...steps], chance);
    if (found.length > 0) throw new Error(found.join(', '));
  });
  const result = fc.check(property, { numRuns: runs, seed });
  Error.stackTraceLimit = 10;
  if (!result.failed) return { runs: result.numRuns };
  const [steps = [], chance = 0] = result.counterexample ?? [];
  const what = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  return { runs: result.numRuns, found: { what, steps: written(steps), chance } };
}

/** What a history violates; an empty text for nothing. */
export const replay = (History: typeof AnyHistory, { steps, chance }: Pinned, hasMonitors = true): string =>
  new History(hasMonitors).run([...PRELUDE, ...read(steps)], chance).join(', ');

const written = (steps: readonly Step[]): string => steps.map(([what, how]) => `${what} ${how}`).join('; ');

const read = (text: string): readonly Step[] =>
  text.split('; ').map((step): Step => {
    const [what = '', how = '0'] = step.split(' ');
    return [what, Number(how)];
  });
