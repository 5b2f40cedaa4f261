import { timingSafeEqual } from 'node:crypto';
import type { NodeId } from '../../../shared/ids.ts';
import type { Connection, Identity, Proof, Role } from '../../core/ports.ts';
import type { NetworkKey } from './network-key.ts';

export interface NetworkIdentityOptions {
  readonly node: NodeId;
  /** Our own first; further ones are taken from peers too, so that an old key and a new one overlap. */
  readonly keys?: readonly NetworkKey[];
  /** Lets anybody in. For demos and closed labs. */
  readonly open?: boolean;
}

/** Bytes of the connection's binding; fixed, so that role and binding cannot run into each other. */
const BINDING_BYTES = 32;
const MAC = /^[0-9a-f]{64}$/;

/** One of us is who has a network key. Without a key and not open, nobody is. */
export class NetworkIdentity implements Identity {
  readonly node: NodeId;
  readonly open: boolean;
  readonly #keys: readonly NetworkKey[];

  constructor({ node, keys = [], open = false }: NetworkIdentityOptions) {
    this.node = node;
    this.open = open;
    this.#keys = keys;
  }

  prove({ binding }: Pick<Connection, 'binding'>, role: Role): Proof | undefined {
    const key = this.#keys[0];
    if (!key || binding.length !== BINDING_BYTES) return undefined;
    return { keyId: key.id, mac: macOf(key, role, binding).toString('hex') };
  }

  accepts({ binding }: Pick<Connection, 'binding'>, role: Role, proof: Proof | undefined): boolean {
    if (this.open) return true;
    if (!isProof(proof) || binding.length !== BINDING_BYTES) return false;
    const key = this.#keys.find(({ id }) => id === proof.keyId);
    return key !== undefined && timingSafeEqual(macOf(key, role, binding), Buffer.from(proof.mac, 'hex'));
  }
}

/** Bound to the role, so that a proof cannot be sent back to its maker; and to the line, so that it is worth nothing on another. */
const macOf = (key: NetworkKey, role: Role, binding: Uint8Array) => key.hmac(Buffer.from(role), binding);

/** Comes from a peer: whatever its type says, it may be anything. */
function isProof(proof: unknown): proof is Proof {
  if (typeof proof !== 'object' || proof === null || !('keyId' in proof) || !('mac' in proof)) return false;
  return typeof proof.keyId === 'string' && typeof proof.mac === 'string' && MAC.test(proof.mac);
}
