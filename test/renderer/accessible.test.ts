import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noChromium } from '../support/chromium.ts';
import { FakeWorld } from '../support/renderer/fake-world.ts';
import { pressLine } from '../support/renderer/press-line.ts';
import { DESKTOP, eventually, PHONE, raiseStage, type Stage } from '../support/renderer/stage.ts';
import { lettersWorld } from '../support/renderer/worlds.ts';

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe-core calls serious or critical. It is run by hand, as the page's policy permits no other scripts. */
async function seriousFindings(page: Page): Promise<readonly string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  const { violations } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as {
    readonly violations: readonly Finding[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    );
}

const focused = (page: Page) =>
  page.evaluate('document.activeElement.textContent.trim() || document.activeElement.ariaLabel');

describe.skipIf(noChromium)(`everybody can use the pages${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  test.each([
    ['light', DESKTOP],
    ['dark', DESKTOP],
    ['dark', PHONE],
  ] as const)('axe finds nothing serious in the %s theme', async (theme, size) => {
    const { world, stop } = pressLine();
    world.letters = lettersWorld().letters;
    try {
      const { page, node } = await stage.open(world, { theme, size });
      for (const [hash, there] of [
        ['#/', '.right-now li'],
        ['#/machines', '.row'],
        ['#/files', '.file'],
        ['#/doctor', '.findings li'],
        ['#/dead-letters', '.letter'],
        ['#/messages', '.row'],
      ] as const) {
        await page.evaluate(`location.hash = '${hash}'`);
        await page.locator(there).first().waitFor();
        expect(await seriousFindings(page), hash).toEqual([]);
      }
      await page.locator('.row').first().click();
      await page.getByLabel('Message details').waitFor();
      expect(await seriousFindings(page), 'details').toEqual([]);
      node.refuse(true);
      node.cut();
      await page.getByText('Lost the node').waitFor();
      expect(await seriousFindings(page), 'lost').toEqual([]);
    } finally {
      stop();
    }
  });

  test('empty pages are as good', async () => {
    const { page } = await stage.open(new FakeWorld('lonely'));
    for (const [hash, text] of [
      ['#/', 'No other node yet'],
      ['#/machines', 'No machines yet'],
      ['#/messages', 'No messages yet'],
    ] as const) {
      await page.evaluate(`location.hash = '${hash}'`);
      await page.getByText(text).first().waitFor();
      expect(await seriousFindings(page), hash).toEqual([]);
    }
  });

  test('the keyboard reaches everything: content, search, rows, details and back', async () => {
    const world = new FakeWorld('hall');
    for (let n = 1; n <= 100; n++) world.addMachine(`Robot_${n}`, 'Robot', world.node);
    const { page } = await stage.open(world, { hash: '#/machines' });
    await page.getByText('100 machines', { exact: true }).waitFor();
    await page.keyboard.press('Tab');
    await eventually(() => focused(page)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await eventually(() => page.evaluate('document.activeElement.tagName')).toBe('MAIN');
    await page.keyboard.press('/');
    await eventually(() => focused(page)).toBe('Filter machines');
    await page.keyboard.type('robot');
    await page.keyboard.press('Escape');
    await eventually(() => page.getByLabel('Filter machines').inputValue()).toBe('');

    const grid = page.getByRole('grid');
    await grid.focus();
    const active = () =>
      page.evaluate(
        'document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))?.querySelector("a").textContent',
      );
    await page.keyboard.press('ArrowDown');
    await eventually(active).toBe('Robot_1');
    await page.keyboard.press('ArrowDown');
    await eventually(active).toBe('Robot_2');
    await page.keyboard.press('End');
    await eventually(active).toBe('Robot_100');
    await page.keyboard.press('PageUp');
    await eventually(active).toMatch(/^Robot_[78]\d$/);
    await page.keyboard.press('Home');
    await eventually(active).toBe('Robot_1');
    await page.keyboard.press('ArrowUp');
    await eventually(active).toBe('Robot_1');
    await page.keyboard.press('Enter');
    await eventually(() => page.url()).toContain(encodeURIComponent('/Robot_1'));
    await eventually(() => page.evaluate('document.activeElement.tagName')).toBe('MAIN');
  });

  test('the active row stays the same machine while rows come and go above it', async () => {
    const world = new FakeWorld('hall');
    for (const n of [5, 6, 7]) world.addMachine(`Robot_${n}`, 'Robot', world.node);
    const { page } = await stage.open(world, { hash: '#/machines' });
    await page.locator('.row').first().waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await eventually(() => page.locator('.row.active').innerText()).toContain('Robot_6');
    world.addMachine('Robot_1', 'Robot', world.node);
    await page.getByText('4 machines', { exact: true }).waitFor();
    await eventually(() => page.locator('.row.active').innerText()).toContain('Robot_6');
  });

  test('closing the details leads back to the list', async () => {
    const { world, stop } = pressLine();
    stop();
    const [from] = world.machines.keys();
    if (from) world.send(from, from, { type: 'PING' });
    const { page } = await stage.open(world, { hash: '#/messages' });
    await page.locator('.row').first().waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByLabel('Message details').waitFor();
    await eventually(() => focused(page)).toBe('Close details');
    await page.keyboard.press('Escape');
    await page.getByLabel('Message details').waitFor({ state: 'detached' });
    await eventually(() => page.evaluate('document.activeElement.role')).toBe('grid');
  });

  test('the theme is the system’s until one chooses, and the choice is remembered', async () => {
    const { page } = await stage.open(new FakeWorld('hall'), { theme: 'dark' });
    const theme = () => page.evaluate('document.documentElement.dataset.theme');
    await eventually(theme).toBe('dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await eventually(theme).toBe('light');
    await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
    await eventually(theme).toBe('dark');
    await page.reload();
    await eventually(theme).toBe('dark');
    await page.getByRole('button', { name: 'Switch to the light theme' }).click();
    await page.emulateMedia({ colorScheme: 'dark' });
    await eventually(theme).toBe('dark');
  });

  test('nothing moves for who wants no motion', async () => {
    const world = new FakeWorld('hall');
    const robot = world.addMachine('Robot_1', 'Robot', world.node, { state: 'waitingForPress' });
    const press = world.addMachine('Press_1', 'Press', world.node);
    const { page } = await stage.open(world, { reducedMotion: true });
    await page.locator('.wait-line').waitFor();
    world.send(robot.address, press.address, { type: 'LOAD' });
    await eventually(() =>
      page.evaluate('document.getAnimations().filter(({ playState }) => playState === "running").length'),
    ).toBe(0);
  });
});
