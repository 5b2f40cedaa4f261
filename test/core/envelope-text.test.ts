import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLabel, encodeLabel, type Label, readLabel } from '../../shared/envelope-text.ts';
import { machineId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const ids = fc.constantFrom('Ping', 'größe-机', 'back\\slash', '{"}', '$node').filter((id) => !id.includes('"'));
const labels = fc.record(
  {
    from: ids,
    to: ids,
    sentAt: fc.maxSafeNat(),
    expiresAt: fc.maxSafeNat(),
    correlationId: fc.constantFrom('a', 'b-1'),
    causationId: fc.constantFrom('c', 'd_2'),
  },
  { requiredKeys: ['from', 'to', 'sentAt', 'expiresAt'], noNullPrototype: true },
) as fc.Arbitrary<Label>;

test('a label is read as it was written', () => {
  fc.assert(
    fc.property(labels, (label) => {
      expect(decodeLabel(encodeLabel(label))).toEqual(label);
      expect(readLabel(encodeLabel({ ...label, id: 'of "its" own' }))).toEqual({ ...label, id: 'of "its" own' });
      expect(encodeLabel(label)).not.toContain('\n');
    }),
  );
});

test.each([
  ['nothing', ''],
  ['not JSON', '['],
  ['no list', '{}'],
  ['three fields', '["A","B",1]'],
  ['five fields', '["A","B",1,2,0]'],
  ['an id of its own', '["A","B",1,2,0,0,"id"]'],
  ['a machine of another node', `["im://${idOf('c')}/Pong","B",1,2]`],
  ['a machine id with a line break', '["A\\n","B",1,2]'],
  ['a negative time', '["A","B",1,-2]'],
  ['a time that is endless', '["A","B",1,1e308]'],
  ['a time as text', '["A","B",1,"2"]'],
  ['minus zero', '["A","B",-0,2]'],
  ['a correlation that is no id', '["A","B",1,2,"a b",0]'],
  ['a causation of 1,000 characters', JSON.stringify(['A', 'B', 1, 2, 0, 'x'.repeat(1_000)])],
])('a label with %s is refused', (_, line) => {
  expect(() => decodeLabel(line)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }));
});

test('a machine id is no more than it was in the registry', () => {
  expect(encodeLabel({ from: machineId('A'), to: machineId('B'), sentAt: 1, expiresAt: 2 })).toBe('["A","B",1,2]');
});
