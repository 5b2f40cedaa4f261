import { expect, test } from 'vitest';
import { DELIVERY_LIMITS } from '../../main/core/defaults.ts';
import { IncomingStream } from '../../main/core/incoming-stream.ts';
import { idOf } from '../support/world.ts';

const [FIRST, SECOND, THIRD, NEW] = ['1', '2', '3', '4'].map((end) => end.padStart(16, '0')) as [
  string,
  string,
  string,
  string,
];

/** Three epochs came one after the other; of each the sequences 1 and 3 were refused. */
function streamOf(): IncomingStream {
  const refused = [1, 3].map((sequence) => [sequence, 'NOT_ACCEPTED'] as const);
  const marks = [FIRST, SECOND, THIRD].map((epoch) => ({ peer: idOf('a'), epoch, sequence: 3, refused }));
  return new IncomingStream(marks, DELIVERY_LIMITS);
}

test('what a peer names tells that it knows of the refusals before, and of all in older epochs', () => {
  const stream = streamOf();
  expect(stream.forgetRefusals({ [SECOND]: 2 })).toEqual([
    [SECOND, 1],
    [FIRST, 3],
  ]);
  expect(stream.refusals).toBe(3);
  expect(stream.answer(SECOND).refused).toEqual([[3, 'NOT_ACCEPTED']]);
  expect(stream.answer(THIRD).refused).toHaveLength(2);
});

test('an epoch that nothing came of is newer than all others', () => {
  const stream = streamOf();
  expect(stream.forgetRefusals({ [NEW]: 1 })).toHaveLength(3);
  expect(stream.refusals).toBe(0);
});

test('an epoch that was named before on the same connection is not forgotten with the older ones', () => {
  const stream = streamOf();
  stream.forgetRefusals({ [FIRST]: 1, [SECOND]: 1 });
  expect(stream.forgetRefusals({ [THIRD]: 4, [NEW]: 1 })).toEqual([[THIRD, 3]]);
  stream.disconnected();
  expect(stream.forgetRefusals({ [SECOND]: 1 })).toEqual([[FIRST, 3]]);
});
