import type { ChartState, ChartTransition } from '../../../shared/api.ts';

// Which way a chart reads: from what is entered first, along its transitions. ELK's own ordering by the model fails on nested
// graphs (elkjs 0.12), so it is given a graph without circles: what leads back is handed over turned round.

/** The transitions that lead back, against the reading direction. */
export function backwards(root: ChartState, transitions: readonly ChartTransition[]): ReadonlySet<ChartTransition> {
  const paths = new Map<string, readonly ChartState[]>();
  const note = (state: ChartState, above: readonly ChartState[]) => {
    const path = [...above, state];
    paths.set(state.id, path);
    for (const child of state.children) note(child, path);
  };
  note(root, []);

  /** The two siblings between which a transition leads, and their parent; missing for one between a state and what is in it. */
  const siblings = ({ source, target }: ChartTransition): Step | undefined => {
    const from = paths.get(source);
    const to = target === undefined ? undefined : paths.get(target);
    if (!from || !to) return undefined;
    let depth = 0;
    while (from[depth] !== undefined && from[depth] === to[depth]) depth++;
    const [parent, one, other] = [from[depth - 1], from[depth], to[depth]];
    return parent && one && other ? { parent, one, other } : undefined;
  };

  const steps = transitions.map((transition) => ({ transition, step: siblings(transition) }));
  const places = placesOf(
    root,
    steps.flatMap(({ step }) => step ?? []),
  );
  const placeOf = ({ id }: ChartState) => places.get(id) ?? 0;
  return new Set(
    steps.flatMap(({ transition, step }) => (step && placeOf(step.one) > placeOf(step.other) ? [transition] : [])),
  );
}

interface Step {
  readonly parent: ChartState;
  readonly one: ChartState;
  readonly other: ChartState;
}

/** Where each state stands among its siblings: as far from the initial one as steps lead to it, then as it was written. */
function placesOf(root: ChartState, steps: readonly Step[]): ReadonlyMap<string, number> {
  const byParent = Map.groupBy(steps, ({ parent }) => parent);
  const places = new Map<string, number>();
  const place = (state: ChartState) => {
    const { children, initial } = state;
    const first = children.find(({ id }) => id === initial);
    const waiting = [...(first ? [first] : []), ...children];
    const next = Map.groupBy(byParent.get(state) ?? [], ({ one }) => one);
    const reached = new Set<ChartState>();
    while (waiting.length > 0) {
      const queue = waiting.splice(0, 1).filter((child) => !reached.has(child));
      for (const child of queue) {
        if (reached.has(child)) continue;
        reached.add(child);
        queue.push(...(next.get(child) ?? []).map(({ other }) => other));
      }
    }
    for (const [index, child] of [...reached].entries()) places.set(child.id, index);
    for (const child of children) place(child);
  };
  place(root);
  return places;
}
