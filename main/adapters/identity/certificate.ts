import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { type NodeId, nodeId } from '../../../shared/ids.ts';
import { base32 } from './base32.ts';

/** The hash of the public key, so that nobody can claim an id without holding its key. */
export const nodeIdOf = (publicKey: KeyObject): NodeId =>
  nodeId(base32(createHash('sha256').update(spkiOf(publicKey)).digest()));

/**
 * A self-signed certificate for this P-256 key, as PEM. Peers look at nothing in it but the key; the rest is what TLS
 * libraries insist on: BoringSSL, so Electron, loads none without the key usage digitalSignature.
 */
export function selfSignedCertificate(privateKey: KeyObject): string {
  const publicKey = createPublicKey(privateKey);
  // The id as its name: a library that looks for an issuer by name never mistakes another node for it.
  const name = distinguishedName(nodeIdOf(publicKey));
  const body = sequence(
    tagged(CONTEXT_0, integer(Buffer.from([VERSION_3]))),
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    name,
    ALWAYS_VALID,
    name,
    spkiOf(publicKey),
    tagged(CONTEXT_3, EXTENSIONS),
  );
  return pem(sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, privateKey))));
}

const spkiOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

// ---- DER (X.690), as much as one certificate (RFC 5280) needs ------------------------------------

const CONTEXT_0 = 0xa0;
const CONTEXT_3 = 0xa3;
const VERSION_3 = 2;

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content)]), content]);
}

function lengthOf(content: Uint8Array): number[] {
  if (content.length < 0x80) return [content.length];
  if (content.length < 0x100) return [0x81, content.length];
  return [0x82, content.length >> 8, content.length & 0xff];
}

const integer = (bytes: Uint8Array) => tagged(0x02, bytes);
const bitString = (bytes: Uint8Array, unusedBits = 0) => tagged(0x03, Buffer.from([unusedBits]), bytes);
const octetString = (bytes: Uint8Array) => tagged(0x04, bytes);
const objectId = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'));
const utf8String = (text: string) => tagged(0x0c, Buffer.from(text));
const utcTime = (text: string) => tagged(0x17, Buffer.from(text));
const generalizedTime = (text: string) => tagged(0x18, Buffer.from(text));
const sequence = (...parts: readonly Uint8Array[]) => tagged(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]) => tagged(0x31, ...parts);

const TRUE = Buffer.from([0x01, 0x01, 0xff]);
const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'));
const COMMON_NAME = objectId('550403');

/** No clock is trusted to say what is valid: from 2020 to the end that RFC 5280 (4.1.2.5) gives to "no end". */
const ALWAYS_VALID = sequence(utcTime('200101000000Z'), generalizedTime('99991231235959Z'));

const distinguishedName = (commonName: string) => sequence(set(sequence(COMMON_NAME, utf8String(commonName))));

const critical = (id: string, value: Uint8Array) => sequence(objectId(id), TRUE, octetString(value));
const optional = (id: string, value: Uint8Array) => sequence(objectId(id), octetString(value));

const EXTENSIONS = sequence(
  // Basic constraints: no certificate authority.
  critical('551d13', sequence()),
  // Key usage: digitalSignature alone.
  critical('551d0f', bitString(Buffer.from([0x80]), 7)),
  // Extended key usage: TLS server and client.
  optional('551d25', sequence(objectId('2b06010505070301'), objectId('2b06010505070302'))),
);

/** 16 random bytes, positive and without a leading zero, as DER wants an integer. */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
