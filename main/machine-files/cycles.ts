import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

// A transition that is taken for certain, to a state where the next one is taken for certain, and so on round in a ring: such a machine
// would never come to rest. Guards are not looked into: what they stop is not found here, and what they do not stop ends by the limit of
// iterations.

export interface Cycle {
  /** Where it begins. */
  readonly node: AnyStateNode;
  /** What is taken there: empty for `always`. */
  readonly event: string;
  /** Names of the states on the way round, and what leads on. */
  readonly steps: readonly string[];
}

interface Step {
  readonly node: AnyStateNode;
  /** Empty for `always`. */
  readonly event: string;
  readonly transition: AnyTransitionDefinition;
}

/** One for each ring, however many of its steps could be its first. */
export function certainCycles(machine: AnyStateMachine): readonly Cycle[] {
  const nodes = descendants(machine.root);
  const known = new Map<AnyTransitionDefinition, readonly Step[]>();
  const after = (step: Step): readonly Step[] => {
    const cached = known.get(step.transition);
    if (cached) return cached;
    const next = stepsAfter(step, machine);
    known.set(step.transition, next);
    return next;
  };
  const starts = nodes.flatMap((node) =>
    ['', ...node.transitions.keys()].flatMap((event) => certainStep(node, event) ?? []),
  );
  return ringsOf(starts, after);
}

/** Depth first, without recursion: 2,000 states may follow one another. */
function ringsOf(starts: readonly Step[], after: (step: Step) => readonly Step[]): readonly Cycle[] {
  const done = new Set<AnyTransitionDefinition>();
  const cycles: Cycle[] = [];
  for (const start of starts) {
    const trail: { readonly step: Step; readonly next: readonly Step[]; at: number }[] = [];
    const on = new Set<AnyTransitionDefinition>();
    const enter = (step: Step) => {
      if (done.has(step.transition)) return;
      done.add(step.transition);
      on.add(step.transition);
      trail.push({ step, next: after(step), at: 0 });
    };
    enter(start);
    for (let top = trail.at(-1); top; top = trail.at(-1)) {
      const next = top.next[top.at++];
      if (!next) {
        on.delete(top.step.transition);
        trail.pop();
      } else if (on.has(next.transition)) {
        const ring = trail.map(({ step }) => step);
        cycles.push(cycleOf(ring.slice(ring.findIndex(({ transition }) => transition === next.transition))));
      } else enter(next);
    }
  }
  return cycles;
}

const cycleOf = (ring: readonly Step[]): Cycle => ({
  node: ring[0]?.node as AnyStateNode,
  event: ring[0]?.event ?? '',
  steps: ring.map(({ node, event }) => `${node.key} (${event === '' ? 'always' : event})`),
});

const descendants = (node: AnyStateNode): AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap((child) => descendants(child)),
];

/** What `node` does first on this event, if nothing can keep it from doing so. */
function certainStep(node: AnyStateNode, event: string): Step | undefined {
  const [transition] = (event === '' ? node.always : node.transitions.get(event)) ?? [];
  return transition && transition.guard === undefined ? { node, event, transition } : undefined;
}

function stepsAfter({ node, event, transition }: Step, machine: AnyStateMachine): readonly Step[] {
  const targets = transition.target ?? [];
  const entered = targets.flatMap((target) => enteredWith(target));
  const leaves = targets.length > 0 ? entered.filter((state) => Object.keys(state.states).length === 0) : [node];
  const stays = targets.length === 0 || targets.every((target) => target === node || isWithin(target, node));
  const raisers = [
    ...transition.actions,
    ...entered.flatMap((state) => (stays && !transition.reenter && state === node ? [] : state.entry)),
  ];
  const eventless = leaves.map((leaf) => firstAbove(leaf, ''));
  if (eventless.some((step) => step !== undefined)) {
    return eventless.flatMap((step) => {
      if (step === undefined || step === 'uncertain') return [];
      // The same states as before, with nothing changed in them: XState leaves it at that.
      const isSame =
        event === '' && step.transition === transition && !raisers.some((action) => changesContext(action, machine));
      return isSame ? [] : [step];
    });
  }
  const raised = raisers.flatMap((action) => raisedBy(action, machine) ?? []);
  return raised.flatMap((type) =>
    leaves.flatMap((leaf) => {
      // Which of its states is active is not known, and one of them may take the event.
      if (
        Object.keys(leaf.states).length > 0 &&
        descendants(leaf).some((state) => state !== leaf && handles(state, type))
      )
        return [];
      const step = firstAbove(leaf, type);
      return step === undefined || step === 'uncertain' ? [] : [step];
    }),
  );
}

/** The first state from a leaf up that has a transition for this event. */
function firstAbove(leaf: AnyStateNode, event: string): Step | 'uncertain' | undefined {
  for (let node: AnyStateNode | undefined = leaf; node; node = node.parent) {
    const wildcard = event !== '' && !node.transitions.has(event) && handles(node, event);
    if (wildcard) return 'uncertain';
    if (event === '' ? node.always?.length : node.transitions.get(event)?.length)
      return certainStep(node, event) ?? 'uncertain';
  }
  return undefined;
}

const handles = (node: AnyStateNode, type: string): boolean =>
  [...node.transitions.keys()].some(
    (key) => key === type || key === '*' || (key.endsWith('.*') && type.startsWith(key.slice(0, -1))),
  );

const isWithin = (node: AnyStateNode, above: AnyStateNode): boolean =>
  above.path.every((key, depth) => node.path[depth] === key);

/** The state and those that are entered with it; from a history state, nothing is certain. */
function enteredWith(node: AnyStateNode): AnyStateNode[] {
  if (node.type === 'history') return [];
  const first =
    node.type === 'parallel' ? Object.values(node.states) : node.type === 'compound' ? (node.initial.target ?? []) : [];
  return [node, ...first.flatMap((child) => enteredWith(child))];
}

// ---- Actions, as XState keeps them

interface SeenAction {
  readonly type?: unknown;
  readonly event?: { readonly type?: unknown };
  readonly delay?: unknown;
}

/** The action itself, for one that is called by its name. */
function resolved(action: unknown, machine: AnyStateMachine): SeenAction {
  const type = typeof action === 'string' ? action : (action as SeenAction).type;
  const own = typeof type === 'string' && Object.hasOwn(machine.implementations.actions, type);
  return (own ? machine.implementations.actions[type as string] : action) as SeenAction;
}

function raisedBy(action: unknown, machine: AnyStateMachine): string | undefined {
  const { type, event, delay } = resolved(action, machine);
  return type === 'xstate.raise' && delay === undefined && typeof event?.type === 'string' ? event.type : undefined;
}

const changesContext = (action: unknown, machine: AnyStateMachine): boolean =>
  resolved(action, machine).type === 'xstate.assign';
