import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { eventually, PHONE, raiseStage, type Stage } from '../support/renderer/stage.ts';
import { lettersWorld } from '../support/renderer/worlds.ts';

describe.skipIf(noChromium)(`what did not arrive${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  const rows = (page: Page) => page.getByRole('list', { name: 'Dead letters' }).locator(':scope > li');
  const told = (world: FakeWorld) => eventually(() => world.told.at(-1));

  test('is listed with why, sent again with a click, and dropped with two', async () => {
    const world = lettersWorld();
    const { page, complaints } = await stage.open(world, { hash: '#/dead-letters' });
    await eventually(() => rows(page).count()).toBe(5);
    await page.getByText('Its machine does not accept it.').waitFor();
    await page.getByRole('button', { name: 'Send again dead letter 5' }).click();
    await told(world).toBe('retry 5');
    await page.getByText('1 letter sent again.').waitFor();
    await eventually(() => rows(page).count()).toBe(4);
    await page.getByRole('button', { name: 'Drop dead letter 3', exact: true }).click();
    expect(world.told.at(-1)).toBe('retry 5');
    await page.getByRole('button', { name: 'Drop it for good? dead letter 3' }).click();
    await told(world).toBe('drop 3');
    await eventually(() => rows(page).count()).toBe(3);
    expect(complaints).toEqual([]);
  });

  test('is chosen by its reason, and done with as a whole after a second click', async () => {
    const world = lettersWorld(200);
    const { page } = await stage.open(world, { hash: '#/dead-letters' });
    await page.getByText('the newest 100').waitFor();
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await eventually(() => rows(page).count()).toBe(200);
    await page.getByLabel('Reason').selectOption('PEER_FORGOTTEN');
    await eventually(() => rows(page).count()).toBe(40);
    await page.getByRole('button', { name: 'Send these again' }).click();
    await page.getByRole('button', { name: 'Send all 40 again?' }).click();
    await eventually(() => world.letters.length).toBe(160);
    // In the order in which they were sent.
    expect(world.told.at(-1)).toMatch(/^retry 2 7 12 /);
    await page.getByText('No dead letter fits').waitFor();
  });

  test('stays where it cannot be sent, and the page says why', async () => {
    const world = lettersWorld(1);
    world.letters = world.letters.map((letter) => ({ ...letter, eventType: 'STUCK' }));
    const { page } = await stage.open(world, { hash: '#/dead-letters', size: PHONE });
    await page.getByRole('button', { name: 'Send again dead letter 1' }).click();
    await page.getByRole('alert').getByText('1 letter could not be sent again: 20000 envelopes already wait').waitFor();
    expect(await rows(page).count()).toBe(1);
  });

  test('is nothing in an empty node', async () => {
    const { page } = await stage.open(new FakeWorld('lonely'), { hash: '#/dead-letters' });
    await page.getByText('nothing is lost in silence').waitFor();
  });

  test('a peer that catches up shows how far it is; one that is away is forgotten after a second click', async () => {
    const world = lettersWorld();
    const { page } = await stage.open(world);
    await page.getByText('1,188 of 5,000').waitFor();
    await page.getByText('8.9 KB · 2 h 30 min').waitFor();
    await page.getByRole('button', { name: 'Forget cellar' }).click();
    await page.getByRole('button', { name: 'Forget it, and 42 that wait? cellar' }).click();
    await told(world).toMatch(/^forget /);
    await eventually(() => page.getByRole('button', { name: /^Forget/ }).count()).toBe(0);
  });
});
