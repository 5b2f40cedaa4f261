import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { pressLine } from '../support/renderer/press-line.ts';
import { eventually, PHONE, raiseStage, type Stage } from '../support/renderer/stage.ts';
import { busy } from '../support/renderer/worlds.ts';

describe.skipIf(noChromium)(`the pages${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  test('the overview says who this node is, and names a network that is open', async () => {
    const world = new FakeWorld('hall');
    const { networkKeyId: _, ...open } = world.node;
    world.node = open;
    world.setTrust({ open: true });
    const { page, complaints } = await stage.open(world);
    await page.getByRole('heading', { name: 'hall' }).waitFor();
    await page.getByText('OPEN', { exact: true }).waitFor();
    await page.getByText('No other node yet').waitFor();
    await page.getByRole('img', { name: /This node hall \(self, 0 machines\); peers: none/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('peers and machines appear, change and disappear on the overview', async () => {
    const world = new FakeWorld('hall');
    const { page, complaints } = await stage.open(world);
    await page.getByText('No other node yet').waitFor();
    const peer = world.addPeer('attic', { roundTripMs: 12.34 });
    const row = page.getByRole('row', { name: /attic/ });
    await row.getByText('alive').waitFor();
    await row.getByText('12.3 ms').waitFor();
    const robot = world.addMachine('Robot_1', 'Robot', peer, { state: 'waitingForPress' });
    const press = world.addMachine('Press_1', 'Press', world.node, { state: 'pressing' });
    const line = page.getByRole('listitem').filter({ hasText: 'Robot_1' });
    await line.getByText('waits for Press_1 (pressing)').waitFor();
    world.changeMachine(press.address, { state: 'open' });
    await line.getByText('waits for Press_1 (open)').waitFor();
    world.setPeers([{ ...peer, state: 'offline', waiting: 3, problem: 'No answer for 8 s' }]);
    await row.getByText('offline').waitFor();
    await row.getByText('No answer for 8 s').waitFor();
    world.removeMachine(robot.address);
    await line.waitFor({ state: 'detached' });
    world.setPeers([]);
    await row.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  test('an ignored event shows who waits for whom, until it is handled', async () => {
    const world = new FakeWorld('hall');
    const robot = world.addMachine('Robot_1', 'Robot', world.node, { state: 'carrying' });
    const press = world.addMachine('Press_1', 'Press', world.node, { state: 'pressing' });
    const { page } = await stage.open(world);
    const line = page.getByRole('listitem').filter({ hasText: 'Robot_1' });
    await line.getByText('hall').waitFor();
    world.settle(world.send(robot.address, press.address, { type: 'LOAD' }), 'ignored');
    await line.getByText('waits for Press_1 (pressing) · LOAD ignored').waitFor();
    world.settle(world.send(robot.address, press.address, { type: 'LOAD' }), 'handled');
    await line.getByText('waits for').waitFor({ state: 'detached' });
  });

  test('an id is shown in short and copied whole', async () => {
    const world = new FakeWorld('hall');
    const { page } = await stage.open(world);
    await page
      .getByLabel('This node')
      .getByRole('button', { name: `${world.node.id.slice(0, 12)}: copy the id of this node` })
      .click();
    await eventually(() => page.evaluate('navigator.clipboard.readText()')).toBe(world.node.id);
  });

  test('the machines page filters by text, type, node and state, groups and sorts', async () => {
    const world = new FakeWorld('hall');
    const attic = world.addPeer('attic');
    world.addMachine('Robot_2', 'Robot', world.node, { state: 'idle' });
    world.addMachine('Robot_10', 'Robot', attic, { state: 'work.running, door.open' });
    world.addMachine('Press_1', 'Press', attic, { state: 'idle' });
    const { page, complaints } = await stage.open(world, { hash: '#/machines' });
    const ids = () => page.locator('.table-body [data-column="id"]').allInnerTexts();
    await eventually(ids).toEqual(['Press_1', 'Robot_2', 'Robot_10']);
    await page.getByRole('button', { name: 'Machine' }).click();
    await eventually(ids).toEqual(['Robot_10', 'Robot_2', 'Press_1']);
    expect(await page.getByRole('columnheader', { name: 'Machine' }).getAttribute('aria-sort')).toBe('descending');
    await page.getByLabel('State', { exact: true }).selectOption('door.open');
    await eventually(ids).toEqual(['Robot_10']);
    await page.getByLabel('State', { exact: true }).selectOption('');
    await page.getByLabel('Node', { exact: true }).selectOption({ label: 'attic' });
    await eventually(ids).toEqual(['Robot_10', 'Press_1']);
    await page.getByLabel('Type', { exact: true }).selectOption('Press');
    await page.getByText('1 of 3 machines').waitFor();
    await page.getByLabel('Filter machines').fill('nothing like it');
    await page.getByText('No machine matches').waitFor();
    await page.getByRole('button', { name: 'Show all 3' }).click();
    await eventually(async () => (await ids()).length).toBe(3);
    await page.getByRole('button', { name: 'Group by type' }).click();
    await page.getByText('2 machines on 2 nodes').waitFor();
    expect(complaints).toEqual([]);
  });

  test('states of machines change where they stand', async () => {
    const world = new FakeWorld('hall');
    const robot = world.addMachine('Robot_1', 'Robot', world.node, { state: 'idle' });
    const { page } = await stage.open(world, { hash: '#/machines' });
    await page.getByRole('row', { name: /Robot_1.*idle/ }).waitFor();
    world.changeMachine(robot.address, { state: 'carrying', reachable: false });
    await page.getByRole('row', { name: /Robot_1.*carrying.*away/ }).waitFor();
  });

  test('a machine’s row leads to its page', async () => {
    const world = new FakeWorld('hall');
    const robot = world.addMachine('Röbot_1#%', 'Robot', world.node);
    const { page } = await stage.open(world, { hash: '#/machines' });
    await page.getByRole('row', { name: /Röbot_1#%/ }).click();
    await eventually(() => page.url()).toContain(`#/machines/${encodeURIComponent(robot.address)}`);
    await page.getByRole('main').getByText('Röbot_1#%').first().waitFor();
  });

  test.each(['#/nowhere', '#/machines/%E0%A4%A', '#/machines/a/b'])(
    'the address %s says that it leads nowhere',
    async (hash) => {
      const { page, complaints } = await stage.open(new FakeWorld('hall'), { hash });
      await page.getByText('There is no such page').waitFor();
      expect(complaints).toEqual([]);
    },
  );

  test('500 machines and 1,000 messages a second are drawn as few rows, and the page still answers', async () => {
    const { world, stop } = busy(500, 1_000);
    try {
      const { page, complaints } = await stage.open(world, { hash: '#/machines' });
      await page.getByText('500 machines', { exact: true }).waitFor();
      expect(await page.locator('.row').count()).toBeLessThan(60);
      await page.getByRole('link', { name: 'Messages' }).click();
      await page.locator('.row').first().waitFor();
      expect(await page.locator('.row').count()).toBeLessThan(60);
      await page.getByRole('link', { name: 'Overview', exact: true }).click();
      await page.getByText(/\d+ machines of 500/).waitFor();
      expect(complaints).toEqual([]);
    } finally {
      stop();
    }
  });

  test.each([PHONE, { width: 1_024, height: 700 }, { width: 2_560, height: 1_300 }])(
    'nothing runs over the edge of a window of $width pixels',
    async (size) => {
      const { world, stop } = pressLine();
      try {
        const { page } = await stage.open(world, { size });
        for (const [hash, there] of [
          ['#/', '.topology svg'],
          ['#/machines', '.machines-table .row'],
          ['#/messages', '.messages-table .row'],
        ] as const) {
          await page.evaluate(`location.hash = '${hash}'`);
          await page.locator(there).first().waitFor();
          const over = (of: string) => page.evaluate(`${of}.scrollWidth - ${of}.clientWidth`);
          expect(await over('document.documentElement'), hash).toBe(0);
          expect(await over("document.querySelector('main')"), hash).toBe(0);
        }
      } finally {
        stop();
      }
    },
  );
});
