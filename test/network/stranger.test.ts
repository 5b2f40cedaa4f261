import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NetworkKey } from '../../main/adapters/identity/network-key.ts';
import { pairingMath } from '../../main/adapters/identity/pairing.ts';
import { CLOSE } from '../../main/core/close-codes.ts';
import type { Frame, Hello } from '../../main/core/wire.ts';
import { createNode, type InterMachineNode } from '../../main/index.ts';
import { machineId, type NodeId } from '../../shared/ids.ts';
import { collector } from '../support/machines.ts';
import { Stranger } from '../support/stranger.ts';
import { until } from '../support/transport/until.ts';
import { freeUdpPort } from '../support/udp-port.ts';

// Who is not let in, at the socket of a real node that has machines, messages and a healthy peer.

const KEY = 'abcdefghijklmnopqrstuvwxya';
const EPOCH = 'feedfacefeedface';

let node: InterMachineNode;
let healthy: InterMachineNode;
let stranger: Stranger;

beforeEach(async () => {
  const loopbackPort = await freeUdpPort();
  const options = { networkKey: KEY, loopbackPort, store: 'memory' as const, report: () => {} };
  node = await createNode({ ...options, name: 'node' });
  healthy = await createNode({ ...options, name: 'healthy' });
  const secret = await node.register('SecretSink', collector, { metadata: { bay: 'secretbay' } });
  await healthy.waitForType('SecretSink');
  await healthy.sendTo(secret.address, { type: 'NUMBER', n: 471_104_711 });
  stranger = new Stranger();
});
afterEach(async () => {
  await Promise.all([stranger.stop(), healthy.stop(), node.stop()]);
});

const proofsFor = ({ connection }: Stranger, key = NetworkKey.parse(KEY)) =>
  connection ? [{ keyId: key.id, mac: key.prove(connection, 'dialler') }] : [];

/** Everything that a member may say, and that must not be answered to a stranger. */
const CONTENT: readonly Frame[] = [
  { type: 'welcome', generation: [9, 9] },
  { type: 'machines', full: true, last: true, added: [], removed: [] },
  { type: 'resume', live: { [EPOCH]: 1 } },
  { type: 'interest', all: true, types: ['SecretSink'] },
  { type: 'watch', watch: 1, machine: machineId('SecretSink_1'), emitted: true },
  { type: 'describe', question: 1, machine: machineId('SecretSink_1') },
  { type: 'key', key: `${'b'.repeat(25)}a`, without: [] },
];

/** What reached the stranger tells nothing but name, types and the pairing dialogue; and the two members go on. */
async function expectNothingTold(): Promise<void> {
  const types = new Set(stranger.heard.map(({ type }) => type));
  for (const type of ['hello', 'ping', 'pong', 'pairOffer', 'pairNonce', 'pairShare'] as const) types.delete(type);
  expect([...types]).toEqual([]);
  const hellos = stranger.heard.filter((frame): frame is Hello => frame.type === 'hello');
  for (const hello of hellos)
    expect(Object.keys(hello).sort()).toEqual(
      ['id', 'incarnation', 'name', 'namespace', 'port', 'proofs', 'type', 'version'].sort(),
    );
  const all = stranger.texts.join('\n');
  for (const secret of ['SecretSink', 'secretbay', '471104711', KEY, healthy.id, 'healthy'])
    expect(all).not.toContain(secret);
  expect(node.peers().map(({ id, state }) => [id, state])).toEqual([[healthy.id, 'alive']]);
  expect(await healthy.sendToType('SecretSink', { type: 'NUMBER', n: 1 })).toMatchObject([{ status: 'handled' }]);
}

describe('J7: a stranger at the socket learns nothing', () => {
  test.each(CONTENT.map((frame) => [frame.type, frame] as const))('with %s instead of a hello', async (_, frame) => {
    await stranger.dial(node.port);
    stranger.send(frame);
    expect((await stranger.closed).code).toBe(CLOSE.badFrame);
    await expectNothingTold();
  });

  test.each([
    ['a type that nobody knows', '{"type":"z"}'],
    ['a ping', '{"type":"ping","at":1}'],
    ['more than 16 KiB', `{"type":"hello","x":"${'x'.repeat(16 * 1024)}"}`],
  ])('with %s instead of a hello, and nothing behind it is decoded', async (_, text) => {
    await stranger.dial(node.port);
    for (let n = 0; n < 50_000; n++) stranger.raw(text.length < 100 ? text : '{"type":"z"}');
    stranger.raw(text);
    expect((await stranger.closed).code).toBe(CLOSE.badFrame);
    await expectNothingTold();
  });

  test('T6: with a hello and no proof; it waits at the door under its name', async () => {
    await stranger.dial(node.port);
    await stranger.hello();
    for (const frame of CONTENT) stranger.send(frame);
    expect((await stranger.closed).code).toBe(CLOSE.notTrusted);
    expect(node.trust.view().strangers).toMatchObject([{ id: stranger.id, name: 'stranger', types: [] }]);
    await expectNothingTold();
  });

  test('T8: with the proof of another key, of another line, or of the other side', async () => {
    await stranger.dial(node.port);
    const old = proofsFor(stranger);
    await stranger.hello({ proofs: proofsFor(stranger, NetworkKey.random()) });
    expect((await stranger.closed).code).toBe(CLOSE.notTrusted);
    stranger.heard.length = 0;

    await stranger.dial(node.port);
    await stranger.hello({ proofs: old });
    expect((await stranger.closed).code).toBe(CLOSE.notTrusted);
    stranger.heard.length = 0;

    await stranger.dial(node.port);
    const { proofs } = await stranger.until('hello');
    await stranger.hello({ proofs });
    expect((await stranger.closed).code).toBe(CLOSE.notTrusted);
    await expectNothingTold();
  });

  test('T8: with a proof that it had from a member by standing in the middle', async () => {
    // A member dials the stranger, which passes the member's proof on.
    const between = new Stranger();
    await between.dial(healthy.port);
    const { proofs } = await between.until('hello');
    await stranger.dial(node.port);
    await stranger.hello({ proofs });
    expect((await stranger.closed).code).toBe(CLOSE.notTrusted);
    await between.stop();
    await expectNothingTold();
  });

  test.each(CONTENT.map((frame) => [frame.type, frame] as const))(
    'with %s on a line that is there to pair',
    async (_, frame) => {
      await stranger.dial(node.port);
      await stranger.hello({ pair: 'digits' });
      stranger.send(frame);
      expect((await stranger.closed).code).toBe(CLOSE.badFrame);
      await expectNothingTold();
    },
  );

  test('on a line that is there to pair not even with the proof of a member', async () => {
    await stranger.dial(node.port);
    await stranger.until('hello');
    await stranger.hello({ pair: 'digits', proofs: proofsFor(stranger) });
    stranger.send({ type: 'resume', live: { [EPOCH]: 1 } });
    expect((await stranger.closed).code).toBe(CLOSE.badFrame);
    await expectNothingTold();
  });

  test('though it asks to pair, says that it agrees, and wants the key', async () => {
    await stranger.dial(node.port);
    await stranger.hello({ pair: 'digits' });
    const scene = { binding: stranger.connection?.binding ?? new Uint8Array(), opener: stranger.id, other: node.id };
    const nonce = pairingMath.newNonce();
    stranger.send({ type: 'pairOffer', commitment: pairingMath.commitmentTo(nonce, scene) });
    await stranger.until('pairNonce');
    stranger.send({ type: 'pairNonce', nonce });
    await until('digits are shown', () => node.trust.view().pairing?.digits !== undefined);
    stranger.send({ type: 'pairAgree' });
    stranger.send({ type: 'pairKey', key: NetworkKey.random().reveal() });
    expect((await stranger.closed).code).toBe(CLOSE.pairing);
    expect(node.trust.view().pairing).toBeUndefined();
    expect(node.trust.keyId).toBe(NetworkKey.parse(KEY).id);
    await expectNothingTold();
  });

  test('T9: though it types codes, without a window and with one', async () => {
    await stranger.dial(node.port);
    await stranger.hello({ pair: 'code' });
    expect(await stranger.closed).toMatchObject({ code: CLOSE.pairing, reason: 'no code is shown here' });
    await node.trust.showCode();
    for (let guess = 0; guess < 5; guess++) {
      stranger.heard.length = 0;
      await stranger.dial(node.port);
      await stranger.hello({ pair: 'code' });
      const scene = { binding: stranger.connection?.binding ?? new Uint8Array(), opener: node.id, other: stranger.id };
      const run = pairingMath.codeRun(BigInt(guess + 1), scene, false);
      stranger.send({ type: 'pairShare', share: run.share });
      const { share } = await stranger.until('pairShare');
      stranger.send({ type: 'pairProof', proof: run.confirm(share) });
      expect(await stranger.closed).toMatchObject({ code: CLOSE.pairing, reason: 'The code is wrong' });
    }
    expect(node.trust.view().pairing).toMatchObject({ stage: 'failed', problem: 'a wrong code was typed 5 times' });
    await expectNothingTold();
  });
});

describe('strangers in the way of a pairing', () => {
  const rest: Stranger[] = [];
  afterEach(async () => {
    for (const each of rest.splice(0)) await each.stop();
  });

  async function crowd(count: number, pair: 'digits' | 'code'): Promise<void> {
    for (let made = 0; made < count; made++) {
      const each = new Stranger();
      rest.push(each);
      await each.dial(node.port);
      await each.hello({ pair });
      // So that its hello was read, too.
      each.send({ type: 'ping', at: made });
      await each.until('pong');
    }
  }
  const sceneAt = (opener: NodeId, other: NodeId) => ({
    binding: stranger.connection?.binding ?? new Uint8Array(),
    opener,
    other,
  });

  test('T11: say nothing, and the right code is taken all the same', async () => {
    await node.trust.showCode();
    const { code = '' } = node.trust.view().pairing ?? {};
    await crowd(3, 'code');
    expect(node.trust.view().pairing?.stage).toBe('showing');
    await stranger.dial(node.port);
    await stranger.hello({ pair: 'code' });
    const secret = await pairingMath.codeSecret(code, node.id);
    const run = pairingMath.codeRun(secret, sceneAt(node.id, stranger.id), false);
    stranger.send({ type: 'pairShare', share: run.share });
    stranger.send({ type: 'pairProof', proof: run.confirm((await stranger.until('pairShare')).share) });
    expect(await stranger.until('pairKey')).toMatchObject({ key: KEY });
    stranger.send({ type: 'pairDone' });
    expect(await stranger.closed).toMatchObject({ reason: 'paired' });
    expect(await rest[0]?.closed).toMatchObject({ code: CLOSE.pairing, reason: 'another pairing is under way here' });
    for (const { heard } of rest) expect(heard.some(({ type }) => type.startsWith('pair'))).toBe(false);
  });

  test('T11: say nothing, and another that asks has its digits shown', async () => {
    await crowd(2, 'digits');
    expect(node.trust.view().pairing).toBeUndefined();
    await stranger.dial(node.port);
    await stranger.hello({ pair: 'digits' });
    const nonce = pairingMath.newNonce();
    const scene = sceneAt(stranger.id, node.id);
    stranger.send({ type: 'pairOffer', commitment: pairingMath.commitmentTo(nonce, scene) });
    const theirs = await stranger.until('pairNonce');
    stranger.send({ type: 'pairNonce', nonce });
    await until('digits are shown', () => node.trust.view().pairing?.digits !== undefined);
    expect(node.trust.view().pairing).toMatchObject({
      peer: { id: stranger.id },
      digits: pairingMath.digitsOf(nonce, theirs.nonce, scene),
    });
  });

  test('T12: take the key and say no more: the person is told, and with their trust gone the key is worth nothing', async () => {
    const port = await stranger.listen();
    await stranger.dial(node.port);
    await stranger.hello({ port });
    await stranger.closed;
    stranger.heard.length = 0;
    node.trust.compareWith(stranger.id);
    await stranger.hello();
    await stranger.until('pairOffer');
    stranger.send({ type: 'pairNonce', nonce: pairingMath.newNonce() });
    await until('digits are shown', () => node.trust.view().pairing?.digits !== undefined);
    stranger.send({ type: 'pairAgree' });
    node.trust.agree();
    const { key } = await stranger.until('pairKey');
    stranger.connection?.close(1000, '');
    await until('it is told', () => node.trust.view().pairing?.unanswered === true);
    expect(await node.trust.audit()).toMatchObject([
      { action: 'pair', subject: stranger.id, detail: 'compared digits, sent the key, no answer' },
    ]);
    // It comes in with the key before the person has read that. Rotating alone would tell it the fresh one.
    await node.trust.revoke(stranger.id);
    expect(node.trust.keyId).not.toBe(NetworkKey.parse(KEY).id);
    stranger.heard.length = 0;
    await stranger.dial(node.port);
    await stranger.hello({ proofs: proofsFor(stranger, NetworkKey.parse(key)) });
    expect((await stranger.closed).code).toBe(CLOSE.notTrusted);
  });
});

test('T9: points that are none count as tries, and the fifth closes the window', async () => {
  await node.trust.showCode();
  for (let attempt = 0; attempt < 5; attempt++) {
    await stranger.dial(node.port);
    await stranger.hello({ pair: 'code' });
    stranger.send({ type: 'pairShare', share: `04${'00'.repeat(64)}` });
    expect((await stranger.closed).code).toBe(CLOSE.pairing);
    stranger.heard.length = 0;
  }
  expect(node.trust.view().pairing?.stage).toBe('failed');
});

test('T6: a blocked node is cut while TLS is set up, before it can say or hear a word', async () => {
  await stranger.dial(node.port);
  await stranger.until('hello');
  await stranger.hello({ proofs: proofsFor(stranger) });
  await node.trust.block(stranger.id);
  await stranger.closed;
  stranger.texts.length = 0;
  await expect(stranger.dial(node.port)).rejects.toThrow();
  expect(stranger.texts).toEqual([]);
  expect(await healthy.sendToType('SecretSink', { type: 'NUMBER', n: 1 })).toMatchObject([{ status: 'handled' }]);
});

describe('a stranger between two nodes whose people pair them', () => {
  let other: InterMachineNode;
  /** Listens where `other` believes the node to be. */
  let toOther: Stranger;

  beforeEach(async () => {
    const networkKey = NetworkKey.random().reveal();
    other = await createNode({
      name: 'other',
      store: 'memory',
      networkKey,
      loopbackPort: await freeUdpPort(),
      report: () => {},
    });
    toOther = new Stranger();
    const port = await toOther.listen();
    await toOther.dial(other.port);
    await toOther.hello({ name: 'node', port });
    await toOther.closed;
    toOther.heard.length = 0;
    other.trust.compareWith(toOther.id);
    await toOther.hello({ name: 'node', port });
    await stranger.dial(node.port);
    await stranger.hello({ name: 'other', pair: 'digits' });
  });
  afterEach(async () => {
    await Promise.all([toOther.stop(), other.stop()]);
  });

  const sceneOf = ({ connection }: Stranger, opener: NodeId, them: NodeId) => ({
    binding: connection?.binding ?? new Uint8Array(32),
    opener,
    other: them,
  });

  test('is found out when it passes the frames on', async () => {
    stranger.send(await toOther.until('pairOffer'));
    toOther.send(await stranger.until('pairNonce'));
    stranger.send(await toOther.until('pairNonce'));
    expect(await stranger.closed).toMatchObject({
      code: CLOSE.pairing,
      reason: expect.stringContaining('changed its number'),
    });
    expect(node.trust.view().pairing).toBeUndefined();
  });

  test('and when it has a dialogue of its own with each, the people see other digits', async () => {
    const [mine, theirs] = [pairingMath.newNonce(), pairingMath.newNonce()];
    const scene = sceneOf(stranger, stranger.id, node.id);
    stranger.send({ type: 'pairOffer', commitment: pairingMath.commitmentTo(mine, scene) });
    await stranger.until('pairNonce');
    stranger.send({ type: 'pairNonce', nonce: mine });
    await toOther.until('pairOffer');
    toOther.send({ type: 'pairNonce', nonce: theirs });
    const digitsAt = ({ trust }: InterMachineNode) => trust.view().pairing?.digits;
    await until('both show digits', () => digitsAt(node) !== undefined && digitsAt(other) !== undefined);
    expect(digitsAt(node)).not.toBe(digitsAt(other));
  });
});
