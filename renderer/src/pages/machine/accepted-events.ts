import type { Chart } from '../../../../shared/api.ts';

export interface Accepted {
  /** What the machine has a transition for in its present state; the innermost states' first. */
  readonly now: readonly string[];
  /** What it takes in other states. */
  readonly else: readonly string[];
  /** Whether a wildcard takes every other event as well. */
  readonly any: boolean;
}

/** Events that may be sent to the machine; a guard may still refuse them. */
export function acceptedEvents(chart: Chart, active: readonly string[]): Accepted {
  const depth = new Map(active.map((id, index) => [id, index]));
  const open = chart.transitions
    .filter(({ source, target, actions }) => depth.has(source) && (target !== undefined || actions.length > 0))
    .sort((one, other) => (depth.get(other.source) ?? 0) - (depth.get(one.source) ?? 0));
  const now = new Set(open.map(({ event }) => event).filter(isSendable));
  const all = new Set(chart.transitions.map(({ event }) => event).filter(isSendable));
  return {
    now: [...now],
    else: [...all].filter((event) => !now.has(event)).sort(),
    any: open.some(({ event }) => event === '*'),
  };
}

/** The machine's own events (of timers, of invoked actors) are refused from outside, and a wildcard is no event. */
const isSendable = (event: string): boolean => event !== '' && !event.startsWith('xstate.') && !event.endsWith('*');
