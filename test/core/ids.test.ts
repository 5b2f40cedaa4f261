import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressOf, isName, machineId, nodeId, parseAddress, shorten } from '../../shared/ids.ts';
import { utf8Length } from '../../shared/utf8.ts';

const node = nodeId('abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst');

test('an address is read back into what it was made of', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 50, unit: 'grapheme' }).filter(isName), (id) => {
      fc.pre(!id.startsWith('$'));
      expect(parseAddress(addressOf(node, machineId(id)))).toEqual({ node, machine: id });
    }),
  );
});

test.each([
  '',
  'im://',
  'im:///x',
  `im://${node}`,
  `im://${node}/`,
  `im://${node}/a/b`,
  `im://${node.toUpperCase()}/a`,
  `http://${node}/a`,
])('"%s" is no address', (text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'ADDRESS_INVALID' }));
});

test.each(['', 'a b', 'a/b', 'a*', 'what?', 'a,b', 'line\nbreak', 'a\u202Eb', 'x'.repeat(51), '\uD800', '$node'])(
  '%j names no machine',
  (text) => {
    expect(() => machineId(text)).toThrow(expect.objectContaining({ code: 'MACHINE_ID_INVALID' }));
  },
);

test.each(['Robot_1', 'Service_Alpha_1', 'größe', '機械', 'a.b:c-d#1'])('%j names a machine', (text) => {
  expect(machineId(text)).toBe(text);
});

test('a text in a message is short and cannot steer a terminal', () => {
  expect(shorten(`\u001B[2J${'x'.repeat(1_000)}`)).toBe(`\uFFFD[2J${'x'.repeat(56)}`);
});

test('the length in UTF-8 is that of the encoded text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text));
    }),
  );
  expect(utf8Length('\uD800x\uDC00')).toBe(Buffer.byteLength('\uD800x\uDC00'));
});
