import { createECDH, createPrivateKey, generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { selfSignedCertificate } from '../../../main/adapters/identity/certificate.ts';
import type { Shown } from './raw-peer.ts';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from './x509.ts';

export const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
export const P384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
export const ED25519 = { name: 'Ed25519' };
export const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

const pem = readFileSync(new URL('rsa-16384.pem', import.meta.url), 'utf8');
const [key = '', certificate = ''] = pem.split(/(?=-----BEGIN CERTIFICATE-----)/);
/** The largest that OpenSSL works with, made once, as that takes minutes; of no use but to be refused. */
export const LARGEST_RSA: Required<Shown> = { key, certificate };

/** A self-signed certificate of another make: any kind of key, any name. */
export async function foreignCertificate(
  algorithm: typeof P256 | typeof ED25519 | typeof RSA,
  name = 'CN=stranger',
): Promise<Required<Shown>> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.UTC(2020, 0, 1)),
    notAfter: new Date(Date.UTC(2099, 0, 1)),
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = pkcs8.match(/.{1,64}/g) ?? [];
  const key = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
  return { key, certificate: certificate.toString('pem') };
}

/** A P-256 key with all numbers of its curve in place of the name. */
export const explicitKey = (): KeyObject =>
  generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).privateKey;

/** A P-256 key with half of its point (RFC 5915, 3; SEC 1, 2.3.3). */
export function compressedKey(): KeyObject {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  // Of 32 bytes, whatever zeros it begins with.
  const secret = pair.getPrivateKey('hex').padStart(64, '0');
  const point = pair.getPublicKey('hex', 'compressed');
  const der = Buffer.from(`30570201010420${secret}a00a06082a8648ce3d030107a124032200${point}`, 'hex');
  return createPrivateKey({ key: der, format: 'der', type: 'sec1' });
}

/** What a node shows that has this key. */
export const otherwiseWritten = (key: KeyObject): Required<Shown> => ({
  key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  certificate: selfSignedCertificate(key),
});
