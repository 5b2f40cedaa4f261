import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium, noChromium } from '../support/chromium.ts';
import { CliPlace, type JsonProcess } from '../support/cli.ts';

// Two people at the dashboards of two real nodes, each with a network of their own, and a third node that is in one of them.

const WAIT = { timeout: 45_000 };
/** Milliseconds, and clicks of both people together, from *found* to *trusted*. */
const LIMIT_MS = 10_000;
const LIMIT_CLICKS = 3;

let browser: Browser;
let place: CliPlace;
let pages: Page[];

const isReady = ({ event }: { event: string }) => event === 'ready';

async function dashboardOf(node: JsonProcess): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1200, height: 900 } })).newPage();
  pages.push(page);
  // By the ticket, as a browser that the node opens.
  await page.goto(String((await node.line(isReady)).dashboardOnce), { waitUntil: 'domcontentloaded' });
  return page;
}

const nodeOf = (home: string, name: string, ...args: readonly string[]): JsonProcess => {
  place.variables.INTERMACHINE_HOME = join(place.home, home);
  return place.node('--name', name, '--dashboard-port', '0', ...args);
};
const isAlive =
  (name: string) =>
  (line: { event: string; name?: unknown; state?: unknown }): boolean =>
    line.event === 'peer' && line.name === name && line.state === 'alive';

const panelOf = (page: Page) => page.getByRole('region', { name: 'Pairing' });
const digitsOn = async (page: Page) => {
  const digits = panelOf(page).locator('.digits');
  await digits.waitFor(WAIT);
  return (await digits.innerText()).replace(/\s/g, '');
};

describe.skipIf(noChromium)(`two people at two dashboards${noChromium ? ` (skipped: ${noChromium})` : ''}`, () => {
  let anna: JsonProcess;
  let third: JsonProcess;
  let ben: JsonProcess;
  let atAnna: Page;
  let atBen: Page;

  beforeAll(async () => {
    browser = await launchChromium();
  }, 120_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    place = await CliPlace.make();
    pages = [];
    anna = nodeOf('anna', 'anna');
    third = nodeOf('anna', 'third', '--machine', 'press');
    ben = nodeOf('ben', 'ben', '--machine', 'feeder');
    [atAnna, atBen] = await Promise.all([dashboardOf(anna), dashboardOf(ben)]);
    await third.line(isAlive('anna'));
    await atAnna.getByRole('button', { name: 'Pair with ben' }).waitFor(WAIT);
    await atBen.getByRole('button', { name: 'Pair with anna' }).waitFor(WAIT);
  }, 120_000);
  afterEach(async () => {
    for (const page of pages) await page.context().close();
    await place.clear();
  });

  test('from found to trusted in three clicks and ten seconds; the third node talks to the new one, too', async () => {
    let clicks = 0;
    const click = async (page: Page, name: string) => {
      clicks++;
      await page.getByRole('button', { name, exact: true }).click(WAIT);
    };
    const startedAt = performance.now();
    await click(atAnna, 'Pair with ben');
    expect(await digitsOn(atBen)).toBe(await digitsOn(atAnna));
    await click(atBen, 'They are the same');
    await click(atAnna, 'They are the same');
    await panelOf(atAnna).getByText('Paired with ben').waitFor(WAIT);
    await panelOf(atBen).getByText('Paired with anna').waitFor(WAIT);
    await anna.line(isAlive('ben'));
    const tookMs = performance.now() - startedAt;
    expect(clicks).toBeLessThanOrEqual(LIMIT_CLICKS);
    expect(tookMs).toBeLessThan(LIMIT_MS);

    await third.line(isAlive('ben'));
    // Ben's feeder is seen on the third node, and the third node's press on Ben's dashboard.
    await third.line(({ event, id }) => event === 'machine' && id === 'Feeder_1');
    await atBen.goto(`${new URL(atBen.url()).origin}/#/machines`);
    await atBen
      .getByRole('row')
      .filter({ hasText: /Press_1.*third/ })
      .waitFor(WAIT);
  });

  test('with other digits one of them says so, and nothing passes', async () => {
    await atAnna.getByRole('button', { name: 'Pair with ben', exact: true }).click();
    await digitsOn(atBen);
    await panelOf(atAnna).getByRole('button', { name: 'They are the same' }).click();
    await panelOf(atBen).getByRole('button', { name: 'They differ' }).click();
    await panelOf(atAnna).getByText('Not paired with ben').waitFor(WAIT);
    await expect.poll(() => panelOf(atBen).count(), WAIT).toBe(0);
    expect(anna.lines.some(isAlive('ben'))).toBe(false);
    expect(ben.lines.some(({ event, id }) => event === 'machine' && id === 'Press_1')).toBe(false);
  });

  test('whoever has the viewer’s token sees no code and no buttons, and is refused by the node itself', async () => {
    const { dashboard, dataDir } = await anna.line(isReady);
    const token = (await readFile(join(String(dataDir), 'viewer-token'), 'utf8')).trim();
    const viewer = await (await browser.newContext()).newPage();
    pages.push(viewer);
    await viewer.goto(`${new URL(String(dashboard)).origin}/?token=${token}`);
    await viewer.goto(`${new URL(String(dashboard)).origin}/#/trust`);
    await viewer.getByText('You may look, and change nothing').waitFor(WAIT);
    await atAnna.goto(`${new URL(String(dashboard)).origin}/#/trust`);
    await atAnna.getByRole('button', { name: 'Show a code' }).click();
    await digitsOn(atAnna);
    expect(await panelOf(viewer).count()).toBe(0);
    const answer = await viewer.evaluate(
      `new Promise((resolve) => {
        const socket = new WebSocket(location.origin.replace('http', 'ws') + '/api');
        socket.onmessage = ({ data }) => resolve(JSON.parse(data));
        socket.onopen = () => socket.send(JSON.stringify({ kind: 'call', id: 1, name: 'networkKey', input: {} }));
      })`,
    );
    expect(answer).toMatchObject({ kind: 'error', code: 'READ_ONLY' });
  });
});
