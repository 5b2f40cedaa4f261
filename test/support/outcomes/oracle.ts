import {
  type ActionName,
  GUARDS,
  RAISED,
  type SpecContext,
  type SpecEvent,
  START,
  type StateSpec,
  type TransitionSpec,
} from './specs.ts';

/**
 * Says what a machine does with an event, from the rules of statecharts alone: slow, plain, and knowing nothing of XState. Deepest
 * first in each region; of two that would leave the same state, the inner one; then whatever is due by itself.
 */
export class Oracle {
  readonly #root: StateSpec;
  readonly #active = new Set<StateSpec>();
  readonly #raised: SpecEvent[] = [];
  #context: SpecContext = START;
  #isOpen = false;
  #status: 'active' | 'done' | 'failed' = 'active';

  constructor(root: StateSpec) {
    this.#root = root;
    const begin = { type: 'xstate.init' };
    this.#attempt(() => {
      this.#enter([root]);
      this.#settle(begin);
    });
  }

  get status(): 'active' | 'done' | 'failed' {
    return this.#status;
  }

  /** Whether two regions wanted to leave the same state, which of them wins is open: XState goes by the order in which states were entered. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get context(): SpecContext {
    return this.#context;
  }

  /** As `snapshot.value` of XState. */
  get value(): unknown {
    return this.#valueOf(this.#root);
  }

  send(event: SpecEvent): 'handled' | 'ignored' | 'dead MACHINE_FAILED' | 'refused MACHINE_STOPPED' {
    if (this.#status !== 'active') return 'refused MACHINE_STOPPED';
    let hasMoved = false;
    this.#attempt(() => {
      const taken = this.#chosen(this.#root, event);
      this.#take(taken);
      hasMoved = this.#settle(event) || taken.length > 0;
    });
    if (this.#hasFailed()) return 'dead MACHINE_FAILED';
    return hasMoved ? 'handled' : 'ignored';
  }

  /** A guard or an action that fails is the end of the machine. */
  #attempt(step: () => void): void {
    try {
      step();
    } catch (thrown) {
      if (thrown instanceof RangeError) throw thrown;
      this.#status = 'failed';
    }
  }

  #hasFailed(): boolean {
    return this.#status === 'failed';
  }

  /** Everything that follows by itself. Returns whether the event made anything due, before what was raised did. */
  #settle(event: SpecEvent): boolean {
    let current = event;
    let moved = false;
    for (let steps = 0; this.#status === 'active'; steps++) {
      if (steps > 1_000) throw new RangeError('a generated machine runs in circles');
      const due = this.#due(current);
      if (due.length > 0) {
        if (current === event) moved = true;
        this.#take(due);
        continue;
      }
      const next = this.#raised.shift();
      if (!next) break;
      current = next;
      this.#take(this.#chosen(this.#root, current));
    }
    return moved;
  }

  // ---- Which transitions

  #chosen(state: StateSpec, event: SpecEvent): TransitionSpec[] {
    const inner = state.children
      .filter((child) => this.#active.has(child))
      .flatMap((child) => this.#chosen(child, event));
    if (inner.length > 0) return inner;
    const candidates = [...state.on]
      .filter(([descriptor]) => waitsFor(descriptor, event.type))
      .sort(([one], [other]) => rank(other) - rank(one))
      .flatMap(([, transitions]) => transitions);
    return this.#first(candidates, event);
  }

  #due(event: SpecEvent): TransitionSpec[] {
    const due = new Set<TransitionSpec>();
    for (const leaf of this.#inOrder()) {
      if (leaf.children.length > 0) continue;
      for (let state: StateSpec | undefined = leaf; state; state = state.parent) {
        const [transition] = this.#first(state.always, event);
        if (!transition) continue;
        due.add(transition);
        break;
      }
    }
    return [...due];
  }

  #first(candidates: readonly TransitionSpec[], event: SpecEvent): TransitionSpec[] {
    const found = candidates.find(({ guards }) => guards.every((name) => GUARDS[name](this.#context, event)));
    return found ? [found] : [];
  }

  // ---- Taking them

  #take(transitions: readonly TransitionSpec[]): void {
    const compatible: TransitionSpec[] = [];
    for (const one of transitions) {
      const rivals = compatible.filter((other) => this.#left(one).some((state) => this.#left(other).includes(state)));
      if (!rivals.every((rival) => isWithin(one.source, rival.source))) {
        this.#isOpen ||= rivals.some((rival) => !isWithin(rival.source, one.source));
        continue;
      }
      for (const rival of rivals) compatible.splice(compatible.indexOf(rival), 1);
      compatible.push(one);
    }
    const left = new Set(compatible.flatMap((each) => this.#left(each)));
    for (const state of this.#inOrder().reverse()) {
      if (!left.has(state)) continue;
      this.#run(state.exit);
      this.#active.delete(state);
    }
    for (const { actions } of compatible) this.#run(actions);
    // One that leads to its own state and does not enter it anew leaves it where it is.
    this.#enter(
      compatible.flatMap(({ source, target, reenter }) => (target && (reenter || target !== source) ? target : [])),
    );
  }

  /** The active states that a transition leaves. */
  #left({ source, target, reenter }: TransitionSpec): StateSpec[] {
    if (!target) return [];
    let scope: StateSpec | undefined = source;
    if (reenter || !(target === source || isWithin(target, source)))
      do scope = scope.parent;
      while (scope && !isWithin(target, scope));
    return [...this.#active].filter((state) => !scope || isWithin(state, scope));
  }

  #enter(targets: readonly StateSpec[]): void {
    const entered = new Set<StateSpec>();
    const isIn = (state: StateSpec) => this.#active.has(state) || entered.has(state);
    const add = (state: StateSpec) => {
      if (!isIn(state)) entered.add(state);
    };
    for (const target of targets)
      for (let state: StateSpec | undefined = target; state; state = state.parent) add(state);
    // What is in must be whole: a compound state has one child, a parallel one has all.
    const fill = (state: StateSpec) => {
      if (!isIn(state)) return;
      if (state.kind === 'parallel') state.children.forEach(add);
      const [first] = state.children;
      if (state.kind === 'compound' && first && !state.children.some(isIn)) add(first);
      state.children.forEach(fill);
    };
    fill(this.#root);
    const complete = new Set<StateSpec>();
    for (const state of [...entered].sort((one, other) => one.order - other.order)) {
      this.#active.add(state);
      this.#run(state.entry);
      if (state.kind === 'final') this.#ended(state, complete);
    }
    if (this.#status === 'done') for (const state of this.#inOrder().reverse()) this.#run(state.exit);
  }

  #ended({ parent }: StateSpec, complete: Set<StateSpec>): void {
    if (!parent) return;
    this.#raised.push({ type: `xstate.done.state.${parent.id}` });
    let above = parent.parent;
    while (above?.kind === 'parallel' && !complete.has(above) && this.#isOver(above)) {
      complete.add(above);
      this.#raised.push({ type: `xstate.done.state.${above.id}` });
      above = above.parent;
    }
    if (!above) this.#status = 'done';
  }

  #isOver(state: StateSpec): boolean {
    if (state.kind === 'compound')
      return state.children.some((child) => child.kind === 'final' && this.#active.has(child));
    return state.kind === 'parallel' && state.children.every((child) => this.#isOver(child));
  }

  #run(actions: readonly ActionName[]): void {
    for (const name of actions) {
      const { count, fuel } = this.#context;
      if (name === 'fail') throw new Error('an action that fails');
      if (name === 'count') this.#context = { count: count + 1, fuel };
      else if (name === 'burn') this.#context = { count, fuel: fuel - 1 };
      else if (fuel > 0) {
        this.#context = { count, fuel: fuel - 1 };
        this.#raised.push(RAISED[name]);
      }
    }
  }

  #inOrder(): StateSpec[] {
    return [...this.#active].sort((one, other) => one.order - other.order);
  }

  #valueOf(state: StateSpec): unknown {
    const inside = state.children.filter((child) => this.#active.has(child));
    const [only] = inside;
    if (state.kind === 'compound' && only && only.children.length === 0) return only.id;
    return Object.fromEntries(inside.map((child) => [child.id, this.#valueOf(child)]));
  }
}

/** Whether it is somewhere below. */
function isWithin(state: StateSpec, above: StateSpec): boolean {
  for (let at = state.parent; at; at = at.parent) if (at === above) return true;
  return false;
}

function waitsFor(descriptor: string, type: string): boolean {
  if (descriptor === '*' || descriptor === type) return true;
  if (!descriptor.endsWith('.*')) return false;
  const before = descriptor.slice(0, -2);
  return type === before || type.startsWith(`${before}.`);
}

/** Exact ones first, then the longer wildcard. */
const rank = (descriptor: string): number => (descriptor.endsWith('*') ? descriptor.length : 1_000);
