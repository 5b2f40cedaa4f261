import fc from 'fast-check';
import { type AnyStateMachine, assign, createMachine, enqueueActions } from 'xstate';

/** Said in one place, so that the machine and the oracle are made of the same: neither knows how the other reads it. */
export interface StateSpec {
  readonly id: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  /** `undefined` for the root. */
  readonly parent: StateSpec | undefined;
  readonly children: StateSpec[];
  /** By what they wait for: `a`, `a.*`, `*`. */
  readonly on: Map<string, TransitionSpec[]>;
  readonly always: TransitionSpec[];
  readonly entry: readonly ActionName[];
  readonly exit: readonly ActionName[];
  /** In the order of the document. */
  readonly order: number;
}

export interface TransitionSpec {
  readonly source: StateSpec;
  readonly target: StateSpec | undefined;
  readonly reenter: boolean;
  readonly guards: readonly GuardName[];
  readonly actions: readonly ActionName[];
  /** Written as `undefined`: the event is named, and nothing is done. */
  readonly isForbidden: boolean;
}

export interface SpecContext {
  readonly count: number;
  /** Whatever could go on for ever burns some. */
  readonly fuel: number;
}

export interface SpecEvent {
  readonly type: string;
  readonly n?: number;
}

type Guard = (context: SpecContext, event: SpecEvent) => boolean;

export const GUARDS = {
  even: (_, { n = -1 }) => n % 2 === 0,
  many: (_, { n = -1 }) => n >= 2,
  fresh: ({ count }) => count < 3,
  fuelled: ({ fuel }) => fuel > 0,
  broken: () => {
    throw new Error('a guard that fails');
  },
} satisfies Record<string, Guard>;
export type GuardName = keyof typeof GUARDS;

export const RAISED = { raiseA: { type: 'a', n: 2 }, raiseAX: { type: 'a.x' }, raiseR: { type: 'r', n: 1 } } as const;
export type ActionName = 'count' | 'burn' | 'fail' | keyof typeof RAISED;

export const START: SpecContext = { count: 0, fuel: 12 };

// ---- Any machine

const DESCRIPTORS = ['a', 'b', 'a.x', 'r', 'a.*', 'a.x.*', '*'] as const;
const TYPES = ['a', 'b', 'a.x', 'a.x.y', 'b.z', 'r', 'q'] as const;

interface TransitionShape {
  readonly descriptor: number;
  readonly how: 'target' | 'self' | 'reenter' | 'stay' | 'forbid' | 'always';
  readonly to: number;
  readonly guard: GuardName | undefined;
  readonly actions: readonly ActionName[];
}

interface Shape {
  readonly kind: StateSpec['kind'];
  readonly children: readonly Shape[];
  readonly transitions: readonly TransitionShape[];
  readonly entry: readonly ActionName[];
  readonly exit: readonly ActionName[];
}

const rarely = <Value>(common: readonly Value[], rare: readonly Value[]) =>
  fc.oneof({ weight: 40, arbitrary: fc.constantFrom(...common) }, { weight: 1, arbitrary: fc.constantFrom(...rare) });

const edgeActions = fc.array(fc.constantFrom<ActionName>('count', 'raiseA', 'raiseR'), { maxLength: 1 });
const transitions = fc.array(
  fc.record<TransitionShape>({
    descriptor: fc.nat(DESCRIPTORS.length - 1),
    how: fc.constantFrom('target', 'target', 'target', 'self', 'reenter', 'stay', 'forbid', 'always'),
    to: fc.nat(100),
    guard: fc.option(rarely<GuardName>(['even', 'many', 'fresh'], ['broken']), { nil: undefined }),
    actions: fc.array(rarely<ActionName>(['count', 'count', 'raiseA', 'raiseAX', 'raiseR'], ['fail']), {
      maxLength: 2,
    }),
  }),
  { maxLength: 3 },
);
const rest = { transitions, entry: edgeActions, exit: edgeActions };

const shapes = fc.letrec<{ state: Shape }>((tie) => ({
  state: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'state', withCrossShrink: true },
    { weight: 3, arbitrary: fc.record<Shape>({ kind: fc.constant('atomic'), children: fc.constant([]), ...rest }) },
    { weight: 1, arbitrary: fc.record<Shape>({ kind: fc.constant('final'), children: fc.constant([]), ...rest }) },
    {
      weight: 4,
      arbitrary: fc.record<Shape>({
        kind: fc.constantFrom('compound', 'compound', 'parallel'),
        children: fc.array(tie('state'), { minLength: 1, maxLength: 3, depthIdentifier: 'state' }),
        ...rest,
      }),
    },
  ),
})).state;

export const specs: fc.Arbitrary<StateSpec> = fc
  .record<Shape>({
    kind: fc.constantFrom('compound', 'compound', 'parallel'),
    children: fc.array(shapes, { minLength: 1, maxLength: 3 }),
    ...rest,
  })
  .map(specOf);

export const events: fc.Arbitrary<SpecEvent> = fc.record({ type: fc.constantFrom(...TYPES), n: fc.nat(3) });

function specOf(shape: Shape): StateSpec {
  const all: [StateSpec, Shape][] = [];
  const grow = (from: Shape, parent: StateSpec | undefined, isFirst: boolean): StateSpec => {
    // Final are children of compound states alone, and none that a machine begins with.
    const mayEnd = parent?.kind === 'compound' && !isFirst;
    const kind = from.kind === 'final' && !mayEnd ? 'atomic' : from.kind;
    const spec: StateSpec = {
      id: `s${all.length}`,
      kind,
      parent,
      children: [],
      on: new Map(),
      always: [],
      entry: from.entry,
      exit: from.exit,
      order: all.length,
    };
    all.push([spec, from]);
    for (const [index, child] of from.children.entries()) spec.children.push(grow(child, spec, index === 0));
    return spec;
  };
  const root = grow(shape, undefined, true);
  const targets = all.slice(1).map(([spec]) => spec);
  for (const [source, { transitions: shapesOfTransitions }] of all) {
    if (source.kind !== 'final') for (const each of shapesOfTransitions) addTransition(source, each, targets);
  }
  return root;
}

function addTransition(source: StateSpec, shape: TransitionShape, targets: readonly StateSpec[]): void {
  const { how, guard, to, actions } = shape;
  const descriptor = DESCRIPTORS[shape.descriptor] ?? '*';
  const target =
    how === 'self' ? source : how === 'stay' || how === 'forbid' ? undefined : targets[to % targets.length];
  // What waits for everything, or for nothing, may go round in circles.
  const burns = how === 'always' || (descriptor === '*' && target !== undefined);
  const isGuardBroken = guard === 'broken';
  const transition: TransitionSpec = {
    source,
    // The root is no target.
    target: target?.parent ? target : undefined,
    reenter: how === 'reenter',
    guards: [
      ...(burns ? (['fuelled'] as const) : []),
      ...(guard && !(how === 'always' && isGuardBroken) ? [guard] : []),
    ],
    actions: [...(burns ? (['burn'] as const) : []), ...actions.filter((action) => action !== 'fail' || !burns)],
    isForbidden: how === 'forbid',
  };
  if (how === 'always') source.always.push(transition);
  else if (how === 'forbid') source.on.set(descriptor, [{ ...transition, guards: [], actions: [] }]);
  else if (!source.on.get(descriptor)?.[0]?.isForbidden)
    source.on.set(descriptor, [...(source.on.get(descriptor) ?? []), transition]);
}

// ---- As XState has it

export function machineOf(root: StateSpec): AnyStateMachine {
  return createMachine({ context: START, ...configOf(root) } as never);
}

const configOf = (spec: StateSpec): object => ({
  id: spec.id,
  ...(spec.kind === 'parallel' && { type: 'parallel' }),
  ...(spec.kind === 'final' && { type: 'final' }),
  ...(spec.kind === 'compound' && { initial: spec.children[0]?.id }),
  ...(spec.children.length > 0 && {
    states: Object.fromEntries(spec.children.map((child) => [child.id, configOf(child)])),
  }),
  on: Object.fromEntries(
    [...spec.on].map(([descriptor, all]) => [descriptor, all[0]?.isForbidden ? undefined : all.map(transitionOf)]),
  ),
  always: spec.always.map(transitionOf),
  entry: spec.entry.map(actionOf),
  exit: spec.exit.map(actionOf),
});

const transitionOf = ({ target, reenter, guards, actions }: TransitionSpec): object => ({
  ...(target && { target: `#${target.id}` }),
  ...(reenter && { reenter }),
  ...(guards.length > 0 && {
    guard: ({ context, event }: { context: SpecContext; event: SpecEvent }) =>
      guards.every((name) => GUARDS[name](context, event)),
  }),
  actions: actions.map(actionOf),
});

function actionOf(name: ActionName): unknown {
  switch (name) {
    case 'count':
      return assign<SpecContext, SpecEvent, undefined, SpecEvent, never>({ count: ({ context }) => context.count + 1 });
    case 'burn':
      return assign<SpecContext, SpecEvent, undefined, SpecEvent, never>({ fuel: ({ context }) => context.fuel - 1 });
    case 'fail':
      return () => {
        throw new Error('an action that fails');
      };
    default:
      return enqueueActions(({ context, enqueue }) => {
        if ((context as SpecContext).fuel <= 0) return;
        enqueue.assign({ fuel: (context as SpecContext).fuel - 1 } as never);
        enqueue.raise(RAISED[name] as never);
      });
  }
}

/** A machine in words, for the case that fails: `s1 compound [E → s2 if even do count] { … }`. */
export function textOf({ id, kind, children, on, always, entry, exit }: StateSpec, indent = ''): string {
  const transitions = [...on, ['always', always] as const].flatMap(([event, all]) =>
    all.map(
      ({ target, reenter, guards, actions, isForbidden }) =>
        `${indent}  ${event} → ${target?.id ?? '·'}${reenter ? ' reenter' : ''}${isForbidden ? ' forbidden' : ''} if ${guards} do ${actions}\n`,
    ),
  );
  const inside = children.map((child) => textOf(child, `${indent}  `));
  return `${indent}${id} ${kind} entry ${entry} exit ${exit}\n${[...transitions, ...inside].join('')}`;
}
