import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { DESKTOP, eventually, PHONE, raiseStage, type Stage } from '../support/renderer/stage.ts';
import { comparing, strangersWorld } from '../support/renderer/worlds.ts';

describe.skipIf(noChromium)(`who may come in${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  const told = (world: FakeWorld) => eventually(() => world.told.at(-1));
  const stranger = (page: Page) => page.getByRole('listitem').filter({ hasText: 'packing-line-2' });

  test('a stranger on the overview is paired with a click, and the digits show above every page', async () => {
    const world = strangersWorld();
    const { page, complaints } = await stage.open(world);
    await stranger(page).getByRole('button', { name: 'Pair with packing-line-2' }).click();
    const id = world.trust.strangers[0]?.id ?? '';
    await told(world).toBe(`compareDigits {"node":"${id}"}`);
    world.setTrust({ pairing: comparing() });
    const panel = page.getByRole('region', { name: 'Pairing' });
    await panel.getByRole('img', { name: 'The digits of this node: 0 4 2 9 1 7' }).waitFor();
    await page.evaluate("location.hash = '#/messages'");
    await panel.getByRole('button', { name: 'They are the same' }).click();
    await told(world).toBe('agree {}');
    world.setTrust({ pairing: comparing({ agreed: true }) });
    await panel.getByText('Waiting for the person at packing-line-2').waitFor();
    world.setTrust({ pairing: comparing({ stage: 'paired' }) });
    await panel.getByRole('heading', { name: 'Paired with packing-line-2' }).waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await told(world).toBe('endPairing {}');
    expect(complaints).toEqual([]);
  });

  test('a key that was sent and not answered is told, and a click and one more make a fresh one without that node', async () => {
    const world = strangersWorld();
    const id = world.trust.strangers[0]?.id ?? '';
    world.setTrust({ pairing: comparing({ stage: 'failed', problem: 'the line broke', unanswered: true }) });
    const { page, complaints } = await stage.open(world);
    const panel = page.getByRole('region', { name: 'Pairing' });
    await panel.getByText('it may have the key').waitFor();
    await panel.getByRole('button', { name: 'New key without it' }).click();
    expect(world.told).toEqual([]);
    await panel.getByRole('button', { name: 'Replace the key?' }).click();
    await told(world).toBe('endPairing {}');
    expect(world.told).toEqual([`revoke {"node":"${id}"}`, 'endPairing {}']);
    expect(complaints).toEqual([]);
  });

  test('a node that would leave others behind asks which of them move before anybody can agree', async () => {
    const world = strangersWorld();
    world.setTrust({ pairing: comparing({ opened: false, asked: true }) });
    const { page } = await stage.open(world);
    const panel = page.getByRole('region', { name: 'Pairing' });
    await panel.getByText('packing-line-2 asks to pair').waitFor();
    const same = panel.getByRole('button', { name: 'They are the same' });
    expect(await same.isDisabled()).toBe(true);
    await panel.getByLabel('bring all along').check();
    await same.click();
    await told(world).toBe('agree {"bring":"all"}');
  });

  test('a code is shown, or typed', async () => {
    const world = strangersWorld();
    world.setTrust({ members: 0 });
    const { page } = await stage.open(world, { hash: '#/trust' });
    await page.getByRole('button', { name: 'Show a code' }).click();
    await told(world).toBe('showCode {}');
    await stranger(page).getByRole('button', { name: 'Type code' }).click();
    await page.getByLabel('The eight digits that it shows').fill('1234 567');
    const join = page.getByRole('button', { name: 'Join its network' });
    expect(await join.isDisabled()).toBe(true);
    await page.getByLabel('The eight digits that it shows').fill('1234 5678');
    await page.keyboard.press('Enter');
    await told(world).toBe(`typeCode {"node":"${world.trust.strangers[0]?.id}","code":"1234 5678"}`);
  });

  test('what cuts a node off asks once more', async () => {
    const world = strangersWorld();
    const { page } = await stage.open(world, { hash: '#/trust' });
    const member = page.getByRole('region', { name: 'Let in' }).getByRole('listitem').filter({ hasText: 'cellar' });
    await member.getByRole('button', { name: 'Block', exact: false }).last().click();
    expect(world.told).toEqual([]);
    await member.getByRole('button', { name: 'Block it? cellar' }).click();
    await told(world).toBe(`block {"node":"${world.trust.trusted[0]?.id}"}`);
    await page.getByRole('button', { name: 'Unblock old-laptop' }).click();
    await told(world).toBe(`unblock {"node":"${world.trust.blocked[0]?.id}"}`);
  });

  test('the key is asked for when it is to be shown, and is copied from where it stands', async () => {
    const world = strangersWorld();
    const { page, complaints } = await stage.open(world, { hash: '#/trust' });
    expect(await page.getByText('mjq4w2uykbhdtz7rnc5ovx3seq').count()).toBe(0);
    await page.getByRole('button', { name: 'Show key' }).click();
    await page.getByRole('img', { name: 'The network key as a QR code' }).waitFor();
    await page.getByRole('button', { name: 'copy the network key' }).click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('mjq4w2uykbhdtz7rnc5ovx3seq');
    await page.getByRole('button', { name: 'Hide key' }).click();
    expect(await page.getByText('mjq4w2uykbhdtz7rnc5ovx3seq').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('whoever may only look sees it all and is offered nothing', async () => {
    const world = strangersWorld();
    world.node = { ...world.node, mayAct: false };
    const { page } = await stage.open(world, { hash: '#/trust' });
    await page.getByText('You may look, and change nothing').waitFor();
    await stranger(page).waitFor();
    const main = page.getByRole('main');
    const names = await main
      .getByRole('button')
      .evaluateAll((buttons) => buttons.map(({ textContent }) => textContent));
    expect(names.filter((name) => /pair|code|block|key|trust|join/i.test(name ?? ''))).toEqual([]);
  });

  test('an open network has a red badge on every page', async () => {
    const world = new FakeWorld('demo');
    world.setTrust({ open: true });
    const { page } = await stage.open(world);
    for (const hash of ['#/', '#/machines', '#/messages', '#/trust']) {
      await page.evaluate(`location.hash = '${hash}'`);
      const badge = page.getByRole('banner').getByText('OPEN');
      await badge.waitFor();
      const [red = 0, green = 0, blue = 0] =
        ((await badge.evaluate('getComputedStyle(document.querySelector(".sidebar-open")).backgroundColor')) as string)
          .match(/\d+/g)
          ?.map(Number) ?? [];
      expect(red).toBeGreaterThan(2 * Math.max(green, blue));
    }
  });

  test.each([
    ['light', DESKTOP],
    ['dark', PHONE],
  ] as const)('axe finds nothing serious in the %s theme', async (theme, size) => {
    const world = strangersWorld();
    world.setTrust({ pairing: comparing({ opened: false, asked: true }) });
    const { page } = await stage.open(world, { theme, size, hash: '#/trust' });
    await page.getByRole('button', { name: 'Show key' }).click();
    await page.getByRole('img', { name: 'The network key as a QR code' }).waitFor();
    await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = (await page.evaluate('axe.run()')) as {
      readonly violations: readonly { readonly id: string; readonly impact: string }[];
    };
    expect(violations.filter(({ impact }) => /serious|critical/.test(impact)).map(({ id }) => id)).toEqual([]);
  });
});
