import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEvent, encodeEvent, MAX_EVENT_DEPTH } from '../../shared/event.ts';

const nested = (levels: number): unknown => (levels === 0 ? 'end' : { in: nested(levels - 1) });
const cycle: { type: string; self?: unknown } = { type: 'A' };
cycle.self = cycle;

describe('encodeEvent', () => {
  test('what it writes is read back as an equal and fresh object', () => {
    const noProto = fc.string().filter((key) => key !== '__proto__' && key !== 'type');
    const plain = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc
          .double({ noNaN: true, noDefaultInfinity: true })
          .map((number) => number + 0)
          .filter((number) => Math.abs(number) < 2 ** 53 || Math.abs(number) >= 1e21),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(noProto, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.dictionary(noProto, plain, { noNullPrototype: true }), (fields) => {
        const event = { ...fields, type: 'SOME' };
        const read = decodeEvent(encodeEvent(event));
        expect(read).toEqual(JSON.parse(JSON.stringify(event)));
        expect(read).not.toBe(event);
      }),
    );
  });

  test.each<[string, unknown, RegExp]>([
    ['a Date', { type: 'A', at: new Date() }, /event\.at: a Date is not a plain object/],
    ['a Map', { type: 'A', map: new Map() }, /event\.map: a Map/],
    [
      'a class instance deep inside',
      { type: 'A', list: [{ x: new (class Reading {})() }] },
      /event\.list\[0\]\.x: a Reading/,
    ],
    ['a function', { type: 'A', call: () => 1 }, /event\.call: a function/],
    ['a BigInt', { type: 'A', big: 1n }, /event\.big: a bigint/],
    ['NaN', { type: 'A', n: Number.NaN }, /event\.n: NaN/],
    ['Infinity', { type: 'A', n: [1, Number.POSITIVE_INFINITY] }, /event\.n\[1\]: Infinity/],
    ['-0', { type: 'A', n: -0 }, /event\.n: JSON does not keep -0/],
    ['a whole number beyond 2^53 - 1', { type: 'A', n: 2 ** 53 }, /event\.n: 9007199254740992 is beyond/],
    ['one far below', { type: 'A', at: -1_764_000_000_000_000_000 }, /event\.at: -1764000000000000000 is beyond/],
    ['undefined in a list', { type: 'A', list: [undefined] }, /event\.list\[0\]: undefined cannot be written as JSON/],
    ['a cycle', cycle, /nested deeper than 64 levels, or containing itself/],
    ['a key __proto__', JSON.parse('{"type":"A","__proto__":{"admin":true}}'), /key "__proto__"/],
    ['no type', { kind: 'A' }, /event\.type/],
    ['a type that is no text', { type: 7 }, /event\.type/],
    ['an empty type', { type: '' }, /event\.type/],
    ['a wildcard', { type: '*' }, /event\.type/],
    ['an event of XState itself', { type: 'xstate.stop' }, /belong to XState/],
    ['a list', [{ type: 'A' }], /an object with a "type"/],
    ['null', null, /an object with a "type"/],
    ['a text', 'PING', /an object with a "type"/],
  ])('%s is refused, with its path', (_, event, message) => {
    expect(() => encodeEvent(event)).toThrow(
      expect.objectContaining({ code: 'EVENT_INVALID', message: expect.stringMatching(message) }),
    );
  });

  test('a property that is undefined is one that is not there', () => {
    expect(encodeEvent({ type: 'A', note: undefined })).toBe('{"type":"A"}');
  });

  test('64 levels pass and 65 do not', () => {
    expect(encodeEvent({ type: 'A', deep: nested(MAX_EVENT_DEPTH - 2) })).toContain('end');
    expect(() => encodeEvent({ type: 'A', deep: nested(MAX_EVENT_DEPTH) })).toThrow(/64 levels/);
  });
});

describe('decodeEvent', () => {
  test.each([
    ['not JSON', '{"type":"A"'],
    ['empty', ''],
    ['a number too large for JSON’s reader', '{"type":"A","n":1e999}'],
    ['-0', '{"type":"A","n":-0}'],
    ['-0.0', '{"type":"A","n":-0.0}'],
    ['2^53 + 1', '{"type":"A","n":9007199254740993}'],
    ['a key twice', '{"type":"A","n":1,"n":2}'],
    ['a key twice, with space around', '{"type":"A","n" : 1, "n" :2}'],
    ['a key twice deep inside', '{"type":"A","list":[{"n":1,"m":":","n":2}]}'],
    ['a key twice, once escaped', '{"type":"A","n":1,"\\u006e":2}'],
    ['a key __proto__ in a nested object', '{"type":"A","x":{"__proto__":1}}'],
    ['the same, escaped', '{"type":"A","x":{"\\u005f_proto__":1}}'],
    ['65 levels', `{"type":"A","x":${'['.repeat(65)}${']'.repeat(65)}}`],
    ['a megabyte of brackets', `{"type":"A","x":${'['.repeat(500_000)}${']'.repeat(500_000)}}`],
    ['a forged event of XState', '{"type":"xstate.done.actor.x"}'],
  ])('%s is refused', (_, json) => {
    expect(() => decodeEvent(json)).toThrow(expect.objectContaining({ code: 'EVENT_INVALID' }));
  });

  test('numbers as large as they get are taken where nobody takes them for exact', () => {
    expect(decodeEvent('{"type":"A","n":[9007199254740991,6.02214076e23,-1.5e300,0.1]}').n).toEqual([
      Number.MAX_SAFE_INTEGER,
      6.022_140_76e23,
      -1.5e300,
      0.1,
    ]);
  });

  test('brackets, quotes and colons inside of texts count for nothing', () => {
    const text = `${'[{":'.repeat(5_000)}\\"`;
    expect(decodeEvent(JSON.stringify({ type: 'A', text }))).toEqual({ type: 'A', text });
  });
});
