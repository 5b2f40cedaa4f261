import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { InterMachineError } from '../../../shared/errors.ts';

// SPAKE2 (RFC 9382) with P256-SHA256-HKDF-HMAC: two sides that have the same short password find out that they do, and
// whoever does not have it can try one guess in each run, and none afterwards.

const { Point } = p256;
const ORDER = Point.Fn.ORDER;
/** Points that nobody knows the logarithm of (RFC 9382, 6). */
const M = Point.fromHex('02886e2f97ace46e55ba9dd7242579f2993b64e16ef3dcab95afd497333d8fa12f');
const N = Point.fromHex('03d8bbd6c639c62937b04d997f38c3770719c629d7014d49a24b4f98baa1292b49');
/** Bytes of a point, uncompressed; the only form that is taken. */
const POINT_BYTES = 65;
const SCALAR_BYTES = 32;
/** 16 more than a scalar has, so that what is left after the division is even (RFC 9382, 3.2). */
export const WIDE_SCALAR_BYTES = 48;
const KEY_BYTES = 16;

export interface Spake2Options {
  readonly party: 'A' | 'B';
  /** From `scalarFrom`; the same at both sides if they were given the same password. */
  readonly password: bigint;
  readonly idA: string;
  readonly idB: string;
  /** Goes into the confirmation: what both sides must agree on besides the password. */
  readonly associated?: Uint8Array;
  /** For the vectors of the RFC; random else, and never the same twice. */
  readonly scalar?: bigint;
}

export interface Spake2Result {
  readonly sharedKey: Uint8Array;
  /** What shows the other side that we have the password. */
  readonly confirmation: Uint8Array;
  /** In a time that tells nothing. */
  isConfirmedBy(theirs: Uint8Array): boolean;
}

/** A scalar from 1 up, for a password or at random, from bytes that are evenly distributed. */
export const scalarFrom = (bytes: Uint8Array): bigint => (numberFrom(bytes) % (ORDER - 1n)) + 1n;

/** One run of one side. */
export class Spake2 {
  /** What the other side gets, first of all. */
  readonly share: Uint8Array;
  readonly #options: Spake2Options;
  readonly #scalar: bigint;

  constructor(options: Spake2Options) {
    const { party, password, scalar = scalarFrom(randomBytes(WIDE_SCALAR_BYTES)) } = options;
    this.#options = options;
    this.#scalar = scalar;
    const blind = (party === 'A' ? M : N).multiply(password);
    this.share = Point.BASE.multiply(scalar).add(blind).toBytes(false);
  }

  /** Throws PAIRING_FAILED for a share that is no point of the curve, or that leads to the point at infinity. */
  finish(theirs: Uint8Array): Spake2Result {
    const { party, idA, idB, password, associated = new Uint8Array() } = this.#options;
    const common = this.#commonPoint(theirs);
    const [shareA, shareB] = party === 'A' ? [this.share, theirs] : [theirs, this.share];
    const transcript = Buffer.concat(
      [Buffer.from(idA), Buffer.from(idB), shareA, shareB, common, bytesOf(password)].map(withLength),
    );
    const keys = createHash('sha256').update(transcript).digest();
    const info = Buffer.concat([Buffer.from('ConfirmationKeys'), associated]);
    const confirmationKeys = Buffer.from(
      hkdfSync('sha256', keys.subarray(KEY_BYTES), Buffer.alloc(0), info, 2 * KEY_BYTES),
    );
    const mac = (key: Uint8Array) => createHmac('sha256', key).update(transcript).digest();
    const ofA = mac(confirmationKeys.subarray(0, KEY_BYTES));
    const ofB = mac(confirmationKeys.subarray(KEY_BYTES));
    const [ours, expected] = party === 'A' ? [ofA, ofB] : [ofB, ofA];
    return {
      sharedKey: keys.subarray(0, KEY_BYTES),
      confirmation: ours,
      isConfirmedBy: (mac) => mac.length === expected.length && timingSafeEqual(mac, expected),
    };
  }

  #commonPoint(theirs: Uint8Array): Uint8Array {
    const { party, password } = this.#options;
    try {
      if (theirs.length !== POINT_BYTES) throw new Error(`${theirs.length} bytes`);
      const point = Point.fromBytes(theirs);
      point.assertValidity();
      const common = point.subtract((party === 'A' ? N : M).multiply(password)).multiply(this.#scalar);
      if (common.is0()) throw new Error('it leads to the point at infinity');
      return common.toBytes(false);
    } catch (cause) {
      throw new InterMachineError('PAIRING_FAILED', 'The other side sent no point of the curve', { cause });
    }
  }
}

function withLength(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
}

const numberFrom = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const bytesOf = (scalar: bigint): Buffer => Buffer.from(scalar.toString(16).padStart(2 * SCALAR_BYTES, '0'), 'hex');
