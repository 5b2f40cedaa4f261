import { isNodeId, type NodeId } from '../../shared/ids.ts';
import { type Check, listOf, type Shape } from './checks.ts';
import { MAX_WITHOUT } from './defaults.ts';

// The frames with which two nodes become members of one network, and tell each other of its keys. docs/protocol.md has the order.

/** How people pair two nodes: by comparing six digits, or by typing eight at one of them. */
export type PairingMethod = 'digits' | 'code';

/** Fixes the opener's nonce. */
export interface PairOffer {
  readonly type: 'pairOffer';
  readonly commitment: string;
}
/** The other's nonce, then the opener's. */
export interface PairNonce {
  readonly type: 'pairNonce';
  readonly nonce: string;
}
/** The person on this side says that the digits are the same. */
export interface PairAgree {
  readonly type: 'pairAgree';
}
/** A share of SPAKE2: of the node where the code is typed, then of the one that shows it. */
export interface PairShare {
  readonly type: 'pairShare';
  readonly share: string;
}
/** Of the node where the code was typed: it knows the code. */
export interface PairProof {
  readonly type: 'pairProof';
  readonly proof: string;
}
/** The opener hands over the key of its network. */
export interface PairKey {
  readonly type: 'pairKey';
  readonly key: string;
  /** With a code: the opener knows it, too. */
  readonly proof?: string;
}
/** The key is on the other's disk. */
export interface PairDone {
  readonly type: 'pairDone';
}

export type PairingFrame = PairOffer | PairNonce | PairAgree | PairShare | PairProof | PairKey | PairDone;

/** A member tells the key that takes the place of the one that both have. */
export interface KeyFrame {
  readonly type: 'key';
  readonly key: string;
  /** Nodes for which the old ones are worth nothing. */
  readonly without: readonly NodeId[];
}

const hexOf =
  (bytes: number): Check =>
  (value) =>
    typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]+$/.test(value);
const isKeyText: Check = (value) => typeof value === 'string' && /^[a-z2-7]{26}$/.test(value);
const isWithout: Check = (value) => listOf(isNodeId)(value) && (value as unknown[]).length <= MAX_WITHOUT;

export const isPairingMethod: Check = (value) => value === 'digits' || value === 'code';

export const PAIRING_SHAPES: Readonly<Record<(PairingFrame | KeyFrame)['type'], Shape>> = {
  pairOffer: { required: { commitment: hexOf(32) } },
  pairNonce: { required: { nonce: hexOf(32) } },
  pairAgree: { required: {} },
  pairShare: { required: { share: hexOf(65) } },
  pairProof: { required: { proof: hexOf(32) } },
  pairKey: { required: { key: isKeyText }, optional: { proof: hexOf(32) } },
  pairDone: { required: {} },
  key: { required: { key: isKeyText, without: isWithout } },
};

export const isPairingFrame = (frame: { readonly type: string }): frame is PairingFrame =>
  frame.type !== 'key' && Object.hasOwn(PAIRING_SHAPES, frame.type);
