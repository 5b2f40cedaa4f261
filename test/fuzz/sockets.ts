import { once } from 'node:events';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { createKeyMaterial } from '../../main/adapters/identity/file.ts';
import { NetworkKey } from '../../main/adapters/identity/network-key.ts';
import { createNode } from '../../main/index.ts';
import { collector } from '../support/machines.ts';
import { Stranger } from '../support/stranger.ts';
import { frame, plainPeer, tlsPeer, upgradeRequest } from '../support/transport/raw-peer.ts';
import { until } from '../support/transport/until.ts';
import { freeUdpPort } from '../support/udp-port.ts';
import type { Campaign } from './campaign.ts';
import { changed, changedBytes, content, helloOf } from './mutations.ts';

// A node on real sockets, and a peer whose events must all arrive meanwhile.

const KEY = 'abcdefghijklmnopqrstuvwxya';
/** What the log says where we failed, and nobody else. */
const OUR_FAULT = /could not be handled|could not be taken/;

type Attack = (port: number) => Promise<void>;

/** Bytes on a socket, which is then closed. */
const over =
  (open: (port: number) => ReturnType<typeof plainPeer>, bytes: Buffer): Attack =>
  async (port) => {
    const peer = await open(port);
    peer.send(bytes);
    peer.socket.destroySoon();
    await peer.closed();
  };

/** Lines of one identity each, as a node has them. */
class Liar {
  readonly #stranger = new Stranger();

  /** `texts` come after a greeting as a member has it, or are all that is said. */
  async say(port: number, isMember: boolean, texts: readonly string[]): Promise<void> {
    const liar = this.#stranger;
    liar.heard.length = 0;
    liar.texts.length = 0;
    await liar.dial(port);
    const key = NetworkKey.parse(KEY);
    if (isMember && liar.connection)
      await liar.hello({ proofs: [{ keyId: key.id, mac: key.prove(liar.connection, 'dialler') }] });
    for (const text of texts) liar.raw(text);
    liar.connection?.close(4000, 'enough');
    await liar.closed;
  }

  stop(): Promise<void> {
    return this.#stranger.stop();
  }
}

async function attacks(liar: Liar): Promise<fc.Arbitrary<Attack>> {
  const shown = createKeyMaterial();
  const tls = (port: number) => tlsPeer(port, shown);
  const texts = fc.array(content, { minLength: 1, maxLength: 4 });
  const greeting = changed(JSON.stringify(helloOf(shown.node)));
  const request = Buffer.from(upgradeRequest());
  const webSocket = frame(0x81, '{"type":"ping","at":1}');
  return fc.oneof(
    { weight: 3, arbitrary: changedBytes(await clientHello()).map((bytes) => over(plainPeer, bytes)) },
    { weight: 1, arbitrary: changedBytes(request).map((bytes) => over(tls, bytes)) },
    { weight: 2, arbitrary: changedBytes(webSocket).map((bytes) => over(tls, Buffer.concat([request, bytes]))) },
    { weight: 3, arbitrary: texts.map((said) => (port: number) => liar.say(port, true, said)) },
    {
      weight: 2,
      arbitrary: fc.tuple(greeting, texts).map(
        ([first, more]) =>
          (port: number) =>
            liar.say(port, false, [first, ...more]),
      ),
    },
  );
}

export const SOCKETS: Campaign = {
  name: 'clients of TLS, HTTP and WebSocket, members and strangers, over real sockets',
  share: 0.06,
  run: async (cases, seed, did) => {
    const faults: string[] = [];
    const report = (message: string) => OUR_FAULT.test(message) && faults.push(message);
    const options = { networkKey: KEY, store: 'memory' as const, loopbackPort: await freeUdpPort(), report };
    await using node = await createNode({ ...options, name: 'node' });
    await using healthy = await createNode({ ...options, name: 'healthy' });
    const sink = await node.register('Sink', collector);
    await healthy.waitForType('Sink');
    let [sent, isOver] = [0, false];
    const sending = (async () => {
      while (!isOver) await healthy.sendTo(sink.address, { type: 'NUMBER', n: sent++ });
    })();
    const liar = new Liar();
    const property = fc.asyncProperty(await attacks(liar), async (attack) => {
      await attack(node.port);
      if (faults.length > 0) throw new Error(faults[0]);
      did();
    });
    try {
      await fc.assert(property, { seed, numRuns: cases });
    } finally {
      isOver = true;
      await sending;
      await liar.stop();
    }
    const numbers = () => sink.actor.getSnapshot().context.numbers;
    await until('all events of the healthy peer arrive', () => numbers().length >= sent);
    if (numbers().some((number, n) => number !== n))
      throw new Error('the events of the healthy peer came out of order');
    return sent;
  },
};

/** The first bytes that a TLS client of ours sends. */
async function clientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      resolve(bytes);
      socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await tlsPeer(typeof address === 'object' ? (address?.port ?? 0) : 0, createKeyMaterial());
  server.close();
  return await promise;
}
