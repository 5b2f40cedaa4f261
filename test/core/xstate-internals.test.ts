import { globSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type ActorLogic,
  type AnyActor,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  type InspectionEvent,
  raise,
  type Snapshot,
  sendTo,
  setup,
} from 'xstate';
import { SimulatedClock } from '../../main/adapters/clock/simulated.ts';
import { MAX_ITERATIONS } from '../../main/core/defaults.ts';
import {
  activeNodes,
  actorAt,
  armDelays,
  delayEvent,
  delayedEvents,
  hasten,
  isEvent,
  isMachine,
  isStop,
  limitIterations,
  parentOf,
  pathFrom,
  stepEnded,
  stopChildren,
  tookTransition,
  transitionsTaken,
} from '../../main/core/xstate-internals.ts';

// What we lean on in XState beyond its documented API, held against the installed version. Where one of these fails after an
// update, main/core/xstate-internals.ts is the module to change.

describe('our sources', () => {
  const root = new URL('../..', import.meta.url);
  const sources = globSync('{main,shared,renderer,preload}/**/*.{ts,tsx}', { cwd: root })
    .filter((path) => !path.includes('node_modules'))
    .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(new URL(path, root), 'utf8') }));
  const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, '');
  const withoutTexts = (text: string) => text.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");

  test('touch private members of XState in one module alone', () => {
    const builds = globSync('node_modules/xstate/dist/*.development.esm.js', { cwd: root });
    const itsSource = builds.map((path) => readFileSync(new URL(path, root), 'utf8')).join('\n');
    const members = new Set(itsSource.match(/(?<=\.)_{1,2}[a-z]\w*|\b_{1,2}[a-z]\w*(?=:)/gi));
    expect([...members]).toEqual(expect.arrayContaining(['_nodes', '_parent', '_stop', '_snapshot', '__xstatenode']));
    const touched = sources.flatMap(({ path, text }) => {
      const code = withoutComments(text);
      const asked = [...code.matchAll(/(['"])(_{1,2}[a-z]\w*)\1\s+in\b/gi)].map(([, , member]) => member ?? '');
      const named = withoutTexts(code).match(/\b_{1,2}[a-z]\w*/gi) ?? [];
      return [...asked, ...named].filter((name) => members.has(name)).map((name) => ({ path, name }));
    });
    expect(touched.filter(({ path }) => path !== 'main/core/xstate-internals.ts')).toEqual([]);
    expect(touched.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['_nodes', '_parent', '_stop', '_transitions', '__xstatenode']),
    );
  });

  test('import XState by its name alone', () => {
    const imports = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/from '([^']*xstate[^']*)'/g)].map(([, from]) => [path, from]),
    );
    expect(imports.length).toBeGreaterThan(20);
    const foreign = imports.filter(
      ([, from]) => from !== 'xstate' && !/^\.{1,2}\/.*xstate(-internals)?\.ts$/.test(from ?? ''),
    );
    expect(foreign).toEqual([]);
  });
});

/** Everything that the system of an actor tells. */
function inspected(actor: AnyActor): InspectionEvent[] {
  const told: InspectionEvent[] = [];
  actor.system.inspect((inspection) => told.push(inspection));
  return told;
}

const run = (logic: AnyActorLogic): AnyActor => {
  const actor = createActor(logic);
  actor.subscribe({ error: () => {} });
  return actor;
};

describe('machines', () => {
  const others: readonly [string, AnyActorLogic][] = [
    ['a promise', fromPromise(async () => 1)],
    ['a callback', fromCallback(() => {})],
    ['an observable', fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => {} }) }))],
    ['a transition', fromTransition((state: number) => state, 0)],
  ];

  test.each(others)('are told from other logic: %s', (_, logic) => {
    expect(isMachine(logic)).toBe(false);
    limitIterations(logic);
  });

  test.each<[string, AnyStateMachine]>([
    ['createMachine', createMachine({})],
    ['setup', setup({}).createMachine({})],
    ['provide', setup({}).createMachine({}).provide({})],
  ])('are told as such, and take a limit of steps: %s', (_, machine) => {
    expect(isMachine(machine)).toBe(true);
    const { options } = machine as unknown as { options: { maxIterations: number } };
    expect(options.maxIterations).toBe(Number.POSITIVE_INFINITY);
    limitIterations(machine);
    expect(options.maxIterations).toBe(MAX_ITERATIONS);
  });

  test('keep the limit that their author set', () => {
    const machine = createMachine({ options: { maxIterations: 3 } });
    limitIterations(machine);
    expect((machine as unknown as { options: { maxIterations: number } }).options.maxIterations).toBe(3);
  });

  test.each<[string, AnyStateMachine]>([
    [
      'always',
      createMachine({ initial: 'a', states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b' } } }),
    ],
    ['raise', createMachine({ on: { GO: { actions: raise({ type: 'GO' }) } } })],
  ])('that go round in circles fail at that limit: %s', (_, machine) => {
    limitIterations(machine);
    const actor = run(machine).start();
    actor.send({ type: 'GO' });
    expect(actor.getSnapshot().status).toBe('error');
    expect(String(actor.getSnapshot().error)).toContain(`${MAX_ITERATIONS}`);
  });

  test('show the nodes of their active states', () => {
    const machine = createMachine({
      id: 'm',
      type: 'parallel',
      states: { a: { initial: 'b', states: { b: {}, c: {} } }, d: {} },
    });
    const snapshot = createActor(machine).start().getSnapshot() as AnyMachineSnapshot;
    const nodes = activeNodes(snapshot);
    expect(nodes.map(({ id }) => id).sort()).toEqual(['m', 'm.a', 'm.a.b', 'm.d']);
    expect(nodes).toContain(machine.root);
    expect(nodes).toContain(machine.states.a?.states.b);
  });
});

describe('what a machine did with an event', () => {
  const child = createMachine({ on: { TOLD: { actions: () => {} } } });
  let isDue = false;
  const machine = createMachine({
    invoke: { id: 'child', src: child },
    initial: 'a',
    states: {
      a: {
        on: {
          GO: 'b',
          ACT: { actions: () => {} },
          EMPTY: {},
          FORBIDDEN: undefined,
          GUARDED: { guard: () => false, target: 'b' },
          RAISE: { actions: raise({ type: 'GO' }) },
          TELL: { actions: sendTo('child', { type: 'TOLD' }) },
        },
        always: { guard: () => isDue, target: 'c' },
      },
      b: { on: { '*': 'a' } },
      c: {},
    },
  });
  let actor: AnyActor;
  let told: InspectionEvent[];
  beforeEach(() => {
    isDue = false;
    actor = run(machine);
    told = inspected(actor);
    actor.start();
  });
  /** Sends, and returns only what was told then. */
  const send = (event: EventObject) => {
    told.length = 0;
    actor.send(event);
    return event;
  };
  const took = (event: object, by: AnyActorRef = actor) => told.some((each) => tookTransition(each, by, event));
  const labels = (by: AnyActorRef = actor) =>
    told.flatMap((each) => transitionsTaken(each, by)).map((each) => (each as { eventType: string }).eventType);

  test.each([
    ['a transition', 'GO', true, ['GO']],
    ['an action alone', 'ACT', true, ['ACT']],
    ['a transition that is empty', 'EMPTY', true, ['EMPTY']],
    ['a forbidden one', 'FORBIDDEN', true, ['FORBIDDEN']],
    ['a guard that says no', 'GUARDED', false, []],
    ['an event that nothing waits for', 'UNKNOWN', false, []],
    ['one that raises another', 'RAISE', true, ['RAISE', 'GO']],
  ])('is told in its microsteps: %s', (_, type, taken, types) => {
    const event = send({ type });
    expect(took(event)).toBe(taken);
    expect(labels()).toEqual(types);
  });

  test('is told of the very object that was sent, of no other like it', () => {
    const event = send({ type: 'GO' });
    expect([took(event), took({ type: 'GO' })]).toEqual([true, false]);
  });

  test('is told of an eventless transition as well, by the event that made it due', () => {
    isDue = true;
    const event = send({ type: 'UNKNOWN' });
    expect([took(event), labels()]).toEqual([true, ['']]);
  });

  test('is told of each actor apart', () => {
    const event = send({ type: 'TELL' });
    expect(told.flatMap((each) => stepEnded(each, actor)?.type ?? [])).toEqual(['TELL']);
    const { child: childRef } = actor.getSnapshot().children as Record<string, AnyActorRef>;
    expect(labels()).toEqual(['TELL']);
    expect(labels(childRef)).toEqual(['TOLD']);
    expect([took(event), took(event, childRef)]).toEqual([true, false]);
  });

  test('is told by the definitions that the machine is made of, the same objects in each actor', () => {
    send({ type: 'GO' });
    const [taken] = told.flatMap((each) => transitionsTaken(each, actor));
    expect(machine.states.a?.transitions.get('GO')).toContain(taken);
  });

  test('is told when it is over, once for each event, after its microsteps', () => {
    expect(told.flatMap((each) => stepEnded(each, actor)?.type ?? [])).toEqual(['xstate.init']);
    send({ type: 'RAISE' });
    const steps = told.filter(({ actorRef, type }) => actorRef === actor && /microstep|snapshot/.test(type));
    expect(steps.map(({ type }) => type)).toEqual(['@xstate.microstep', '@xstate.microstep', '@xstate.snapshot']);
    expect(told.flatMap((each) => stepEnded(each, actor)?.type ?? [])).toEqual(['RAISE']);
  });

  test('is told when it changed nothing', () => {
    send({ type: 'UNKNOWN' });
    expect(told.flatMap((each) => stepEnded(each, actor)?.type ?? [])).toEqual(['UNKNOWN']);
  });

  test('is told until nobody looks any more', () => {
    const more: InspectionEvent[] = [];
    const looking = actor.system.inspect((each) => more.push(each));
    send({ type: 'ACT' });
    expect(more.length).toBeGreaterThan(0);
    looking.unsubscribe();
    more.length = 0;
    send({ type: 'ACT' });
    expect(more).toEqual([]);
    expect(told.length).toBeGreaterThan(0);
  });

  test('is told of other logic too: that a step is over, and no transitions', () => {
    const counter = run(fromTransition((n: number) => n + 1, 0));
    told = inspected(counter);
    counter.start();
    told.length = 0;
    const event = { type: 'ANY' };
    counter.send(event);
    expect(told.flatMap((each) => stepEnded(each, counter)?.type ?? [])).toEqual(['ANY']);
    expect(told.some((each) => tookTransition(each, counter, event))).toBe(false);
  });
});

describe('an actor', () => {
  const leaf = createMachine({ id: 'leaf' });
  const branch = createMachine({ id: 'branch', invoke: { id: 'leaf', src: leaf } });
  const tree = setup({ actors: { branch, leaf } }).createMachine({
    invoke: { id: 'branch', src: 'branch' },
  });
  const child = (of: AnyActorRef, id: string) =>
    (of.getSnapshot().children as Record<string, AnyActorRef>)[id] as AnyActorRef;

  test('knows who made it, and the root of a system that nobody did', () => {
    const actor = createActor(tree).start();
    expect(parentOf(child(child(actor, 'branch'), 'leaf'))).toBe(child(actor, 'branch'));
    expect(parentOf(child(actor, 'branch'))).toBe(actor);
    expect(parentOf(actor)).toBeUndefined();
  });

  test('that failed leaves its children running, until we stop them, and theirs', () => {
    const clock = new SimulatedClock();
    let ticks = 0;
    let cleanups = 0;
    const ticking = createMachine({
      invoke: {
        id: 'callback',
        src: fromCallback(() => () => {
          cleanups++;
        }),
      },
      initial: 'tick',
      states: { tick: { after: { 10: { target: 'tick', reenter: true, actions: () => ticks++ } } } },
    });
    const actor = createActor(
      createMachine({
        invoke: { id: 'branch', src: createMachine({ invoke: { id: 'ticking', src: ticking } }) },
        on: {
          BREAK: {
            actions: () => {
              throw new Error('broken');
            },
          },
        },
      }),
      { clock },
    );
    actor.subscribe({ error: () => {} });
    actor.start();
    const branchRef = child(actor, 'branch');
    const tickingRef = child(branchRef, 'ticking');
    actor.send({ type: 'BREAK' });
    clock.increment(10);
    expect([actor.getSnapshot().status, branchRef.getSnapshot().status, ticks]).toEqual(['error', 'active', 1]);

    stopChildren(actor);
    clock.increment(100);
    expect([branchRef, tickingRef].map((each) => each.getSnapshot().status)).toEqual(['stopped', 'stopped']);
    expect([ticks, cleanups]).toEqual([1, 1]);
    stopChildren(createActor(fromPromise(async () => 1)));
  });
});

describe('a machine that goes on from a snapshot', () => {
  const machine = setup({
    types: { context: {} as { readonly wait: number } },
    delays: { long: 300, own: ({ context }) => context.wait },
  }).createMachine({
    context: { wait: 400 },
    type: 'parallel',
    states: {
      number: { initial: 'a', states: { a: { after: { 100: 'b' } }, b: { after: { 50: 'c' } }, c: {} } },
      named: { initial: 'a', states: { a: { after: { long: 'b' } }, b: {} } },
      made: { initial: 'a', states: { a: { after: { own: 'b' } }, b: {} } },
      left: { initial: 'a', states: { a: { after: { 200: 'b' }, on: { LEAVE: 'c' } }, b: {}, c: {} } },
    },
  });
  const goOn = () => {
    const clock = new SimulatedClock();
    const snapshot = createActor(machine).getPersistedSnapshot();
    return { clock, actor: createActor(machine, { snapshot, clock }).start() };
  };
  const states = ({ actor }: ReturnType<typeof goOn>) => Object.values(actor.getSnapshot().value).join('');

  test('waits for ever in a state with a delay, as long as we do not start it', () => {
    const going = goOn();
    going.clock.increment(10_000);
    expect(states(going)).toBe('aaaa');
  });

  test('leaves it after the delay when we do: a number, a name, one that is made; and not when it left before', () => {
    const going = goOn();
    armDelays(going.actor);
    going.clock.increment(99);
    expect(states(going)).toBe('aaaa');
    going.clock.increment(1);
    expect(states(going)).toBe('baaa');
    going.actor.send({ type: 'LEAVE' });
    going.clock.increment(200);
    expect(states(going)).toBe('cbac');
    going.clock.increment(100);
    expect(states(going)).toBe('cbbc');
  });

  test('is none where the logic is no machine', () => {
    expect(() => armDelays(createActor(fromPromise(async () => 1)).start())).not.toThrow();
  });
});

describe('what waits for its time', () => {
  const child = setup({ delays: { soon: 40 } }).createMachine({
    initial: 'a',
    states: { a: { after: { soon: 'b' } }, b: {} },
  });
  const machine = setup({ actors: { child } }).createMachine({
    initial: 'waiting',
    states: {
      waiting: {
        invoke: { src: 'child', id: 'below' },
        entry: [raise({ type: 'RAISED' }, { delay: 20, id: 'own' }), sendTo('below', { type: 'SENT' }, { delay: 30 })],
        after: { 50: 'over' },
        on: { RAISED: {}, LEAVE: 'over' },
      },
      over: {},
    },
  });

  let clock: SimulatedClock;
  let actor: AnyActor;
  beforeEach(() => {
    clock = new SimulatedClock();
    actor = createActor(machine, { clock }).start();
  });

  const waits = () =>
    delayedEvents(actor).map(({ source, target, event, delay }) => [
      pathFrom(actor, source)?.join(),
      pathFrom(actor, target)?.join(),
      event.type,
      delay,
    ]);

  test('is known with who scheduled it and who gets it, each one object for as long as it waits', () => {
    expect(waits().toSorted()).toEqual([
      ['', '', 'RAISED', 20],
      ['', '', 'xstate.after.50.(machine).waiting', 50],
      ['', 'below', 'SENT', 30],
      ['below', 'below', 'xstate.after.soon.(machine).a', 40],
    ]);
    expect(delayedEvents(actor).every((each, at) => each === delayedEvents(actor)[at])).toBe(true);
    clock.increment(20);
    expect(waits()).toHaveLength(3);
  });

  test('is cancelled when its state is left, also where we scheduled it', () => {
    const waiting = delayedEvents(actor);
    const other = createActor(machine, { clock, snapshot: actor.getPersistedSnapshot() }).start();
    actor.stop();
    expect(delayedEvents(other)).toEqual([]);
    for (const each of waiting) {
      const [source, target] = [each.source, each.target].map((end) => actorAt(other, pathFrom(actor, end) ?? ['?']));
      if (source && target) delayEvent({ ...each, source, target });
    }
    expect(delayedEvents(other)).toHaveLength(4);
    other.send({ type: 'LEAVE' });
    expect(delayedEvents(other).map(({ event }) => event.type)).toEqual(['RAISED', 'SENT']);
  });

  test('comes at once when it is told to, and not where it waits no more', () => {
    const after = delayedEvents(actor).find(({ delay }) => delay === 50);
    if (!after) throw new Error('nothing waits');
    hasten(after);
    expect(actor.getSnapshot().value).toBe('over');
    const got: string[] = [];
    actor.system.inspect((inspection) => isEvent(inspection) && got.push(inspection.type));
    hasten(after);
    expect(got).toEqual([]);
    actor.send({ type: 'LEAVE' });
    expect(got).toEqual(['@xstate.event']);
  });

  test('has no path from an actor that did not start it', () => {
    expect(pathFrom(createActor(machine), actor)).toBeUndefined();
    expect(actorAt(actor, ['nobody'])).toBeUndefined();
  });
});

describe('logic of our own', () => {
  interface Heard {
    readonly events: string[];
    emit: (event: EventObject) => void;
    self: AnyActorRef | undefined;
  }
  type OwnSnapshot = Snapshot<string>;
  let heard: Heard;
  let logic: ActorLogic<OwnSnapshot, EventObject, undefined>;
  const active: OwnSnapshot = { status: 'active', output: undefined, error: undefined };
  beforeEach(() => {
    heard = { events: [], emit: () => {}, self: undefined };
    logic = {
      start: (_, { emit, self }) => {
        heard.emit = emit;
        heard.self = self;
      },
      transition: (snapshot, event) => {
        heard.events.push(event.type);
        if (isStop(event))
          return { ...snapshot, status: 'stopped', output: undefined, error: undefined } as OwnSnapshot;
        if (event.type === 'xstate.intermachine.done') return { status: 'done', output: 'fine', error: undefined };
        if (event.type === 'xstate.intermachine.failed') return { status: 'error', output: undefined, error: 'broken' };
        return snapshot;
      },
      getInitialSnapshot: () => active,
      getPersistedSnapshot: () => active,
    };
  });
  const holder = () =>
    setup({ actors: { own: logic } }).createMachine({
      initial: 'on',
      states: {
        on: { invoke: { id: 'own', src: 'own', onDone: 'done', onError: 'failed' }, on: { LEAVE: 'off' } },
        off: {},
        done: {},
        failed: {},
      },
    });

  test('is told to stop when its actor is stopped', () => {
    const actor = createActor(logic).start();
    actor.stop();
    expect(heard.events).toEqual(['xstate.stop']);
    expect(actor.getSnapshot().status).toBe('stopped');
  });

  test('is told to stop when the machine leaves the state that invokes it, and when the machine is stopped', () => {
    const one = createActor(holder()).start();
    one.send({ type: 'LEAVE' });
    expect(heard.events).toEqual(['xstate.stop']);
    const other = createActor(holder()).start();
    other.stop();
    expect(heard.events).toEqual(['xstate.stop', 'xstate.stop']);
  });

  test('may emit as long as it runs, also when no event is being handled', () => {
    const actor = createActor(logic);
    const emitted: string[] = [];
    actor.on('*', ({ type }: EventObject) => emitted.push(type));
    actor.start();
    heard.emit({ type: 'beep' });
    expect(emitted).toEqual(['beep']);
  });

  test.each([
    ['done', 'xstate.intermachine.done'],
    ['failed', 'xstate.intermachine.failed'],
  ])('may tell itself what no machine can send, and so come to its end: %s', (value, type) => {
    const actor = createActor(holder()).start();
    heard.self?.send({ type });
    expect(actor.getSnapshot().value).toBe(value);
  });

  test('starts with the snapshot that it was given when it is restored', () => {
    const restoring: typeof logic = { ...logic, restoreSnapshot: () => active };
    const actor = createActor(restoring, { snapshot: { status: 'active', output: undefined, error: undefined } });
    expect(actor.start().getSnapshot()).toBe(active);
  });
});
