import { execFile } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { base32, fromBase32 } from '../../../main/adapters/identity/base32.ts';
import { nodeIdOf, selfSignedCertificate } from '../../../main/adapters/identity/certificate.ts';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { isNodeId } from '../../../shared/ids.ts';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  X509Certificate as ForeignReader,
  KeyUsageFlags,
  KeyUsagesExtension,
} from '../../support/transport/x509.ts';

const run = promisify(execFile);

test('another library reads the certificate and finds its signature good', async () => {
  const { node, certificate } = createKeyMaterial();
  const read = new ForeignReader(certificate);
  expect(await read.verify({ signatureOnly: true })).toBe(true);
  expect(read.subject).toBe(`CN=${node}`);
  expect(read.issuer).toBe(read.subject);
  expect(read.getExtension(BasicConstraintsExtension)).toMatchObject({ ca: false, critical: true });
  expect(read.getExtension(KeyUsagesExtension)).toMatchObject({
    usages: KeyUsageFlags.digitalSignature,
    critical: true,
  });
  expect(read.getExtension(ExtendedKeyUsageExtension)?.usages).toEqual([
    ExtendedKeyUsage.serverAuth,
    ExtendedKeyUsage.clientAuth,
  ]);
  expect(read.notBefore.getUTCFullYear()).toBe(2020);
  expect(read.notAfter.getUTCFullYear()).toBe(9999);
});

test('openssl finds nothing to complain about, strictly, as a server and as a client', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'intermachine-'));
  try {
    const file = join(directory, 'node.crt');
    await writeFile(file, createKeyMaterial().certificate);
    for (const purpose of ['sslserver', 'sslclient']) {
      const { stdout } = await run('openssl', ['verify', '-x509_strict', '-purpose', purpose, '-CAfile', file, file]);
      expect(stdout).toContain('OK');
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('the certificate belongs to its key and is much smaller than the limit of 2 KiB', () => {
  const { key, certificate } = createKeyMaterial();
  const read = new X509Certificate(certificate);
  expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(read.raw.length).toBeLessThan(600);
});

test('every certificate of 300 is well formed, whatever the random bytes in it', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const serials = new Set<string>();
  for (let round = 0; round < 300; round++) {
    const read = new X509Certificate(selfSignedCertificate(privateKey));
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    serials.add(read.serialNumber);
  }
  expect(serials.size).toBe(300);
});

test('a node id is the base32 of the SHA-256 of its public key', () => {
  const { node, certificate } = createKeyMaterial();
  const spki = new ForeignReader(certificate).publicKey.rawData;
  const digest = createHash('sha256').update(new Uint8Array(spki)).digest();
  expect(isNodeId(node)).toBe(true);
  expect([...(fromBase32(node) ?? [])]).toEqual([...digest]);
  expect(nodeIdOf(new X509Certificate(certificate).publicKey)).toBe(node);
});

test('two nodes have two ids', () => {
  expect(createKeyMaterial().node).not.toBe(createKeyMaterial().node);
});

test('base32 gives the vectors of RFC 4648, in lower case and without padding', () => {
  const vectors = {
    '': '',
    f: 'my',
    fo: 'mzxq',
    foo: 'mzxw6',
    foob: 'mzxw6yq',
    fooba: 'mzxw6ytb',
    foobar: 'mzxw6ytboi',
  };
  for (const [text, expected] of Object.entries(vectors)) {
    expect(base32(Buffer.from(text))).toBe(expected);
    expect(Buffer.from(fromBase32(expected) ?? 'wrong').toString()).toBe(text);
  }
});

test.each(['m', 'mz1', 'mzx', 'mzxr', 'MY', 'my=', 'm y', 'mz\u0000q'])('base32 has no bytes for %j', (text) => {
  expect(fromBase32(text)).toBeUndefined();
});
