import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasLongNumber, namesIn, namesInText } from '../../shared/strict-json.ts';

const SEED = 20_261_124;

test('a text has as many names as what is read from it, whatever it is and however it is written', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, '\t'), (value, space) => {
      const text = JSON.stringify(value, null, space);
      expect(namesInText(text, 1_000)).toBe(namesIn(JSON.parse(text)));
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});

test('a name that is there twice is one too many, wherever it is', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.jsonValue(),
      fc.jsonValue(),
      fc.array(fc.constantFrom('list', 'object')),
      (name, one, other, around) => {
        let text = `{${JSON.stringify(name)}:${JSON.stringify(one)},${JSON.stringify(name)}:${JSON.stringify(other)}}`;
        for (const kind of around) text = kind === 'list' ? `[1,${text},":"]` : `{"\\"":"\\\\","in":${text}}`;
        expect(namesInText(text, 1_000)).toBeGreaterThan(namesIn(JSON.parse(text)));
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

test('nesting is told up to the limit and no further', () => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
  expect(namesInText(nested(64), 64)).toBe(32);
  expect(namesInText(nested(66), 64)).toBeUndefined();
  expect(namesInText('['.repeat(1_000_000), 64)).toBeUndefined();
});

test.each(['"', '"\\', '{"a', '\\"', '}}}}', ':::', ''])('%j is no JSON and read all the same', (text) => {
  expect(namesInText(text, 64)).toBeTypeOf('number');
});

test.each([
  ['1234567890123456789012', true],
  ['-1234567890123456789012', true],
  ['{"\\"":[1,1000000000000000000000]}', true],
  ['1234567890123456789012.5', true],
  ['1234567890123456789012e1', true],
  ['999999999999999999999', false],
  ['0.0000012345678901234567', false],
  ['1.2345678901234567890123e-5', false],
  ['1e+21', false],
  ['{"1234567890123456789012":"1234567890123456789012","\\\\":"\\"1234567890123456789012"}', false],
])('whether a number in %s has more digits than are kept: %j', (json, is) => {
  expect(hasLongNumber(json)).toBe(is);
});

test('no text that JavaScript writes has too long a number, and no 22 digits of one are overlooked', () => {
  const around = [fc.jsonValue(), fc.jsonValue(), fc.bigInt({ min: 10n ** 21n, max: 10n ** 40n })] as const;
  fc.assert(
    fc.property(...around, (one, other, number) => {
      const [before, after] = [JSON.stringify(one), JSON.stringify(other)];
      expect(hasLongNumber(`[${before},${after}]`)).toBe(false);
      expect(hasLongNumber(`[${before},${number},${after}]`)).toBe(true);
      expect(hasLongNumber(`[${before},"${number}",${after}]`)).toBe(false);
    }),
    { seed: SEED, numRuns: 1_000 },
  );
});
