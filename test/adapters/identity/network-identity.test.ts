import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase32 } from '../../../main/adapters/identity/base32.ts';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { NetworkIdentity } from '../../../main/adapters/identity/network-identity.ts';
import { NetworkKey } from '../../../main/adapters/identity/network-key.ts';
import type { Proof } from '../../../main/core/ports.ts';

const key = NetworkKey.random();
const line = { binding: randomBytes(32) };
const { node } = createKeyMaterial();
const member = (...keys: NetworkKey[]) => new NetworkIdentity({ node: createKeyMaterial().node, keys });

const proven = (identity: NetworkIdentity, role: 'dialler' | 'listener' = 'dialler', of = line): Proof => {
  const proof = identity.prove(of, role);
  if (!proof) throw new Error('no proof');
  return proof;
};

test('two members of one network take each other, in both roles', () => {
  const [kitchen, cellar] = [member(key), member(key)];
  expect(cellar.accepts(line, 'dialler', proven(kitchen, 'dialler'))).toBe(true);
  expect(kitchen.accepts(line, 'listener', proven(cellar, 'listener'))).toBe(true);
});

test('a proof is the HMAC-SHA256 of role and binding, as another language would make it', () => {
  const expected = createHmac('sha256', Buffer.from(fromBase32(key.reveal()) ?? []))
    .update('listener')
    .update(line.binding);
  expect(proven(member(key), 'listener')).toEqual({ keyId: key.id, mac: expected.digest('hex') });
});

test('a proof made with another key is refused, even under the name of ours', () => {
  const stranger = proven(member(NetworkKey.random()));
  expect(member(key).accepts(line, 'dialler', stranger)).toBe(false);
  expect(member(key).accepts(line, 'dialler', { ...stranger, keyId: key.id })).toBe(false);
});

test('a proof that is sent back to its maker is refused', () => {
  const kitchen = member(key);
  expect(kitchen.accepts(line, 'listener', proven(kitchen, 'dialler'))).toBe(false);
});

test('a proof that is replayed on another connection is refused', () => {
  expect(member(key).accepts({ binding: randomBytes(32) }, 'dialler', proven(member(key)))).toBe(false);
});

test('while a key is replaced, members with the old and the new one take each other', () => {
  const old = NetworkKey.random();
  const rotated = member(key, old);
  expect(rotated.accepts(line, 'dialler', proven(member(old)))).toBe(true);
  expect(rotated.accepts(line, 'dialler', proven(member(key)))).toBe(true);
  expect(proven(rotated).keyId).toBe(key.id);
  expect(member(old).accepts(line, 'dialler', proven(rotated))).toBe(false);
});

test('no proof, or none that is one, is refused', () => {
  const { keyId, mac } = proven(member(key));
  const wrong: unknown[] = [
    undefined,
    null,
    '',
    0,
    [],
    {},
    { keyId },
    { mac },
    { keyId, mac: '' },
    { keyId, mac: mac.slice(0, 62) },
    { keyId, mac: `${mac}00` },
    { keyId, mac: mac.toUpperCase() },
    { keyId, mac: `${mac}\n` },
    { keyId, mac: Buffer.from(mac, 'hex') },
    { keyId, mac: [mac] },
    { keyId: [keyId], mac },
    { keyId: '', mac },
    { keyId: '__proto__', mac },
    { keyId, mac: 'zz'.repeat(32) },
  ];
  for (const proof of wrong) expect(member(key).accepts(line, 'dialler', proof as Proof), String(proof)).toBe(false);
  expect(member(key).accepts(line, 'dialler', { keyId, mac })).toBe(true);
});

test('a proof with any one bit changed is refused', () => {
  const { keyId, mac } = proven(member(key));
  const cellar = member(key);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), (bit) => {
      const bytes = Buffer.from(mac, 'hex');
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(cellar.accepts(line, 'dialler', { keyId, mac: bytes.toString('hex') })).toBe(false);
    }),
    { seed: 20_261_123 },
  );
});

test('on a line without a proper binding nothing is proven and nobody is taken', () => {
  for (const binding of [new Uint8Array(), randomBytes(31), randomBytes(33)]) {
    expect(member(key).prove({ binding }, 'dialler')).toBeUndefined();
    expect(member(key).accepts({ binding }, 'dialler', proven(member(key)))).toBe(false);
  }
});

test('a node without a key proves nothing and takes nobody', () => {
  const keyless = new NetworkIdentity({ node });
  expect(keyless.prove(line, 'dialler')).toBeUndefined();
  expect(keyless.accepts(line, 'dialler', proven(member(key)))).toBe(false);
});

test('an open node takes anybody, and still proves to a closed one that it is a member', () => {
  const open = new NetworkIdentity({ node, keys: [key], open: true });
  expect(open).toMatchObject({ node, open: true });
  expect(open.accepts(line, 'dialler', undefined)).toBe(true);
  expect(open.accepts(line, 'dialler', { keyId: 'x', mac: 'y' })).toBe(true);
  expect(member(key).accepts(line, 'listener', proven(open, 'listener'))).toBe(true);
  expect(member(key).open).toBe(false);
});
