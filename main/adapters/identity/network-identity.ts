import type { NodeId } from '../../../shared/ids.ts';
import type { Identity } from '../../core/ports.ts';
import { NetworkKey } from './network-key.ts';
import { pairingMath } from './pairing.ts';

/** A node whose networks have keys of 128 random bits. */
export class NetworkIdentity implements Identity {
  readonly node: NodeId;
  readonly pairing = pairingMath;

  constructor(node: NodeId) {
    this.node = node;
  }

  newKey(): NetworkKey {
    return NetworkKey.random();
  }

  readKey(text: string): NetworkKey {
    return NetworkKey.parse(text);
  }
}
