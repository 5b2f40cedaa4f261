import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { LIMITS } from '../../main/dashboard/limits.ts';
import { webSocketPipe } from '../../main/dashboard/web-socket-pipe.ts';
import { createNode, type InterMachineNode, openDashboard, type RegisteredMachine } from '../../main/index.ts';
import { CALLS, type Calls, type Streams } from '../../shared/api.ts';
import { type Client, connect } from '../../shared/rpc.ts';
import { CliPlace } from '../support/cli.ts';
import { collector } from '../support/machines.ts';

// What the viewer's token opens, asked of a real node through its real server.

let place: CliPlace;
let node: InterMachineNode;
let viewer: Client<Calls, Streams>;
let sink: RegisteredMachine;

beforeEach(async () => {
  place = await CliPlace.make();
  const dataDir = join(place.home, 'hall');
  node = await createNode({
    ...{ name: 'hall', dataDir, loopbackPort: place.loopbackPort, machineFiles: false, report: () => {} },
    networkKey: 'abcdefghijklmnopqrstuvwxya',
  });
  const { url } = await openDashboard(node);
  const token = (await readFile(join(dataDir, 'viewer-token'), 'utf8')).trim();
  const socket = new WebSocket(`ws://${new URL(url).host}/api`, { headers: { Authorization: `Bearer ${token}` } });
  await once(socket, 'open');
  viewer = connect<Calls, Streams>(webSocketPipe(socket, LIMITS), { setTimeout, clearTimeout });
  sink = await node.register('Sink', collector);
});
afterEach(async () => {
  await node.stop();
  await place.clear();
});

test('whoever may look may save the log, as it is on the page', async () => {
  for (const n of [1, 2]) await node.sendTo('Sink_1', { type: 'NUMBER', n });
  let text = '';
  for await (const part of viewer.stream('export', { format: 'jsonl', machine: sink.id })) text += part.text;
  const rows = text.trim().split('\n');
  expect(rows.map((row) => JSON.parse(row).event)).toEqual([1, 2].map((n) => ({ type: 'NUMBER', n })));
});

/** Of every call that looks. */
const LOOKS = {
  ...{ node: {}, doctor: {}, search: {}, audit: { limit: 5 }, messages: { limit: 5 }, deadLetters: { limit: 5 } },
  ...{ chart: { address: 'Sink_1' }, journal: { machine: 'Sink_1', limit: 5 } },
};

test('whatever only looks is answered', async () => {
  const looks = Object.keys(CALLS).filter((name) => CALLS[name as keyof Calls] === 'looks');
  expect(Object.keys(LOOKS).sort()).toEqual(looks.sort());
  for (const [name, input] of Object.entries(LOOKS))
    expect(await viewer.call(name as keyof Calls, input as never), name).toBeDefined();
});

test('whatever changes something or tells a secret is refused in plain words, and leaves nothing behind', async () => {
  const refusal = { code: 'READ_ONLY', message: 'You may look here, and change nothing' };
  for (const [name, kind] of Object.entries(CALLS))
    if (kind === 'acts')
      await expect(viewer.call(name as keyof Calls, {} as never), name).rejects.toMatchObject(refusal);
  const file = join(place.home, 'copy.db');
  const backup = async () => {
    for await (const _ of viewer.stream('backup', { file })) return;
  };
  await expect(backup()).rejects.toMatchObject(refusal);
  await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await node.trust.audit({ limit: 10 })).toEqual([]);
});
