import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Failure, MachineLive, MachineView } from '../../shared/api.ts';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { eventually, raiseStage, type Stage } from '../support/renderer/stage.ts';

const failure = (changes: Partial<Failure> = {}): Failure => ({
  at: 1_763_000_000_000,
  reason: 'gripper jammed',
  ...changes,
});
const live = (changes: Partial<MachineLive>): MachineLive => ({
  status: 'active',
  active: [],
  state: 'idle',
  tags: [],
  context: 'null',
  contextIsCut: false,
  failures: [],
  definition: 1,
  step: 1,
  ...changes,
});
const hrefOf = ({ address }: MachineView) => `#/machines/${encodeURIComponent(address)}`;

describe.skipIf(noChromium)(`what a machine's page says of its health${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  async function open(changes: Partial<MachineLive>, view: Partial<MachineView> = {}) {
    const world = new FakeWorld('hall');
    const machine = world.addMachine('Robot_1', 'Robot', world.node, view);
    world.setLive(machine.address, live(changes));
    const { page, complaints } = await stage.open(world, { hash: hrefOf(machine) });
    return { world, page, complaints, panel: page.getByRole('region', { name: 'Health' }) };
  }

  test('a machine of this node is stopped and restarted with one click each', async () => {
    const { world, panel, complaints } = await open({});
    await panel.getByText('It takes events.').waitFor();
    await panel.getByRole('button', { name: 'Stop' }).click();
    await panel.getByRole('button', { name: 'Restart' }).click();
    await eventually(() => world.told).toEqual(['stop Robot_1', 'restart Robot_1']);
    expect(complaints).toEqual([]);
  });

  test('one that is parked says why, at which event, and that a person has to restart it', async () => {
    const failures = [
      failure({ eventType: 'GRIP', restartsAfterMs: 100 }),
      failure({ reason: 'still jammed', eventType: 'GRIP' }),
    ];
    const { panel } = await open({ status: 'error', failures }, { healthy: false, status: 'error' });
    await panel.getByText('It is parked: it failed, and takes no more events until it is restarted.').waitFor();
    const lines = panel.getByRole('listitem');
    await eventually(() => lines.count()).toBe(2);
    expect(await lines.first().textContent()).toMatch(/still jammed at GRIP$/);
    expect(await lines.last().textContent()).toMatch(/gripper jammed at GRIP, began anew after 100 ms$/);
    expect(await panel.getByRole('button', { name: 'Stop' }).count()).toBe(0);
  });

  test.each([
    ['one that rests', { status: 'error', failures: [failure({ restartsAfterMs: 200 })] }, 'about to begin anew'],
    ['one that was stopped', { status: 'stopped' }, 'It was stopped'],
    ['one that is silent', {}, 'no sign of life for 30 s'],
  ] as const)('%s says so', async (_, changes, text) => {
    const { panel } = await open(changes, { healthy: false });
    await panel.getByText(text).waitFor();
  });

  test('one that cannot go on from what is stored of it says why, and begins anew with one click', async () => {
    const failures = [failure({ reason: 'its state, left by version 1.0.0, does not fit version 2.0.0' })];
    const parked = { running: false, healthy: false, persisted: true } as const;
    const { world, page, panel } = await open({ failures }, parked);
    await panel.getByText('It is parked: it cannot go on from what is stored of it.').waitFor();
    await panel.getByText('its state, left by version 1.0.0, does not fit version 2.0.0').waitFor();
    await page.getByText('persisted', { exact: true }).waitFor();
    // Its actor stands at its beginning, which is told nowhere for the state of the machine.
    await page.getByText('not running', { exact: true }).waitFor();
    expect(await page.getByTestId('state-text').innerText()).toBe('Does not run: what is sent to it waits');
    expect(await page.getByRole('region', { name: 'Context' }).innerText()).toMatch(/It does not run\.$/);
    expect(await panel.getByRole('button', { name: 'Restart' }).count()).toBe(0);
    await panel.getByRole('button', { name: 'Begin anew' }).click();
    await eventually(() => world.told).toEqual(['restart Robot_1 fresh']);
  });

  test('one of another node has no buttons, and says where they are', async () => {
    const world = new FakeWorld('hall');
    const peer = world.addPeer('attic');
    const machine = world.addMachine('Robot_1', 'Robot', peer);
    world.setLive(machine.address, live({}));
    const { page } = await stage.open(world, { hash: hrefOf(machine) });
    const panel = page.getByRole('region', { name: 'Health' });
    await panel.getByText('It can be stopped on its own node, attic.').waitFor();
    expect(await panel.getByRole('button').count()).toBe(0);
  });
});
