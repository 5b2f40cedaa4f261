import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noChromium } from '../support/chromium.ts';
import { startFakeNode } from '../support/renderer/fake-node.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { eventually, raiseStage, type Stage } from '../support/renderer/stage.ts';

describe.skipIf(noChromium)(`the link to the node${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  const hall = () => {
    const world = new FakeWorld('hall');
    const peer = world.addPeer('attic');
    world.addMachine('Robot_1', 'Robot', peer);
    return { world, peer };
  };

  test('while the node is away the page stays readable, says when it tries again, and is current once it is back', async () => {
    const { world, peer } = hall();
    const { page, node, complaints } = await stage.open(world, { hash: '#/machines' });
    await page.getByLabel('Filter machines').fill('robot');
    await page.getByRole('row', { name: /Robot_1/ }).waitFor();
    node.refuse(true);
    node.cut();
    await page.getByText(/Lost the node, trying again/).waitFor();
    await page.getByText(/trying again in [123] s/).waitFor();
    expect(await page.getByRole('row', { name: /Robot_1/ }).count()).toBe(1);
    // What changes meanwhile is known afterwards: one machine went, one came.
    for (const { address } of world.machines.values()) world.removeMachine(address);
    world.addMachine('Robot_2', 'Robot', peer);
    node.refuse(false);
    await page.getByRole('row', { name: /Robot_2/ }).waitFor();
    await page.getByText('Lost the node').waitFor({ state: 'detached' });
    expect(await page.getByRole('row', { name: /Robot_1/ }).count()).toBe(0);
    expect(await page.getByLabel('Filter machines').inputValue()).toBe('robot');
    expect(complaints).toEqual([]);
  });

  test('a node that restarts with the same port is found again', async () => {
    const { world } = hall();
    const { page, node } = await stage.open(world);
    await page.getByRole('heading', { name: 'hall' }).waitFor();
    await node.stop();
    await page.getByText('Lost the node').waitFor();
    const renamed = new FakeWorld('hall');
    renamed.node = { ...renamed.node, name: 'hall-reborn' };
    await using _again = await startFakeNode(renamed, { port: node.port });
    await page.getByRole('heading', { name: 'hall-reborn' }).waitFor();
    await page.getByText('Lost the node').waitFor({ state: 'detached' });
  });

  test('a link that was cut opens again by itself, and "Try now" does not wait', async () => {
    const { world } = hall();
    const { page, node } = await stage.open(world);
    await page.getByRole('heading', { name: 'hall' }).waitFor();
    node.cut();
    await eventually(() => node.opened()).toBe(2);
    node.refuse(true);
    node.cut();
    // The waits have grown to three seconds.
    await page.getByText('trying again in 3 s').waitFor();
    node.refuse(false);
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('Lost the node').waitFor({ state: 'detached', timeout: 2_000 });
  });

  test('a page that never reached the node says so, and is there as soon as the node is', async () => {
    const { world } = hall();
    let tell = () => {};
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const { page, node } = await stage.open(world, {
      calls: {
        node: async () => {
          await told;
          return world.node;
        },
      },
    });
    node.refuse(true);
    node.cut();
    await page.reload();
    await page.getByRole('heading', { name: 'No connection to the node' }).waitFor();
    node.refuse(false);
    await page.getByRole('heading', { name: 'No connection to the node' }).waitFor({ state: 'detached' });
    // Connected, but the answer is slow: grey lines, no error.
    await page.getByRole('status', { name: 'Loading' }).first().waitFor();
    tell();
    await page.getByRole('heading', { name: 'hall' }).waitFor();
  });

  test('messages that were logged while the link was lost are in the list', async () => {
    const { world } = hall();
    const [robot] = world.machines.keys();
    if (!robot) throw new Error('no machine');
    const to = `im://${world.node.id}/$node` as typeof robot;
    world.send(robot, to, { type: 'BEFORE' });
    const { page, node } = await stage.open(world, { hash: '#/messages' });
    const rows = () => page.locator('.event-type').allInnerTexts();
    await eventually(rows).toEqual(['BEFORE']);
    node.refuse(true);
    node.cut();
    await page.getByText('Lost the node').waitFor();
    world.send(robot, to, { type: 'DURING' });
    node.refuse(false);
    await eventually(rows).toEqual(['DURING', 'BEFORE']);
    world.send(robot, to, { type: 'AFTER' });
    await eventually(rows).toEqual(['AFTER', 'DURING', 'BEFORE']);
  });

  test('the desktop’s bridge is used where there is one', async () => {
    const { page } = await stage.open(new FakeWorld('hall'));
    await page.getByRole('heading', { name: 'hall' }).waitFor();
    // A stand-in for preload and engine: it answers `node` with another name, and knows no streams.
    await page.addInitScript(`
      const engine = (port) => {
        port.onmessage = ({ data }) => {
          if (data.kind === 'call' && data.name === 'node')
            port.postMessage({ kind: 'answer', id: data.id, output: { ...${JSON.stringify(new FakeWorld('engine').node)} } });
        };
      };
      window.ports = [];
      window.addEventListener('message', ({ ports }) => window.ports.push(...ports));
      window.intermachine = {
        connect() {
          const { port1, port2 } = new MessageChannel();
          engine(port1);
          window.postMessage('intermachine:port', location.origin, [port2]);
        },
      };`);
    await page.reload();
    await page.getByRole('heading', { name: 'engine' }).waitFor();
    // Electron alone tells the page that the other end of a port is closed.
    await page.evaluate("window.ports[0].dispatchEvent(new Event('close'))");
    await eventually(() => page.evaluate('window.ports.length')).toBe(2);
  });
});
