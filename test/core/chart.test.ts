import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AnyActorLogic,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  and,
  assign,
  createActor,
  createMachine,
  emit,
  fromPromise,
  not,
  or,
  raise,
  setup,
  stateIn,
} from 'xstate';
import { activeStates, chartIds, chartOf, stateText } from '../../main/core/chart.ts';
import { SHIPPED } from '../../main/machines/shipped.ts';
import type { Chart, ChartState, ChartTransition } from '../../shared/api.ts';

const allStates = (state: ChartState): ChartState[] => [state, ...state.children.flatMap(allStates)];
const allNodes = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(allNodes)];
const definitionsOf = (node: AnyStateNode) => [...node.transitions.values(), node.always ?? []].flat();

function chartFor(logic: AnyActorLogic): Chart {
  const chart = chartOf(logic);
  if (!chart) throw new Error('no chart');
  return chart;
}

/** Of the transition of that label; the only one. */
function transition(logic: AnyActorLogic, label: string): Omit<ChartTransition, 'id'> {
  const found = chartFor(logic).transitions.filter((each) => each.label === label);
  expect(found.map((each) => each.label)).toEqual([label]);
  const { id: _, ...rest } = found[0] as ChartTransition;
  return rest;
}

const everything = setup({
  actions: { one: () => {}, two: () => {} },
  guards: { isA: () => true, isB: () => false },
  delays: { redial: 50 },
  actors: { homing: fromPromise(async () => {}), other: fromPromise(async () => {}) },
}).createMachine({
  id: 'm',
  type: 'parallel',
  states: {
    work: {
      initial: 'idle',
      description: 'What it is for',
      tags: ['busy'],
      onDone: { actions: 'two' },
      states: {
        idle: {
          entry: ['one', raise({ type: 'GO' }, { delay: 1 }), emit({ type: 'beep' }), assign({}), () => {}],
          exit: function tidy() {},
          on: {
            GO: 'home',
            BOTH: { target: ['#m.work.home', '#m.door.open'] },
            HERE: { actions: ['one', 'two'] },
            NEVER: {},
            SELF: { target: 'idle', reenter: true },
            'mouse.*': 'home',
            '*': { actions: 'one' },
            NAMED: { guard: 'isA', target: 'home' },
            TOGETHER: { guard: and(['isA', or(['isB', not('isA')])]), target: 'home' },
            NEITHER: { guard: not(or(['isA', 'isB'])), target: 'home' },
            WHERE: { guard: stateIn({ door: 'open' }), target: 'home' },
            INLINE: { guard: () => true, target: 'home' },
          },
          after: { 500: 'home', redial: { target: 'home', actions: 'one' }, 60000: 'home' },
        },
        home: {
          invoke: [
            { src: 'homing', onDone: 'end', onError: 'idle', onSnapshot: { actions: 'one' } },
            { src: 'other', id: 'second' },
            // `setup` wants names, but machines are written without it, too.
            { src: fromPromise(async () => {}) as never },
          ],
          always: { guard: 'isB', target: 'end' },
        },
        end: { type: 'final' },
        before: { type: 'history', history: 'deep', target: 'home' },
        last: { type: 'history' },
      },
    },
    door: { initial: 'shut', states: { shut: {}, open: {} } },
  },
});

describe('a chart', () => {
  test('has nested, parallel, final and history states with what happens in them', () => {
    const states = new Map(allStates(chartFor(everything).root).map((state) => [state.id, state]));

    expect([...states.keys()]).toEqual([
      'm',
      'm.work',
      'm.work.idle',
      'm.work.home',
      'm.work.end',
      'm.work.before',
      'm.work.last',
      'm.door',
      'm.door.shut',
      'm.door.open',
    ]);
    expect([...states.values()].map(({ type }) => type).join(' ')).toBe(
      'parallel compound atomic atomic final history history compound atomic atomic',
    );
    expect(states.get('m.work')).toMatchObject({
      initial: 'm.work.idle',
      description: 'What it is for',
      tags: ['busy'],
    });
    expect(states.get('m')).not.toHaveProperty('initial');
    expect(states.get('m.work.before')).toMatchObject({ history: 'deep' });
    expect(states.get('m.work.last')).toMatchObject({ history: 'shallow' });
  });

  test('names actions as their author did, and leaves out those that XState adds for delays', () => {
    const idle = allStates(chartFor(everything).root).find(({ key }) => key === 'idle');

    expect(idle?.entry).toEqual(['one', 'raise GO', 'emit beep', 'assign', 'inline']);
    expect(idle?.exit).toEqual(['tidy']);
  });

  test('names invoked actors by their id, else by their logic', () => {
    const home = allStates(chartFor(everything).root).find(({ key }) => key === 'home');

    expect(home?.invoke).toEqual(['homing', 'second', 'inline']);
  });

  test.each([
    ['after 500 ms', { source: 'm.work.idle', target: 'm.work.home', event: 'xstate.after.500.m.work.idle' }],
    ['after redial', { source: 'm.work.idle', target: 'm.work.home', actions: ['one'] }],
    ['after 60 s', { source: 'm.work.idle', target: 'm.work.home' }],
    ['always', { source: 'm.work.home', target: 'm.work.end', guard: 'isB', event: '' }],
    ['done: homing', { source: 'm.work.home', target: 'm.work.end' }],
    ['error: homing', { source: 'm.work.home', target: 'm.work.idle' }],
    ['snapshot: homing', { source: 'm.work.home', actions: ['one'] }],
    ['done', { source: 'm.work', actions: ['two'] }],
    ['default', { source: 'm.work.before', target: 'm.work.home' }],
    ['SELF, reenter', { source: 'm.work.idle', target: 'm.work.idle', event: 'SELF' }],
    ['mouse.*', { target: 'm.work.home' }],
    ['*', { event: '*', actions: ['one'] }],
    ['NAMED', { guard: 'isA' }],
    ['TOGETHER', { guard: 'isA and (isB or not isA)' }],
    ['NEITHER', { guard: 'not (isA or isB)' }],
    ['WHERE', { guard: 'in door.open' }],
    ['INLINE', { guard: 'inline' }],
  ])('reads "%s"', (label, expected) => {
    expect(transition(everything, label)).toMatchObject(expected);
  });

  test.each(['HERE', 'NEVER', '*', 'snapshot: homing'])('does not leave the state on "%s"', (label) => {
    expect(transition(everything, label)).not.toHaveProperty('target');
  });

  test('lets the parent decide where a history state leads first, unless it says so itself', () => {
    const { transitions } = chartFor(everything);

    expect(transitions.filter(({ source }) => source === 'm.work.last')).toEqual([]);
    expect(transitions.filter(({ source }) => source === 'm.work.before')).toHaveLength(1);
  });

  test('draws a transition to several states once for each of them', () => {
    const both = chartFor(everything).transitions.filter(({ event }) => event === 'BOTH');

    expect(both.map(({ target }) => target)).toEqual(['m.work.home', 'm.door.open']);
  });

  test('is not there for logic that is no machine', () => {
    const promise = fromPromise(async () => 1);

    expect(chartOf(promise)).toBeUndefined();
    expect(chartIds(promise).size).toBe(0);
    expect(activeStates(createActor(promise).getSnapshot())).toEqual([]);
    expect(stateText(createActor(promise).getSnapshot())).toBe('');
  });

  test('is plain JSON, for it crosses the wire', () => {
    for (const logic of [everything, ...Object.values(SHIPPED).map(({ logic }) => logic)]) {
      const chart = chartFor(logic);
      expect(JSON.parse(JSON.stringify(chart))).toEqual(chart);
    }
  });

  test('leaves the machine as it was: its entry and exit actions do not grow', () => {
    const machine = createMachine({ initial: 'a', states: { a: { after: { 5: 'b' } }, b: {} } });
    const count = () => machine.root.states.a?.entry.length;
    const before = count();

    chartOf(machine);

    expect(count()).toBe(before);
  });
});

test('states whose ids collide in XState differ in the chart', () => {
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: { a: { initial: 'b', states: { b: { on: { X: 'c' } }, c: {} } }, 'a.b': { id: 'm.a.b' } },
  });
  const ids = allStates(chartFor(machine).root).map(({ id }) => id);

  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain('m.a.b~2');
});

describe('a snapshot', () => {
  test('tells the ids of all active states, from the root down', () => {
    const actor = createActor(everything).start();

    expect(activeStates(actor.getSnapshot())[0]).toBe('m');
    expect(new Set(activeStates(actor.getSnapshot()))).toEqual(
      new Set(['m', 'm.work', 'm.work.idle', 'm.door', 'm.door.shut']),
    );
    const depths = activeStates(actor.getSnapshot()).map((id) => id.split('.').length);
    expect(depths).toEqual(depths.toSorted());
    actor.stop();
  });

  test('reads as its active leaf states', () => {
    const actor = createActor(everything).start();
    expect(stateText(actor.getSnapshot())).toBe('work.idle, door.shut');

    actor.send({ type: 'BOTH' });
    expect(stateText(actor.getSnapshot())).toBe('work.home, door.open');
    actor.stop();
  });

  test('of a machine without states reads as nothing', () => {
    expect(stateText(createActor(createMachine({ id: 'bare' })).getSnapshot())).toBe('');
    expect(activeStates(createActor(createMachine({ id: 'bare' })).getSnapshot())).toEqual(['bare']);
  });
});

describe('transitions that were taken', () => {
  test.each([
    ['an event', 'NAMED', ['NAMED']],
    ['one to several states', 'BOTH', ['BOTH', 'BOTH']],
    ['one that stays', 'HERE', ['HERE']],
    ['a wildcard', 'WHATEVER', ['*']],
    ['a partial wildcard', 'mouse.down', ['mouse.*']],
    ['a forbidden one', 'NEVER', ['NEVER']],
  ])('are found in the chart: %s', (_, type, labels) => {
    expect(taken(everything, { type })).toEqual(labels);
  });

  test('are found after `provide`, which makes another machine', () => {
    expect(taken(everything.provide({ guards: { isA: () => true } }), { type: 'NAMED' })).toEqual(['NAMED']);
  });
});

/** Labels of what one event made the machine take. */
function taken(logic: AnyStateMachine, event: { readonly type: string }): string[] {
  const ids = chartIds(logic);
  const labels = new Map(chartFor(logic).transitions.map(({ id, label }) => [id, label]));
  const found: string[] = [];
  const actor = createActor(logic, {
    inspect(inspection) {
      if (inspection.type !== '@xstate.microstep' || inspection.event !== event) return;
      for (const each of inspection._transitions)
        for (const id of ids.get(each) ?? ['missing']) found.push(labels.get(id) ?? 'missing');
    },
  });
  actor.start();
  actor.send(event);
  actor.stop();
  return found;
}

// ---- Whatever machines people write

interface Shape {
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly children: readonly Shape[];
  readonly transitions: readonly { readonly how: number; readonly to: number; readonly also: number }[];
}

const shapes = fc.letrec<{ shape: Shape }>((tie) => {
  const transitions = fc.array(fc.record({ how: fc.nat(7), to: fc.nat(), also: fc.nat() }), { maxLength: 4 });
  const leaf = fc.record({
    kind: fc.constantFrom('atomic' as const, 'final' as const, 'history' as const),
    children: fc.constant([]),
    transitions,
  });
  return {
    shape: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'state' },
      leaf,
      fc.record({
        kind: fc.constantFrom('compound' as const, 'parallel' as const),
        children: fc.array(tie('shape'), { minLength: 1, maxLength: 4, depthIdentifier: 'state' }),
        transitions,
      }),
    ),
  };
}).shape;

const keys = ['a', 'b', 'c', 'd'];

function machineOf(root: Shape): AnyStateMachine {
  const ids: string[] = [];
  const note = (shape: Shape, id: string) => {
    if (shape.kind !== 'history') ids.push(id);
    for (const [index, child] of shape.children.entries()) note(child, `${id}.${keys[index]}`);
  };
  note(root, 'm');
  const target = (to: number) => `#${ids[to % ids.length]}`;
  const config = (shape: Shape): object => {
    if (shape.kind === 'history') return { type: 'history', history: 'deep' };
    const on: Record<string, object[]> = {};
    const after: Record<string, object[]> = {};
    const always: object[] = [];
    for (const { how, to, also } of shape.transitions) {
      const each = { target: target(to), guard: () => false };
      if (how === 0) push(after, `${(also % 3) * 100}`, each);
      else if (how === 1) always.push(each);
      else if (how === 2) push(on, '*', { actions: () => {} });
      else if (how === 3) push(on, `E${also % 3}`, {});
      else if (how === 4) push(on, `E${also % 3}`, { ...each, reenter: true });
      else push(on, `E${also % 3}`, each);
    }
    // A history state cannot be the first one.
    const first = keys[shape.children.findIndex(({ kind }) => kind !== 'history')];
    return {
      on,
      after,
      ...(always.length > 0 && { always }),
      ...(shape.kind === 'parallel' && { type: 'parallel' }),
      ...(shape.kind === 'compound' && { initial: first }),
      ...(shape.kind === 'final' && { type: 'final' }),
      ...(shape.children.length > 0 && {
        states: Object.fromEntries(shape.children.map((child, index) => [keys[index], config(child)])),
      }),
    };
  };
  return createMachine({ id: 'm', ...config(root) } as never);
}

const push = (lists: Record<string, object[]>, key: string, item: object) => {
  lists[key] = [...(lists[key] ?? []), item];
};

/** With something in each holder that can be entered first. */
const isRunnable = ({ kind, children }: Shape): boolean =>
  (children.length === 0
    ? kind !== 'compound' && kind !== 'parallel'
    : children.some((child) => child.kind !== 'history')) && children.every(isRunnable);

test('every state and every transition of any machine is in its chart exactly once, and all ids differ', () => {
  fc.assert(
    fc.property(
      shapes.filter((shape) => shape.kind !== 'history' && isRunnable(shape)),
      (shape) => {
        const machine = machineOf(shape);
        const chart = chartFor(machine);
        const states = allStates(chart.root);
        const nodes = allNodes(machine.root);
        const definitions = nodes.flatMap(definitionsOf);
        const ids = chartIds(machine);

        expect(states.map(({ id }) => id)).toEqual(nodes.map(({ id }) => id));
        expect(new Set(states.map(({ id }) => id)).size).toBe(states.length);
        expect(new Set(chart.transitions.map(({ id }) => id)).size).toBe(chart.transitions.length);

        const drawnOf = definitions.map((definition) => ids.get(definition) ?? []);
        expect(drawnOf.map((each) => each.length)).toEqual(definitions.map(({ target }) => target?.length || 1));
        expect(ids.size).toBe(definitions.length);
        const byId = new Map(chart.transitions.map((each) => [each.id, each]));
        for (const [index, definition] of definitions.entries()) {
          const drawn = byId.get(drawnOf[index]?.[0] ?? '');
          expect(drawn?.source).toBe(definition.source.id);
          expect(drawn?.target).toBe(definition.target?.[0]?.id);
          expect(drawn?.event).toBe(definition.eventType);
        }
        // The same definition, written anew, gets the same ids: a reader may keep them.
        expect(chartOf(machineOf(shape))).toEqual(chart);

        const active = activeStates(createActor(machine).getSnapshot() as AnyMachineSnapshot);
        expect(states.map(({ id }) => id)).toEqual(expect.arrayContaining(active));
      },
    ),
    { numRuns: 300 },
  );
});
