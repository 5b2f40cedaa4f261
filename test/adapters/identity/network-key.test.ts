import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { base32 } from '../../../main/adapters/identity/base32.ts';
import { NetworkKey } from '../../../main/adapters/identity/network-key.ts';
import { InterMachineError } from '../../../shared/errors.ts';

const SHOWN = 'abcdefghijklmnopqrstuvwxya';

function faultOf(text: string): InterMachineError {
  try {
    NetworkKey.parse(text);
  } catch (thrown) {
    if (thrown instanceof InterMachineError) return thrown;
  }
  throw new Error(`"${text}" was taken for a network key`);
}

test('a key is shown as 26 characters that give the same key again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const shown = base32(bytes);
      expect(shown).toMatch(/^[a-z2-7]{26}$/);
      expect(NetworkKey.parse(shown).reveal()).toBe(shown);
    }),
    { seed: 20_261_123 },
  );
});

test('no two fresh keys are alike', () => {
  const keys = Array.from({ length: 100 }, () => NetworkKey.random());
  expect(new Set(keys.map((key) => key.reveal())).size).toBe(100);
  expect(new Set(keys.map((key) => key.id)).size).toBe(100);
});

test('case, spaces, dashes and line ends do not count', () => {
  const grouped = ` ABCDE-FGHIJ  klmno-PQRST-\tuvwxy-a\r\n`;
  expect(NetworkKey.parse(grouped).reveal()).toBe(SHOWN);
});

test.each([
  ['nothing', ''],
  ['one character less', SHOWN.slice(1)],
  ['one character more', `${SHOWN}a`],
  ['a digit that base32 lacks', `${SHOWN.slice(0, 25)}1`],
  ['a passphrase', 'correct horse battery staple'],
  ['a passphrase of 26 letters that is not written as base32 writes', 'correcthorsebatterystapler'],
  ['another alphabet', 'åbcdefghijklmnopqrstuvwxyza'],
  ['26 line ends', '\n'.repeat(26)],
  ['a megabyte', 'a'.repeat(1_000_000)],
])('%s is no key, and the error says what is expected and never repeats it', (_, text) => {
  const { code, message } = faultOf(text);
  expect(code).toBe('NETWORK_KEY_INVALID');
  expect(message).toContain('26 characters');
  if (text.trim() !== '') expect(message).not.toContain(text.slice(0, 10));
});

test('the key id is 8 characters, the same for one key, and not a part of it', () => {
  const { id } = NetworkKey.parse(SHOWN);
  expect(id).toMatch(/^[a-z2-7]{8}$/);
  expect(NetworkKey.parse(SHOWN.toUpperCase()).id).toBe(id);
  expect(SHOWN).not.toContain(id);
});

test('neither logging nor serialising a key gives it away', () => {
  const key = NetworkKey.random();
  for (const text of [inspect(key, { showHidden: true, depth: 9 }), JSON.stringify(key), String(key)]) {
    expect(text.toLowerCase()).not.toContain(key.reveal());
  }
});
