import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InterMachineError } from '../../shared/errors.ts';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { eventually, raiseStage, type Stage } from '../support/renderer/stage.ts';

const rowWith = (page: Page, text: string) => page.locator('.table-body .row').filter({ hasText: text });

describe.skipIf(noChromium)(`the page of messages${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  /** A robot here, a press on a peer. */
  const hall = () => {
    const world = new FakeWorld('hall');
    const robot = world.addMachine('Robot_1', 'Robot', world.node).address;
    const press = world.addMachine('Press_1', 'Press', world.addPeer('attic')).address;
    return { world, robot, press };
  };

  test('live rows come on top of those from the log, and outcomes change them where they stand', async () => {
    const { world, robot, press } = hall();
    world.settle(world.send(robot, press, { type: 'OLD' }), 'handled');
    const { page, complaints } = await stage.open(world, { hash: '#/messages' });
    await rowWith(page, 'OLD').getByText('handled').waitFor();
    const message = world.send(press, robot, { type: 'NEW' });
    await rowWith(page, 'NEW').getByText('accepted').waitFor();
    expect(await page.locator('.table-body .row').first().innerText()).toContain('NEW');
    world.settle(message, 'delivered');
    await rowWith(page, 'NEW').getByText('delivered').waitFor();
    world.settle(message, 'refused', 'MACHINE_STOPPED');
    await rowWith(page, 'NEW').getByText('refused').waitFor();
    expect(complaints).toEqual([]);
  });

  test('an empty log says so, and is no error', async () => {
    const { page } = await stage.open(new FakeWorld('hall'), { hash: '#/messages' });
    await page.getByText('No messages yet', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByText('Nothing to save: no messages yet').waitFor();
    expect(await page.getByRole('button', { name: 'Save to a file' }).isEnabled()).toBe(false);
  });

  test('what comes while an empty list is paused is counted, and shown on demand', async () => {
    const { world, robot, press } = hall();
    const { page } = await stage.open(world, { hash: '#/messages' });
    await page.getByText('No messages yet').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    world.send(robot, press, { type: 'LOAD' });
    await page.getByText('1 message came meanwhile').waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await rowWith(page, 'LOAD').waitFor();
    await page.getByText('live', { exact: true }).waitFor();
  });

  test('a filter that empties a list that was scrolled holds nothing back', async () => {
    const { world, robot, press } = hall();
    for (let n = 0; n < 100; n++) world.send(robot, press, { type: 'TICK', n } as never);
    const { page } = await stage.open(world, { hash: '#/messages' });
    await rowWith(page, 'TICK').first().waitFor();
    await page.locator('.messages-table').evaluate((table) => table.scrollTo({ top: 500 }));
    await page.getByText('holding what is new').waitFor();
    await page.getByLabel('Search in events').fill('special');
    await page.getByText('No message matches').waitFor();
    world.send(robot, press, { type: 'SPECIAL' });
    await rowWith(page, 'SPECIAL').waitFor();
  });

  test('a log that cannot be read says why, and is read again on demand', async () => {
    const { world, robot, press } = hall();
    world.send(robot, press, { type: 'THERE' });
    let fails = true;
    const messages = () => {
      if (fails) throw new InterMachineError('STORE_FAILED', 'The disk <b>is</b> on fire');
      return world.log.toReversed();
    };
    const { page } = await stage.open(world, { hash: '#/messages', calls: { messages } });
    await page.getByRole('alert').getByText('The disk <b>is</b> on fire').waitFor();
    // What comes live is shown, and does not hide that the rest is missing.
    world.send(robot, press, { type: 'LIVE' });
    await rowWith(page, 'LIVE').waitFor();
    await page.getByRole('alert').getByText('Older messages could not be read').waitFor();
    fails = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await rowWith(page, 'THERE').waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  test('filters go to the log, hold for live rows, and stand in the address', async () => {
    const { world, robot, press } = hall();
    for (const type of ['LOAD', 'LOADED', 'TICK']) world.send(robot, press, { type });
    const asked: unknown[] = [];
    const messages = (input: unknown) => {
      asked.push(input);
      return [];
    };
    const { page } = await stage.open(world, { hash: '#/messages?type=TICK', calls: { messages } });
    await eventually(() => asked).toContainEqual({ limit: 200, eventType: 'TICK' });
    world.send(robot, press, { type: 'LOAD' });
    world.send(robot, press, { type: 'TICK' });
    await rowWith(page, 'TICK').waitFor();
    expect(await page.locator('.table-body .row').count()).toBe(1);
    await page.getByLabel('Event type').selectOption('');
    await page.getByLabel('Search in events').fill('needle 17');
    await eventually(() => asked).toContainEqual({ limit: 200, text: 'needle 17' });
    expect(page.url()).toContain('text=needle+17');
    world.send(robot, press, { type: 'HAY' });
    world.send(robot, press, { type: 'PIN', note: 'a NEEDLE 17 in it' } as never);
    await rowWith(page, 'PIN').waitFor();
    expect(await rowWith(page, 'HAY').count()).toBe(0);
  });

  test('one looks at one machine, or at one node', async () => {
    const { world, robot, press } = hall();
    const other = world.addMachine('Robot_2', 'Robot', world.node).address;
    world.send(robot, press, { type: 'MINE' });
    world.send(other, other, { type: 'THEIRS' });
    const { page } = await stage.open(world, { hash: '#/messages?machine=Press_1' });
    await rowWith(page, 'MINE').waitFor();
    expect(await rowWith(page, 'THEIRS').count()).toBe(0);
    await page.getByLabel('Machine', { exact: true }).selectOption('Robot_2');
    await rowWith(page, 'THEIRS').waitFor();
    expect(await rowWith(page, 'MINE').count()).toBe(0);
    await page.getByLabel('Machine', { exact: true }).selectOption('');
    await page.getByLabel('Node', { exact: true }).selectOption({ label: 'attic' });
    await rowWith(page, 'MINE').waitFor();
    expect(await rowWith(page, 'THEIRS').count()).toBe(0);
  });

  test('scrolling reaches the first message of a long log', async () => {
    const { world, robot, press } = hall();
    for (let n = 1; n <= 1_000; n++) world.send(robot, press, { type: `EVENT_${n}.` });
    const { page } = await stage.open(world, { hash: '#/messages' });
    await rowWith(page, 'EVENT_1000.').waitFor();
    const toEnd = "document.querySelector('.messages-table').scrollTo(0, 1e9)";
    await expect
      .poll(
        async () => {
          await page.evaluate(toEnd);
          return page.getByText('This is where the log begins').count();
        },
        { timeout: 15_000 },
      )
      .toBe(1);
    await page.evaluate(toEnd);
    await rowWith(page, 'EVENT_1.').waitFor();
    expect(await page.locator('.table-body .row').count()).toBeLessThan(60);
  });

  test('while paused nothing moves; resuming shows what came', async () => {
    const { world, robot, press } = hall();
    world.send(robot, press, { type: 'BEFORE' });
    const { page } = await stage.open(world, { hash: '#/messages' });
    await rowWith(page, 'BEFORE').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    world.send(robot, press, { type: 'MEANWHILE' });
    await page.getByRole('button', { name: '1 new' }).waitFor();
    expect(await rowWith(page, 'MEANWHILE').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await rowWith(page, 'MEANWHILE').waitFor();
    await page.getByRole('button', { name: '1 new' }).waitFor({ state: 'detached' });
  });

  test('who reads further down is not pushed about by new rows', async () => {
    const { world, robot, press } = hall();
    for (let n = 1; n <= 150; n++) world.send(robot, press, { type: `EVENT_${n}.` });
    const { page } = await stage.open(world, { hash: '#/messages' });
    await rowWith(page, 'EVENT_150.').waitFor();
    await page.evaluate("document.querySelector('.messages-table').scrollTo(0, 1800)");
    const seen = rowWith(page, 'EVENT_95.');
    await seen.waitFor();
    const before = await seen.boundingBox();
    for (let n = 0; n < 20; n++) world.send(robot, press, { type: 'NEWER' });
    await page.getByRole('button', { name: '20 new' }).waitFor();
    expect(await seen.boundingBox()).toEqual(before);
    await page.getByRole('button', { name: '20 new' }).click();
    await rowWith(page, 'NEWER').first().waitFor();
  });

  test('the details show the event and lead to what it answers and what caused it', async () => {
    const { world, robot, press } = hall();
    const ask = world.send(robot, press, { type: 'LOAD', part: 41 } as never);
    world.settle(ask, 'handled');
    for (let n = 0; n < 600; n++) world.send(robot, press, { type: 'TICK' });
    world.send(press, robot, { type: 'LOADED' }, { correlationId: ask.id, causationId: ask.id });
    world.send(press, robot, { type: 'LOST' }, { causationId: 'no-such-id' });
    const { page, complaints } = await stage.open(world, { hash: '#/messages' });
    await rowWith(page, 'LOADED').click();
    const details = page.getByLabel('Message details');
    await details.getByRole('heading', { name: 'LOADED' }).waitFor();
    await details.getByTitle(ask.id, { exact: true }).first().click();
    await details.getByRole('heading', { name: 'LOAD', exact: true }).waitFor();
    await details.getByText('"part": 41').waitFor();
    await details.getByText('Led to').waitFor();
    await details.getByRole('button', { name: 'LOADED' }).click();
    await details.getByRole('heading', { name: 'LOADED' }).waitFor();
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    await rowWith(page, 'LOST').click();
    await details.getByTitle('no-such-id').click();
    await details.getByText('not among the newest messages').waitFor();
    expect(complaints).toEqual([]);
  });

  test('rows that were too many to be sent are counted, and can be read from the log', async () => {
    const { world, robot, press } = hall();
    world.send(robot, press, { type: 'FIRST' });
    const { page } = await stage.open(world, { hash: '#/messages' });
    await rowWith(page, 'FIRST').waitFor();
    for (let n = 0; n < 390; n++) world.send(robot, press, { type: 'FLOOD' });
    world.send(robot, press, { type: 'LAST' });
    await page.getByText(/\d+ too fast to show/).waitFor();
    expect(await rowWith(page, 'LAST').count()).toBe(0);
    await page.getByRole('button', { name: 'read them from the log' }).click();
    await rowWith(page, 'LAST').waitFor();
    await page.getByText('too fast to show').waitFor({ state: 'detached' });
  });
});
