import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { pairingMath } from '../../../main/adapters/identity/pairing.ts';
import type { PairingScene } from '../../../main/core/ports.ts';

const { newNonce, commitmentTo, digitsOf, newCode, codeSecret, codeRun } = pairingMath;
const [opener, other] = [createKeyMaterial().node, createKeyMaterial().node];
const scene: PairingScene = { binding: randomBytes(32), opener, other };
const elsewhere: readonly (readonly [string, PairingScene])[] = [
  ['on another line', { ...scene, binding: randomBytes(32) }],
  ['with another opener', { ...scene, opener: createKeyMaterial().node }],
  ['with another node', { ...scene, other: createKeyMaterial().node }],
  ['the other way round', { ...scene, opener: other, other: opener }],
];

describe('comparing digits', () => {
  test('both sides compute the same six digits', () => {
    const [a, b] = [newNonce(), newNonce()];
    expect(digitsOf(a, b, scene)).toMatch(/^\d{6}$/);
    expect(digitsOf(a, b, scene)).toBe(digitsOf(a, b, { ...scene }));
  });

  test('they are what another language would compute', () => {
    const [a, b] = ['11'.repeat(32), '22'.repeat(32)];
    const hash = createHash('sha256').update('InterMachine-pairing-digits-v1').update(scene.binding);
    hash.update(`${opener}${other}`, 'ascii').update(Buffer.from(a + b, 'hex'));
    const number = BigInt(`0x${hash.digest('hex').slice(0, 12)}`) % 1_000_000n;
    expect(digitsOf(a, b, scene)).toBe(number.toString().padStart(6, '0'));
  });

  test('every digit comes in every place', () => {
    const seen = new Set<string>();
    const nonce = newNonce();
    for (let n = 0; n < 2_000; n++)
      [...digitsOf(nonce, newNonce(), scene)].forEach((digit, place) => void seen.add(`${place}${digit}`));
    expect(seen.size).toBe(60);
  });

  test.each(elsewhere)('%s the commitment is another one', (_, changed) => {
    const nonce = newNonce();
    expect(commitmentTo(nonce, changed)).not.toBe(commitmentTo(nonce, scene));
  });

  test('a nonce is 32 bytes, and never the same twice', () => {
    expect(newNonce()).toMatch(/^[0-9a-f]{64}$/);
    expect(newNonce()).not.toBe(newNonce());
  });
});

describe('typing a code', () => {
  const run = async (typed: string, typedScene = scene, shown = '12345678') => {
    const shows = codeRun(await codeSecret(shown, scene.opener), scene, true);
    const types = codeRun(await codeSecret(typed, typedScene.opener), typedScene, false);
    const ofTypes = types.confirm(shows.share);
    const ofShows = shows.confirm(types.share);
    return [shows.isConfirmedBy(ofTypes), types.isConfirmedBy(ofShows)];
  };

  test('the right code convinces both sides, with spaces and dashes at will', async () => {
    expect(await run('12345678')).toEqual([true, true]);
    expect(await run(' 1234-56 78')).toEqual([true, true]);
  });

  test('a wrong code convinces neither', async () => {
    expect(await run('12345679')).toEqual([false, false]);
  });

  test.each(elsewhere)('%s the right code convinces nobody', async (_, changed) => {
    expect(await run('12345678', changed)).toEqual([false, false]);
  });

  test.each(['', '1234567', '123456789', '1234567x', '１２３４５６７８'])('%j is no code', async (text) => {
    await expect(codeSecret(text, opener)).rejects.toMatchObject({ code: 'PAIRING_FAILED' });
  });

  test('what is no share is refused, and what is no proof convinces nobody', async () => {
    const secret = await codeSecret('12345678', opener);
    const shows = codeRun(secret, scene, true);
    for (const share of ['', '04', 'zz', '00'.repeat(65), shows.share.slice(2)])
      expect(() => codeRun(secret, scene, false).confirm(share)).toThrow(
        expect.objectContaining({ code: 'PAIRING_FAILED' }),
      );
    expect(shows.isConfirmedBy('00'.repeat(32))).toBe(false);
    shows.confirm(codeRun(secret, scene, false).share);
    for (const proof of ['', 'zz', '00', '00'.repeat(32), '00'.repeat(33)])
      expect(shows.isConfirmedBy(proof)).toBe(false);
  });

  test('codes have eight digits and are not the same', () => {
    const codes = new Set(Array.from({ length: 100 }, newCode));
    expect(codes.size).toBeGreaterThan(95);
    for (const code of codes) expect(code).toMatch(/^\d{8}$/);
  });
});
