import { createHash, randomBytes } from 'node:crypto';
import type { PairingScene } from '../../core/ports.ts';

// Pairing by six digits that both nodes show and people compare. The opener commits to its nonce before it sees the other's, so
// that whoever stands between the two has one guess in a million, whatever he computes.

const NONCE_BYTES = 32;
const DIGITS = 6;

/** 32 random bytes, hex. */
export const newNonce = (): string => randomBytes(NONCE_BYTES).toString('hex');

/** What the opener says first: it fixes its nonce and tells nothing of it. Hex. */
export const commitmentTo = (nonce: string, scene: PairingScene): string =>
  hashOf('InterMachine-pairing-commitment-v1', scene, nonce).toString('hex');

/** What both people see. */
export function digitsOf(openersNonce: string, othersNonce: string, scene: PairingScene): string {
  const hash = hashOf('InterMachine-pairing-digits-v1', scene, openersNonce + othersNonce);
  return String(hash.readUIntBE(0, 6) % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** Every part has a fixed length, so that none runs into the next. */
const hashOf = (label: string, { binding, opener, other }: PairingScene, nonces: string): Buffer =>
  createHash('sha256')
    .update(label)
    .update(binding)
    .update(opener + other)
    .update(Buffer.from(nonces, 'hex'))
    .digest();
