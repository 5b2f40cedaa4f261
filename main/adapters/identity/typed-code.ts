import { randomInt, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { InterMachineError } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import type { CodeRun, PairingScene } from '../../core/ports.ts';
import { Spake2, type Spake2Result, scalarFrom, WIDE_SCALAR_BYTES } from './spake2.ts';

// Pairing by a code that one node shows and a person types at the other.

const CODE_LENGTH = 8;
const LABEL = 'InterMachine-pairing-code-v1';
const HEX = /^(?:[0-9a-f]{2})+$/;
const scryptAsync = promisify(scrypt);

export const newCode = (): string => String(randomInt(10 ** CODE_LENGTH)).padStart(CODE_LENGTH, '0');

/**
 * The code as SPAKE2 takes it, for one opener of a window. Slow on purpose, and beside the event loop. Throws PAIRING_FAILED
 * for what is no code.
 */
export async function codeSecret(code: string, opener: NodeId): Promise<bigint> {
  const plain = code.replace(/[\s-]/g, '');
  if (!/^\d+$/.test(plain) || plain.length !== CODE_LENGTH)
    throw new InterMachineError('PAIRING_FAILED', `A code of ${CODE_LENGTH} digits is expected`);
  return scalarFrom((await scryptAsync(plain, `${LABEL} ${opener}`, WIDE_SCALAR_BYTES)) as Buffer);
}

/** One try. The node that shows the code is the opener of the scene. */
export function codeRun(secret: bigint, scene: PairingScene, isOpener: boolean): CodeRun {
  const spake = new Spake2({
    party: isOpener ? 'A' : 'B',
    password: secret,
    idA: scene.opener,
    idB: scene.other,
    associated: Buffer.concat([Buffer.from(LABEL), scene.binding]),
  });
  let result: Spake2Result | undefined;
  return {
    share: Buffer.from(spake.share).toString('hex'),
    confirm(theirShare) {
      result = spake.finish(bytesFrom(theirShare));
      return Buffer.from(result.confirmation).toString('hex');
    },
    isConfirmedBy: (theirs) => result?.isConfirmedBy(bytesFrom(theirs)) ?? false,
  };
}

const bytesFrom = (hex: string): Buffer => (HEX.test(hex) ? Buffer.from(hex, 'hex') : Buffer.alloc(0));
