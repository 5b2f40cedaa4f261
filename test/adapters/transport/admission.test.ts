import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeyMaterial } from '../../../main/adapters/identity/file.ts';
import { type LoopbackNode, loopbackNode } from '../../support/transport/nodes.ts';
import { plainPeer, type RawPeer, tlsPeer, upgradeRequest, webSocketPeer } from '../../support/transport/raw-peer.ts';
import { Recorder } from '../../support/transport/recorder.ts';
import { until } from '../../support/transport/until.ts';

let kitchen: LoopbackNode;
let lines: Recorder;
let port: number;
const friend = createKeyMaterial();
const peers: RawPeer[] = [];

beforeEach(async () => {
  // A quarter of the lines, so two, are for strangers.
  kitchen = loopbackNode({ maxConnections: 8 });
  lines = new Recorder();
  const listening = kitchen.transport.listen(
    lines.accept,
    () => false,
    (node) => node === friend.node,
  );
  port = (await listening).port;
});
afterEach(async () => {
  for (const { socket } of peers.splice(0)) socket.destroy();
  await kitchen.transport.stop();
});

test('however many strangers come, a node that we know finds room', async () => {
  for (let stranger = 0; stranger < 2; stranger++) peers.push(await webSocketPeer(port, createKeyMaterial()));
  const third = await tlsPeer(port, createKeyMaterial());
  peers.push(third);
  third.send(upgradeRequest());
  await third.closed();
  expect(third.received.toString()).toMatch(/^HTTP\/1\.1 503 /);
  expect(kitchen.logged).toEqual([expect.stringContaining('came when all places were taken')]);
  for (let line = 0; line < 3; line++) peers.push(await webSocketPeer(port, friend));
  await lines.line(4);
  expect(lines.lines.map(({ closes }) => closes)).toEqual([[], [], [], [], []]);
});

test('whoever stalls gives its place to the next, so that nobody can hold the door by saying nothing', async () => {
  const silent: RawPeer[] = [];
  for (let n = 0; n < 200; n++) silent.push(await plainPeer(port));
  peers.push(...silent, await webSocketPeer(port, friend));
  await lines.line();
  await until('the first ones are cut', () => silent.filter(({ isClosed }) => isClosed).length >= 200 - 128);
  expect(silent.at(-1)?.isClosed).toBe(false);
  expect(silent.slice(0, 50).every(({ isClosed }) => isClosed)).toBe(true);
});
