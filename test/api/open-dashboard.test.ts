import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNode, type InterMachineNode, openDashboard } from '../../main/index.ts';
import { CliPlace } from '../support/cli.ts';
import { until } from '../support/transport/until.ts';

// A program of somebody's own whose node is to be looked at.

let place: CliPlace;
let node: InterMachineNode;
const dataDir = () => join(place.home, 'own');

beforeEach(async () => {
  place = await CliPlace.make();
  node = await createNode({
    name: 'own',
    dataDir: dataDir(),
    networkKey: 'abcdefghijklmnopqrstuvwxya',
    loopbackPort: place.loopbackPort,
    machineFiles: false,
    report: () => {},
  });
});
afterEach(async () => {
  await node.stop();
  await place.clear();
});

test('a program opens the dashboard of its node, and commands ask it, until the node stops', async () => {
  const { url } = await openDashboard(node);
  const entered = await fetch(url, { redirect: 'manual' });
  expect(entered.status).toBe(303);
  const told = await place.ask('id', '--data-dir', dataDir(), '--json');
  expect(JSON.parse(told.output)).toMatchObject({ id: node.id, name: 'own' });

  await node.stop();
  const running = join(dataDir(), 'running.json');
  await until('nothing says that it runs', () => !existsSync(running));
  await expect(fetch(url)).rejects.toThrow();
});

test('a second dashboard of one node, and one for what is no node of ours, are refused in words', async () => {
  await openDashboard(node);
  const again = openDashboard(node);
  await expect(again).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('already') });
  await expect(openDashboard({ id: node.id })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

test('a port that is taken is named, and another one may be tried', async () => {
  const other = await createNode({
    name: 'other',
    store: 'memory',
    loopbackPort: place.loopbackPort,
    networkKey: 'abcdefghijklmnopqrstuvwxya',
    report: () => {},
  });
  try {
    const port = Number(new URL((await openDashboard(other)).url).port);
    await expect(openDashboard(node, { port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    expect((await openDashboard(node)).url).toMatch(/^http:/);
  } finally {
    await other.stop();
  }
});
