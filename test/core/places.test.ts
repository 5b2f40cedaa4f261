import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Places } from '../../main/core/places.ts';

test('places hold what a map would, however they are taken and given back', () => {
  // Few and near the ends of pages, so that they meet; and one that is far away.
  const place = fc.constantFrom(1, 2, 255, 256, 257, 511, 512, 2 ** 52);
  fc.assert(
    fc.property(fc.array(place, { maxLength: 40 }), (steps) => {
      const places = new Places<number>();
      const model = new Map<number, number>();
      for (const [n, at] of steps.entries()) {
        if (model.delete(at)) places.delete(at);
        else {
          model.set(at, n);
          places.set(at, n);
        }
        expect(places.get(at)).toBe(model.get(at));
        expect([...places.values()].sort((a, b) => a - b)).toEqual([...model.values()].sort((a, b) => a - b));
        expect(places.isEmpty).toBe(model.size === 0);
      }
    }),
    { seed: 11 },
  );
});

test('one that stays keeps nothing else: what came and went beside it leaves nothing', () => {
  const places = new Places<number>();
  places.set(1, 1);
  for (let at = 2; at < 10_000; at++) {
    places.set(at, at);
    places.delete(at);
  }
  expect([...places.values()]).toEqual([1]);
  places.delete(1);
  expect(places.isEmpty).toBe(true);
});
