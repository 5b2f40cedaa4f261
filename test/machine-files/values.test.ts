import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { chartOf } from '../../main/core/chart.ts';
import { OPERATORS } from '../../main/machine-files/operators.ts';
import { Problems } from '../../main/machine-files/problems.ts';
import { expressionText, valueFrom } from '../../main/machine-files/values.ts';
import { problemsOf, started } from '../support/machine-files.ts';

const CONTEXT = { count: 3, parts: [4, 5, 6], name: 'Press', box: { open: true }, nothing: null };
const EVENT = { type: 'LOAD', part: 7, list: [] };

/** What a value comes to; fails where it has errors. */
function compute(json: unknown): unknown {
  const problems = new Problems();
  const value = valueFrom(json, [], { context: new Set(Object.keys(CONTEXT)) }, problems);
  if (problems.hasErrors) throw new Error(problems.list()[0]?.message);
  return value({ context: CONTEXT, event: EVENT });
}

const v = (path: string) => ({ var: path });

test.each([
  [{ var: 'context.count' }, 3],
  [{ var: 'event.part' }, 7],
  [{ var: 'context.parts.1' }, 5],
  [{ var: 'context.box.open' }, true],
  [{ var: 'context.box.shut' }, null],
  [{ var: ['context.box.shut', 9] }, 9],
  [{ '+': [v('context.count'), 1] }, 4],
  [{ '-': [v('context.count'), 1] }, 2],
  [{ '-': v('context.count') }, -3],
  [{ '*': [2, 3, 4] }, 24],
  [{ '/': [7, 2] }, 3.5],
  [{ '%': [7, 5] }, 2],
  [{ min: [3, 1, 2] }, 1],
  [{ max: [3, 1, 2] }, 3],
  [{ round: 2.5 }, 3],
  [{ round: [{ '+': [0.1, 0.2] }, 1] }, 0.3],
  [{ '==': [v('context.count'), 3] }, true],
  [{ '==': ['3', 3] }, false],
  [{ '==': [v('context.parts'), [4, 5, 6]] }, true],
  [{ '!=': [v('context.name'), 'Robot'] }, true],
  [{ '<': [1, v('context.count'), 5] }, true],
  [{ '>=': [3, v('context.count')] }, true],
  [{ '!': v('event.list') }, true],
  [{ '!!': v('context.name') }, true],
  [{ and: [true, v('context.count')] }, 3],
  [{ or: [false, null, 'x'] }, 'x'],
  [{ '??': [v('context.nothing'), 5] }, 5],
  [{ if: [{ '>': [v('context.count'), 5] }, 'many', { '>': [v('context.count'), 2] }, 'some', 'few'] }, 'some'],
  [{ cat: ['Part ', v('event.part')] }, 'Part 7'],
  [{ substr: [v('context.name'), 0, 2] }, 'Pr'],
  [{ in: [5, v('context.parts')] }, true],
  [{ in: ['res', v('context.name')] }, true],
  [{ length: v('context.parts') }, 3],
  [{ length: [v('context.name')] }, 5],
  [{ merge: [v('context.parts'), 7] }, [4, 5, 6, 7]],
  [{ slice: [v('context.parts'), 1] }, [5, 6]],
  [{ slice: [v('context.parts'), 0, 1] }, [4]],
  [{ map: [v('context.parts'), { '*': [v(''), v('context.count')] }] }, [12, 15, 18]],
  [{ filter: [v('context.parts'), { '>': [v(''), 4] }] }, [5, 6]],
  [{ all: [v('context.parts'), { '>': [v(''), 3] }] }, true],
  [{ some: [v('context.parts'), { '>': [v(''), 5] }] }, true],
  [{ none: [v('context.parts'), { '>': [v(''), 6] }] }, true],
  [{ reduce: [v('context.parts'), { '+': [v('accumulator'), v('current')] }, 0] }, 15],
  [{ preserve: { var: 'context.count' } }, { var: 'context.count' }],
  [
    { part: v('event.part'), at: [v('context.count'), 1] },
    { part: 7, at: [3, 1] },
  ],
  [{ x: 1 }, { x: 1 }],
  ['context.count', 'context.count'],
])('%j comes to %j', (json, expected) => {
  expect(compute(json)).toEqual(expected);
});

describe('what an expression cannot do', () => {
  test.each([
    'constructor',
    'context.constructor',
    'context.__proto__',
    'context.parts.constructor.constructor',
    'event.toString',
  ])('a path through a prototype, %s, leads nowhere', (path) => {
    const problems = new Problems();
    const value = valueFrom({ var: [path, 'nothing'] }, [], { context: undefined }, problems);
    if (!problems.hasErrors) expect(value({ context: CONTEXT, event: EVENT })).toBe('nothing');
  });

  test.each([
    [
      'a list that doubles',
      { reduce: [Array(40).fill(0), { merge: [v('accumulator'), v('accumulator')] }, [1]] },
      /more than 10000 items/,
    ],
    [
      'a text that doubles',
      { reduce: [Array(40).fill(0), { cat: [v('accumulator'), v('accumulator')] }, 'a'] },
      /more than 65536 characters/,
    ],
    [
      'loops within loops',
      { map: [Array(400).fill(0), { map: [{ preserve: Array(400).fill(0) }, { '+': [v(''), 1] }] }] },
      /more than 100000 operations/,
    ],
    ['dividing by nothing', { '/': [1, 0] }, /"\/" cannot be computed of \[1,0\]/],
    ['adding a text', { '+': ['a', 1] }, /"\+" cannot be computed/],
    ['comparing an object', { '<': [v('context.box'), 1] }, /"<" cannot be computed/],
  ])('%s ends with a sentence', (_, json, message) => {
    expect(() => compute(json)).toThrow(message);
  });

  test('it is told where it is wrong', () => {
    const wrong = (json: unknown) => {
      const problems = new Problems();
      valueFrom(json, [], { context: new Set(['count']) }, problems);
      return problems.list().map(({ path, message, hint }) => [path, message, hint]);
    };
    expect(wrong({ '+': [{ vra: 'context.count' }, 1] })).toEqual([
      ['["+"][0].vra', 'there is no operator "vra"', 'Did you mean "var"?'],
    ]);
    expect(wrong({ vra: 'context.count' })[0]?.[2]).toBe('Did you mean "var"?');
    expect(wrong({ '==': [1] })[0]?.[1]).toBe('"==" takes 2 values, not 1');
    expect(wrong({ var: 'contxt.count' })[0]?.[2]).toMatch(/looks like/);
    expect(wrong({ var: { cat: ['con', 'text'] } })[0]?.[1]).toMatch(/path of a value as a text/);
    expect(wrong({ '+': [{ a: 1, b: 2 }, 1] })[0]?.[1]).toBe('an expression has one operator, not 2');
  });

  test('no text becomes code: it works where making functions of texts is forbidden', () => {
    const script = `
      const { loadFile } = await import(${JSON.stringify(new URL('../../main/machine-files/load-file.ts', import.meta.url).href)});
      const { createActor } = await import('xstate');
      const clock = { setTimeout, clearTimeout, now: () => 0, wallTime: () => 0 };
      const { definition, problems } = await loadFile(${JSON.stringify(fileURLToPath(new URL('../../main/machines/thermostat.json', import.meta.url)))}, clock);
      if (problems.length > 0) throw new Error(JSON.stringify(problems));
      const actor = createActor(definition.logic).start();
      actor.send({ type: 'SET', target: 25 });
      process.stdout.write(JSON.stringify(actor.getSnapshot().context));
      process.exit(0);`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script];
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    expect(JSON.parse(execFileSync(process.execPath, flags, { encoding: 'utf8', cwd }))).toEqual({
      target: 25,
      temperature: 18,
    });
  });

  test('whatever a file holds, it is a value, a problem or an error with a sentence', () => {
    const operator = fc.constantFrom(...Object.keys(OPERATORS), 'nope', '__proto__');
    const { expression } = fc.letrec((tie) => ({
      leaf: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('context.parts', 'event.list', '', 'item')),
      expression: fc.oneof(
        { maxDepth: 4 },
        tie('leaf'),
        fc
          .tuple(operator, fc.oneof(tie('expression'), fc.array(tie('expression'), { maxLength: 3 })))
          .map(([name, args]) => ({ [name]: args })),
      ),
    }));
    fc.assert(
      fc.property(expression, (json) => {
        const problems = new Problems();
        const value = valueFrom(json, [], { context: undefined }, problems);
        if (problems.hasErrors) return;
        try {
          value({ context: CONTEXT, event: EVENT });
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 3_000, seed: 5 },
    );
  });
});

test('the chart shows expressions as people write them', () => {
  expect(expressionText({ '==': [{ '%': [v('event.part'), 5] }, 0] })).toBe('(event.part % 5) == 0');
  expect(expressionText({ '!': { in: [v('event.part'), v('context.parts')] } })).toBe(
    'not (event.part in context.parts)',
  );
  expect(expressionText({ length: v('context.queue') })).toBe('length(context.queue)');
  const { definition } = started({
    context: { count: 0 },
    on: {
      A: {
        guard: { '<': [v('context.count'), 3] },
        actions: [
          { type: 'assign', params: { count: { '+': [v('context.count'), 1] } } },
          { type: 'sendToType', params: { to: 'Robot', event: { type: 'GO' } } },
        ],
      },
    },
  });
  expect(chartOf(definition.logic)?.transitions).toMatchObject([
    { label: 'A', guard: 'context.count < 3', actions: ['assign count', 'sendToType Robot GO'] },
  ]);
});

test('guards and actions act on what the machine and the event hold', () => {
  const json = {
    context: { count: 0, last: null as unknown },
    guards: { isSmall: { '<': [v('context.count'), 2] } },
    on: {
      ADD: [
        {
          guard: 'isSmall',
          actions: {
            type: 'assign',
            params: { count: { '+': [v('context.count'), v('event.by')] }, last: v('event') },
          },
        },
        {
          guard: { type: 'when', params: { is: { '>': [v('event.by'), 9] } } },
          actions: { type: 'assign', params: { count: -1 } },
        },
      ],
    },
  };
  expect(problemsOf(json)).toEqual([]);
  const { actor, context } = started(json);
  actor.send({ type: 'ADD', by: 2 } as never);
  expect(context()).toEqual({ count: 2, last: { type: 'ADD', by: 2 } });
  actor.send({ type: 'ADD', by: 5 } as never);
  expect(context().count).toBe(2);
  actor.send({ type: 'ADD', by: 10 } as never);
  expect(context().count).toBe(-1);
});

test('log hands its value to whoever hosts the machine', () => {
  const said: unknown[] = [];
  const json = { on: { SAY: { actions: { type: 'log', params: { message: v('event.text') } } } } };
  const { logic } = started(json).definition;
  const actor = createActor(logic, { logger: (value: unknown) => said.push(value) }).start();
  actor.send({ type: 'SAY', text: 'ready' });
  actor.send({ type: 'SAY', text: { part: 7 } });
  expect(said).toEqual(['ready', { part: 7 }]);
});

test('raise, with and without a delay, and named actions of several', () => {
  const json = {
    context: { log: [] as unknown[] },
    actions: {
      both: [
        { type: 'assign', params: { log: { merge: [v('context.log'), 'first'] } } },
        { type: 'raise', params: { event: { type: 'NOTE', text: v('event.text') } } },
      ],
    },
    on: {
      GO: { actions: 'both' },
      NOTE: { actions: { type: 'assign', params: { log: { merge: [v('context.log'), v('event.text')] } } } },
    },
  };
  const { actor, context } = started(json);
  actor.send({ type: 'GO', text: 'hello' } as never);
  expect(context().log).toEqual(['first', 'hello']);
});
