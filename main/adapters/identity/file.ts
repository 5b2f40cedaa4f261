import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { InterMachineError } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import { nodeIdOf, selfSignedCertificate } from './certificate.ts';
import { readOrCreatePrivateFile } from './private-file.ts';

/** What a node proves with who it is. */
export interface KeyMaterial {
  readonly node: NodeId;
  /** PKCS #8, PEM. Whoever has it is this node. */
  readonly key: string;
  /** Self-signed, PEM. Made afresh from the key whenever it is read. */
  readonly certificate: string;
}

/** A new node. Nothing is written. */
export function createKeyMaterial(): KeyMaterial {
  return materialOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

/**
 * The node whose key is in this file; a new one, written there, only where there is no file. Throws IDENTITY_INVALID for
 * a file that is damaged or that others can read, since a new key would be another node; and DATA_DIR_UNUSABLE.
 */
export async function readOrCreateKeyMaterial(file: string): Promise<KeyMaterial> {
  const text = await readOrCreatePrivateFile(file, 'identity', () => createKeyMaterial().key);
  try {
    return materialOf(createPrivateKey(text));
  } catch (cause) {
    throw new InterMachineError(
      'IDENTITY_INVALID',
      `The identity file ${file} holds no P-256 private key. Put it back from a backup; or move it away to start as a ` +
        'new node, which the peers do not know yet.',
      { cause },
    );
  }
}

function materialOf(privateKey: KeyObject): KeyMaterial {
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('another kind of key');
  return {
    node: nodeIdOf(createPublicKey(privateKey)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: selfSignedCertificate(privateKey),
  };
}
