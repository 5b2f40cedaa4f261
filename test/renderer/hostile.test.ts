import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { noChromium } from '../support/chromium.ts';
import { DESKTOP, PHONE, raiseStage, type Stage } from '../support/renderer/stage.ts';
import { HOSTILE_NAMES, hostileWorld } from '../support/renderer/worlds.ts';

describe.skipIf(noChromium)(`texts from peers${noChromium ? `, as ${noChromium}` : ''}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await raiseStage();
  });
  afterEach(() => stage.clear());
  afterAll(() => stage?.close());

  const PAGES = [
    ['#/', '.topology svg'],
    ['#/machines', '.machines-table .row'],
    ['#/messages', '.messages-table .row'],
    ['#/trust', '.node-row'],
  ] as const;

  test.each([DESKTOP, PHONE])('M8: hostile names stay text and break no layout at $width pixels', async (size) => {
    const { page, complaints } = await stage.open(hostileWorld(), { size });
    for (const [hash, there] of PAGES) {
      await page.evaluate(`location.hash = '${hash}'`);
      await page.locator(there).first().waitFor();
      await page.getByText('<img src=x onerror=', { exact: false }).first().waitFor({ state: 'attached' });
      const text = (await page.evaluate('document.getElementById("root").textContent')) as string;
      // Steering characters are shown as their codes, never as themselves.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(text).not.toMatch(/[\u0000-\u0008\u001b\u202a-\u202e\u2066-\u2069\ud800]/u);
      expect(text).toContain('\\u{202e}');
      expect(text).toContain('\\u{1b}');
      const over = (of: string) => page.evaluate(`${of}.scrollWidth - ${of}.clientWidth`);
      expect(await over('document.documentElement'), hash).toBe(0);
      expect(await over("document.querySelector('main')"), hash).toBe(0);
    }
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  test('all rows are as high as others', async () => {
    const { page } = await stage.open(hostileWorld(), { hash: '#/machines' });
    await page.locator('.row').first().waitFor();
    const heights = await page.evaluate('[...document.querySelectorAll(".row")].map((row) => row.offsetHeight)');
    expect(heights).toEqual(HOSTILE_NAMES.map(() => 36));
  });

  test('a hostile machine can be filtered for, opened, and its event read', async () => {
    const { page, complaints } = await stage.open(hostileWorld(), { hash: '#/machines' });
    await page.getByLabel('Filter machines').fill('<script>');
    await page.getByText('1 of 8 machines').waitFor();
    await page.evaluate("location.hash = '#/messages'");
    await page.locator('.row').filter({ hasText: 'machine_0' }).click();
    const details = page.getByLabel('Message details');
    await details.getByText('<script>window.hacked=1</script>').first().waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(complaints).toEqual([]);
  });
});
