import { once } from 'node:events';
import { connect as connectTls, createServer as createTlsServer, type Server } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { NetworkIdentity } from '../../../main/adapters/identity/network-identity.ts';
import { NetworkKey } from '../../../main/adapters/identity/network-key.ts';
import type { Connection, Proof, Role } from '../../../main/core/ports.ts';
import { Trust } from '../../../main/core/trust.ts';
import { type LoopbackNode, loopbackNode } from '../../support/transport/nodes.ts';
import { webSocketPeer } from '../../support/transport/raw-peer.ts';
import { Recorder } from '../../support/transport/recorder.ts';

const key = NetworkKey.random();
const started: LoopbackNode[] = [];
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await Promise.all(started.splice(0).map(({ transport }) => transport.stop()));
});

function newNode() {
  const node = loopbackNode();
  started.push(node);
  const trust = new Trust({
    identity: new NetworkIdentity(node.id),
    open: false,
    clock: { wallTime: () => 0 },
    stored: undefined,
    configured: key,
    isKnown: () => false,
  });
  return { ...node, trust };
}

async function listening() {
  const node = newNode();
  const heard = new Recorder();
  const { port } = await node.transport.listen(heard.accept);
  return { ...node, heard, port };
}

async function dialled(from: ReturnType<typeof newNode>, port: number): Promise<Connection> {
  const said = new Recorder();
  await from.transport.dial({ endpoints: [{ host: '127.0.0.1', port }] }, said.accept);
  return (await said.line()).connection;
}

const isLetIn = (trust: Trust, connection: Connection, role: Role, proofs: readonly Proof[]): boolean =>
  trust.admit(connection, role, proofs) !== undefined;

test('two members prove themselves to each other over TLS', async () => {
  const kitchen = await listening();
  const cellar = newNode();
  const outgoing = await dialled(cellar, kitchen.port);
  const incoming = (await kitchen.heard.line()).connection;
  expect(isLetIn(kitchen.trust, incoming, 'dialler', cellar.trust.proofs(outgoing, 'dialler'))).toBe(true);
  expect(isLetIn(cellar.trust, outgoing, 'listener', kitchen.trust.proofs(incoming, 'listener'))).toBe(true);
});

test('the binding is what another program exports from the TLS session, for the dialler id and then the listener id', async () => {
  const kitchen = await listening();
  const stranger = createKeyMaterial();
  const peer = await webSocketPeer(kitchen.port, stranger);
  const context = Buffer.from(`${stranger.node}${kitchen.id}`, 'ascii');
  const exported = peer.socket.exportKeyingMaterial(32, 'EXPORTER-InterMachine-auth-v1', context);
  expect([...(await kitchen.heard.line()).connection.binding]).toEqual([...exported]);
  peer.socket.destroy();
});

test('T8: a proof of one connection is refused on the next one between the same nodes', async () => {
  const kitchen = await listening();
  const cellar = newNode();
  const recorded = cellar.trust.proofs(await dialled(cellar, kitchen.port), 'dialler');
  await dialled(cellar, kitchen.port);
  const [first, second] = [await kitchen.heard.line(0), await kitchen.heard.line(1)];
  expect(isLetIn(kitchen.trust, first.connection, 'dialler', recorded)).toBe(true);
  expect(isLetIn(kitchen.trust, second.connection, 'dialler', recorded)).toBe(false);
});

test('T8: a proof that is sent straight back is refused', async () => {
  const kitchen = await listening();
  const cellar = newNode();
  const outgoing = await dialled(cellar, kitchen.port);
  const incoming = (await kitchen.heard.line()).connection;
  const shown = cellar.trust.proofs(outgoing, 'dialler');
  expect(isLetIn(cellar.trust, outgoing, 'listener', shown)).toBe(false);
  expect(
    isLetIn(
      kitchen.trust,
      incoming,
      'dialler',
      shown.map((proof) => ({ ...proof, mac: proof.mac.slice(2) })),
    ),
  ).toBe(false);
});

test('T8: a proof that a stranger in the middle passes on is worth nothing, in both directions', async () => {
  const kitchen = await listening();
  const cellar = newNode();
  // The stranger has no key of the network; it speaks TLS to both and passes every byte on.
  const stranger = createKeyMaterial();
  const tls = { key: stranger.key, cert: stranger.certificate, rejectUnauthorized: false, ALPNProtocols: ['im/1'] };
  const relay = createTlsServer({ ...tls, requestCert: true }, (inner) => {
    const outer = connectTls({ ...tls, host: '127.0.0.1', port: kitchen.port });
    for (const socket of [inner, outer]) socket.on('error', () => {});
    inner.pipe(outer).pipe(inner);
  }).listen(0, '127.0.0.1');
  servers.push(relay);
  await once(relay, 'listening');
  const address = relay.address();
  const outgoing = await dialled(cellar, typeof address === 'object' ? (address?.port ?? 0) : 0);
  const incoming = (await kitchen.heard.line()).connection;

  expect([outgoing.peer, incoming.peer]).toEqual([stranger.node, stranger.node]);
  expect([...outgoing.binding]).not.toEqual([...incoming.binding]);
  expect(isLetIn(kitchen.trust, incoming, 'dialler', cellar.trust.proofs(outgoing, 'dialler'))).toBe(false);
  expect(isLetIn(cellar.trust, outgoing, 'listener', kitchen.trust.proofs(incoming, 'listener'))).toBe(false);
});
