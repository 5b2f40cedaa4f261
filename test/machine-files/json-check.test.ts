import { describe, expect, test } from 'vitest';
import { problemsOf, started } from '../support/machine-files.ts';

/** A machine that is right, to put one thing into that is not. */
const press = (more: object = {}, states: object = {}) => ({
  type: 'Press',
  context: { part: 0 },
  initial: 'open',
  states: { open: { on: { LOAD: 'pressing' } }, pressing: { after: { 900: 'open' } }, ...states },
  ...more,
});

const errorsOf = (json: unknown) => problemsOf(json).filter(({ severity }) => severity === 'error');

test('a machine that is right has no problems', () => {
  expect(problemsOf(press())).toEqual([]);
});

test('F6: all errors of a file are told at once, each with its path, its line and what to do', () => {
  const text = `{
  "type": "Press",
  "version": "one",
  "instanses": 2,
  "context": { "part": 0 },
  "initial": "opn",
  "states": {
    "open": {
      "on": {
        "LOAD": {
          "target": "presing",
          "guard": { ">": [{ "var": "context.prt" }, 0] },
          "actions": [{ "type": "asign", "params": { "part": 1 } }]
        }
      }
    },
    "pressing": { "after": { "1e12": "open" }, "always": "opening", "invoke": { "src": "motor" } },
    "opening": { "always": "pressing", "after": { "PATIENCE": "open" } },
    "half.open": {}
  }
}`;
  expect(problemsOf(text).map(({ line, path, message, hint }) => [line, path, message, hint])).toEqual([
    [3, 'version', 'version: is not three numbers as in "1.0.0" (semver)', undefined],
    [4, 'instanses', 'a machine has no "instanses"', 'Did you mean "instances"?'],
    [6, 'initial', 'there is no state "opn" to begin with', 'Did you mean "open"?'],
    [11, 'states.open.on.LOAD.target', 'there is no state "presing" at the top', 'Did you mean "pressing"?'],
    [12, 'states.open.on.LOAD.guard[">"][0].var', 'the context has no "prt"', 'Did you mean "part"?'],
    [13, 'states.open.on.LOAD.actions[0].type', 'there is no action "asign"', 'Did you mean "assign"?'],
    [17, 'states.pressing.after.1e12', '"1e12" is no delay', expect.stringContaining('2147483647')],
    [
      17,
      'states.pressing.always',
      'this goes round for ever: pressing (always) → opening (always) → pressing (always)',
      expect.stringContaining('guard'),
    ],
    [17, 'states.pressing.invoke.src', 'there is no actor "motor"', expect.stringContaining('module')],
    [18, 'states.opening.after.PATIENCE', 'there is no delay "PATIENCE"', expect.stringContaining('"delays"')],
    [19, 'states["half.open"]', 'the name "half.open" holds a "."', expect.any(String)],
  ]);
});

describe('F1: what is no JSON', () => {
  test.each([
    ['code', 'createMachine({ initial: "a" })', /this is JavaScript/],
    ['a comment', '{\n  // a press\n  "type": "Press"\n}', /no comments/],
    ['a comma too many', '{\n  "type": "Press",\n}', /comma too many/],
    ['single quotes', "{ 'type': 1 }", /single quotes|double quotes/],
    ['a name without quotes', '{ type: 1 }', /no JSON|double quotes/],
    ['a comma too few', '{ "a": 1\n "b": 2 }', /comma is missing/],
    ['NaN', '{ "a": NaN }', /NaN is no JSON/],
    ['a text that does not end', '{ "a": "b\n }', /does not end on its line/],
    ['more than one value', '{} {}', /should end before|no JSON/],
  ])('%s is told with its line', (_, text, message) => {
    const [first] = problemsOf(text);
    expect(first?.message).toMatch(message);
    expect(first?.line).toBeGreaterThan(0);
  });

  test('several errors of a text are told at once', () => {
    expect(problemsOf('{\n "a": 1,,\n "b": undefined,\n "c": [1 2]\n}').map(({ line }) => line)).toEqual([2, 3, 4]);
  });

  test('F3: names that are here twice, and __proto__, are told', () => {
    expect(problemsOf('{ "on": {}, "on": {}, "__proto__": {} }').map(({ message }) => message)).toEqual([
      '"on" is here twice',
      'the name "__proto__" is not allowed',
    ]);
  });

  test('a hundred thousand brackets are refused at once', () => {
    for (const text of ['['.repeat(100_000), '{"states":'.repeat(20_000)])
      expect(problemsOf(text)[0]?.message).toMatch(/nested deeper than 200/);
  });
});

describe('F3, F5, F6: what is no machine', () => {
  const cases: readonly (readonly [string, object | null | number, string, RegExp])[] = [
    ['null', null, '', /is an object, not null/],
    ['an object without states', { type: 'Press' }, '', /no "states"/],
    ['a type with a space', press({ type: 'A Press' }), 'type', /1 to 50 characters/],
    ['101 instances', press({ instances: 101 }), 'instances', /up to 100/],
    ['metadata that is no text', press({ metadata: { line: 3 } }), 'metadata.line', /text is expected/],
    ['an unknown condition', press({ accept: { sender: [] } }), 'accept.sender', /has no "sender"/],
    ['a node that is no id', press({ accept: { nodes: ['kitchen'] } }), 'accept.nodes[0]', /id of a node/],
    ['a context that is a list', press({ context: [] }), 'context', /not a list/],
    ['a missing initial', press({ initial: undefined }), '', /not said in which state it begins/],
    ['an empty state name', press({}, { '': {} }), 'states[""]', /has no name/],
    ['a state name with #', press({}, { 'a#b': {} }), 'states["a#b"]', /holds a "#"/],
    ['a state called toString', press({}, { toString: {} }), 'states.toString', /cannot be called/],
    ['a state that is a text', press({}, { c: 'open' }), 'states.c', /a state is an object/],
    ['a state type that is not', press({}, { c: { type: 'paralel' } }), 'states.c.type', /no type of a state/],
    ['a final state with states', press({}, { c: { type: 'final', states: { a: {} } } }), 'states.c.type', /no states/],
    ['a negative delay', press({}, { c: { after: { '-5': 'open' } } }), 'states.c.after.-5', /no delay/],
    ['half a millisecond', press({}, { c: { after: { '0.5': 'open' } } }), 'states.c.after["0.5"]', /no delay/],
    [
      'a delay of 25 days',
      press({}, { c: { after: { 2147483648: 'open' } } }),
      'states.c.after.2147483648',
      /no delay/,
    ],
    ['NaN as a delay', press({}, { c: { after: { NaN: 'open' } } }), 'states.c.after.NaN', /no delay/],
    ['an unknown action', press({}, { c: { entry: 'cleanUp' } }), 'states.c.entry', /no action "cleanUp"/],
    [
      'an unknown guard',
      press({}, { c: { on: { A: { guard: 'isHot' } } } }),
      'states.c.on.A.guard',
      /no guard "isHot"/,
    ],
    ['an unknown target of always', press({}, { c: { always: 'nowhere' } }), 'states.c.always', /no state "nowhere"/],
    ['an unknown id', press({}, { c: { on: { A: '#nowhere' } } }), 'states.c.on.A', /no state with the id/],
    ['a target beside the root', press({ on: { A: 'open' } }), 'on.A', /the root has no states beside it/],
    ['an event without a name', press({ on: { '': '.open' } }), 'on[""]', /has no name/],
    ['an event pattern that fits nothing', press({ on: { 'a*b': '.open' } }), 'on["a*b"]', /fits no event/],
    ['XState 4', press({}, { c: { on: { A: { cond: 'x' } } } }), 'states.c.on.A.cond', /has no "cond"/],
    [
      'sending what belongs to XState',
      press({ entry: { type: 'reply', params: { event: 'xstate.stop' } } }),
      'entry.params.event',
      /belong to XState/,
    ],
    [
      'sending to a type with a space',
      press({ entry: { type: 'sendToType', params: { to: 'a b', event: 'X' } } }),
      'entry.params.to',
      /machine type/,
    ],
    ['an action without its parameters', press({ entry: 'reply' }), 'entry.params', /needs its "params"/],
    [
      'a parameter too many',
      press({ entry: { type: 'reply', params: { event: 'A', evnt: 1 } } }),
      'entry.params.evnt',
      /has no "evnt"/,
    ],
    [
      'an assignment to nothing',
      press({ entry: { type: 'assign', params: { prt: 1 } } }),
      'entry.params.prt',
      /no "prt"/,
    ],
    ['tags that are numbers', press({ tags: [1] }), 'tags', /list of texts/],
    ['an id of two states', press({}, { c: { id: 'x' }, d: { id: 'x' } }), 'states.d.id', /another state/],
  ];
  test.each(cases)('%s is told', (_, json, path, message) => {
    const errors = errorsOf(json);
    expect(errors.map((error) => error.path)).toContain(path);
    expect(errors.find((error) => error.path === path)?.message).toMatch(message);
  });

  test('F2: 2,000 states are taken, 2,001 are not', () => {
    const states = (count: number) => Object.fromEntries(Array.from({ length: count - 1 }, (_, n) => [`s${n}`, {}]));
    expect(problemsOf({ type: 'A', initial: 's0', states: states(2_000) })).toEqual([]);
    expect(errorsOf({ type: 'A', initial: 's0', states: states(2_001) })).toMatchObject([
      { message: 'there are 2001 states; 2000 are allowed' },
    ]);
  });

  test('F2: states may be nested 32 levels deep and no deeper', () => {
    const nested = (depth: number): object => (depth === 0 ? {} : { initial: 'a', states: { a: nested(depth - 1) } });
    expect(problemsOf({ type: 'A', ...nested(32) })).toEqual([]);
    expect(errorsOf({ type: 'A', ...nested(33) })[0]?.message).toMatch(/deeper than 32/);
  });

  test('a machine that fails at its start is told', () => {
    const json = press({ entry: { type: 'assign', params: { part: { '+': ['a', 1] } } } });
    expect(errorsOf(json)[0]?.message).toMatch(/fails when it starts: .*"\+" cannot be computed of \["a",1\]/);
    // Guarded, so that it is seen when it runs and not before.
    const loop = press(
      {},
      {
        open: { always: { guard: { '>': [1, 0] }, target: 'pressing' } },
        pressing: { always: { guard: { '>': [1, 0] }, target: 'open' } },
      },
    );
    expect(errorsOf(loop)[0]?.message).toMatch(/fails when it starts: Infinite loop/);
  });
});

describe('what opens as it is', () => {
  test('a definition that Stately exported', () => {
    const exported = {
      context: { count: 0 },
      id: 'Coffee machine',
      initial: 'Idle state',
      states: {
        'Idle state': { on: { BREW: [{ target: 'Brewing', actions: [], meta: {} }] }, description: 'Waits.' },
        Brewing: {
          after: { '500': [{ target: '#Coffee machine.Idle state', actions: [], meta: {} }] },
          entry: { type: 'reply', params: { event: 'STARTED' } },
          tags: ['busy'],
          meta: {},
        },
      },
    };
    expect(problemsOf(exported)).toEqual([]);
    const { definition, actor } = started(exported);
    expect(definition.type).toBe('Coffee_machine');
    expect(actor.getSnapshot().value).toBe('Idle state');
  });

  test('what it named and did not explain is told, with where to explain it', () => {
    const exported = { id: 'Lamp', initial: 'a', states: { a: { entry: [{ type: 'inline:Lamp.a#entry[0]' }] } } };
    expect(problemsOf(exported)).toMatchObject([
      {
        path: 'states.a.entry[0].type',
        message: 'there is no action "inline:Lamp.a#entry[0]"',
        hint: expect.stringContaining('"actions"'),
      },
    ]);
    expect(
      problemsOf({ ...exported, actions: { 'inline:Lamp.a#entry[0]': { type: 'log', params: { message: 'a' } } } }),
    ).toEqual([]);
  });

  test('a parallel machine, whose "type" is XState’s own', () => {
    const { definition, actor } = started({ id: 'Cell', type: 'parallel', states: { a: {}, b: {} } });
    expect(definition.type).toBe('Cell');
    expect(actor.getSnapshot().value).toEqual({ a: {}, b: {} });
  });

  test('a configuration under "machine", with the machine’s type beside it', () => {
    const { definition, actor } = started({
      type: 'Cell',
      version: '2.1.0',
      machine: { type: 'parallel', states: { a: {}, b: {} } },
    });
    expect(definition).toMatchObject({ type: 'Cell', version: '2.1.0' });
    expect(actor.getSnapshot().value).toEqual({ a: {}, b: {} });
  });

  test('a file without type and id is called as its file', () => {
    expect(started({ initial: 'a', states: { a: {} } }).definition.type).toBe('file');
  });
});
