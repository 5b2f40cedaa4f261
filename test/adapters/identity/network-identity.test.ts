import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase32 } from '../../../main/adapters/identity/base32.ts';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { NetworkIdentity } from '../../../main/adapters/identity/network-identity.ts';
import { NetworkKey } from '../../../main/adapters/identity/network-key.ts';

const key = NetworkKey.random();
const same = NetworkKey.parse(key.reveal());
const line = { binding: randomBytes(32) };

test('whoever has the key takes a proof of it, in both roles', () => {
  expect(same.accepts(line, 'dialler', key.prove(line, 'dialler'))).toBe(true);
  expect(key.accepts(line, 'listener', same.prove(line, 'listener'))).toBe(true);
});

test('a proof is the HMAC-SHA256 of role and binding, as another language would make it', () => {
  const expected = createHmac('sha256', Buffer.from(fromBase32(key.reveal()) ?? []))
    .update('listener')
    .update(line.binding);
  expect(key.prove(line, 'listener')).toBe(expected.digest('hex'));
});

test('a proof made with another key is refused', () => {
  expect(key.accepts(line, 'dialler', NetworkKey.random().prove(line, 'dialler'))).toBe(false);
});

test('a proof that is sent back to its maker is refused', () => {
  expect(key.accepts(line, 'listener', key.prove(line, 'dialler'))).toBe(false);
});

test('a proof that is replayed on another connection is refused', () => {
  expect(key.accepts({ binding: randomBytes(32) }, 'dialler', key.prove(line, 'dialler'))).toBe(false);
});

test('what is no proof is refused', () => {
  const mac = key.prove(line, 'dialler');
  const wrong: unknown[] = [
    undefined,
    null,
    '',
    0,
    [],
    {},
    mac.slice(0, 62),
    `${mac}00`,
    mac.toUpperCase(),
    `${mac}\n`,
    Buffer.from(mac, 'hex'),
    [mac],
    'zz'.repeat(32),
  ];
  for (const proof of wrong) expect(key.accepts(line, 'dialler', proof as string), String(proof)).toBe(false);
  expect(key.accepts(line, 'dialler', mac)).toBe(true);
});

test('a proof with any one bit changed is refused', () => {
  const mac = key.prove(line, 'dialler');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), (bit) => {
      const bytes = Buffer.from(mac, 'hex');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(key.accepts(line, 'dialler', bytes.toString('hex'))).toBe(false);
    }),
    { seed: 20_261_123 },
  );
});

test('on a line without a proper binding nothing is proven and nobody is taken', () => {
  for (const binding of [new Uint8Array(), randomBytes(31), randomBytes(33)]) {
    expect(() => key.prove({ binding }, 'dialler')).toThrow('binding');
    expect(() => key.accepts({ binding }, 'dialler', '00'.repeat(32))).toThrow('binding');
  }
});

test('a key is read back as it was revealed, and a new one is another one', () => {
  const identity = new NetworkIdentity(createKeyMaterial().node);
  const made = identity.newKey();
  expect(identity.readKey(made.reveal()).id).toBe(made.id);
  expect(identity.newKey().id).not.toBe(made.id);
  expect(() => identity.readKey('a passphrase')).toThrow(expect.objectContaining({ code: 'NETWORK_KEY_INVALID' }));
});
