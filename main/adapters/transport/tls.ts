import { constants, type KeyObject, type X509Certificate } from 'node:crypto';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { NodeId } from '../../../shared/ids.ts';

/** Who we are on the line, and how a public key becomes a node id. */
export interface Credentials {
  readonly node: NodeId;
  /** Private key, PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  readonly nodeIdOf: (publicKey: KeyObject) => NodeId;
}

/** Names the protocol and its version while TLS is set up (RFC 7301): what does not speak it never gets further. */
export const ALPN = 'im/1';
/** The only path that is upgraded to a WebSocket. */
export const PATH = '/im/1';
/** Bytes. Ours has about 450; an honest P-256 certificate has no reason to be longer. */
const MAX_CERTIFICATE_BYTES = 2048;
/** Label of the keying material (RFC 5705) that a proof of membership is bound to. */
const BINDING_LABEL = 'EXPORTER-InterMachine-auth-v1';
const BINDING_BYTES = 32;

/** TLS 1.3 on both sides, nothing older, and no tickets: a resumed session would pass without showing a certificate. */
export const secureContextOptions = ({ key, certificate }: Credentials): SecureContextOptions => ({
  key,
  cert: certificate,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/** On both sides: no authority vouches for a node, so the certificate is asked for here and judged in `peerOf`. */
export const PEER_OPTIONS = { requestCert: true, rejectUnauthorized: false, ALPNProtocols: [ALPN] };

/** Who is at the other end, by the key it proved to hold. Throws an Error whose message completes "… was refused: it …". */
export function peerOf(socket: TLSSocket, { nodeIdOf }: Credentials): NodeId {
  if (socket.getProtocol() !== 'TLSv1.3') throw new Error('does not speak TLS 1.3');
  if (socket.isSessionReused()) throw new Error('resumed an earlier session');
  if (socket.alpnProtocol !== ALPN) throw new Error(`does not speak the protocol ${ALPN}`);
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) throw new Error('showed no certificate');
  if (certificate.issuerCertificate) throw new Error('showed more than one certificate');
  return nodeIdOf(publicKeyOf(certificate));
}

/** A SubjectPublicKeyInfo of P-256 (RFC 5480, 2) up to the two coordinates of its point. */
const BEFORE_POINT = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const POINT_BYTES = 64;

function publicKeyOf(certificate: X509Certificate): KeyObject {
  if (certificate.raw.length > MAX_CERTIFICATE_BYTES)
    throw new Error(`showed a certificate of more than ${MAX_CERTIFICATE_BYTES} bytes`);
  const publicKey = certificate.publicKey;
  if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('showed a key that is not P-256');
  // The id is the hash of the key as it is written: one that could be written otherwise would have several.
  if (!publicKey.export({ type: 'spki', format: 'der' }).subarray(0, -POINT_BYTES).equals(BEFORE_POINT))
    throw new Error('showed a P-256 key that is not written with its named curve and an uncompressed point');
  return publicKey;
}

/** The same 32 bytes at both ends of this TLS session, and nowhere else: a proof made with them cannot be relayed. */
export const bindingOf = (socket: TLSSocket, dialler: NodeId, listener: NodeId): Uint8Array =>
  socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.from(dialler + listener, 'ascii'));
