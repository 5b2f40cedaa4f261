// npm run screenshots: the press line on three nodes, as its dashboard shows it, in docs/screenshots.
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { CliPlace, type Line } from '../support/cli.ts';

const FOLDER = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };
/** Milliseconds until the line is busy and the layout has settled. */
const BUSY_AFTER_MS = 6_000;
const SETTLED_AFTER_MS = 1_500;

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

execFileSync(process.execPath, [fileURLToPath(new URL('../../build/page.js', import.meta.url))], { stdio: 'inherit' });
await mkdir(FOLDER, { recursive: true });
const place = await CliPlace.make();
const browser = await launchChromium();
try {
  const feeding = place.node('--name', 'feeding', '--dashboard-port', '0', '--machine', 'feeder');
  place.node('--name', 'handling', '--machine', 'robot');
  place.node('--name', 'pressing', '--machine', 'press', 'inspector');
  const { dashboard } = await feeding.line(({ event }) => event === 'ready');
  const machine = async (id: string) => {
    const found = await feeding.line((line: Line) => line.event === 'machine' && line.id === id);
    return `#/machines/${encodeURIComponent(String(found.address))}`;
  };
  const pages = { overview: '#/', machines: '#/machines', machine: await machine('Press_1'), messages: '#/messages' };
  await wait(BUSY_AFTER_MS);
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const page = await browser.newPage({ viewport, colorScheme });
      await page.goto(String(dashboard));
      for (const [name, hash] of Object.entries(pages)) await take(page, hash, `${name}-${colorScheme}-${size}.png`);
      await page.close();
    }
  }
} finally {
  await browser.close();
  await place.clear();
}

async function take(page: Page, hash: string, file: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
  await wait(SETTLED_AFTER_MS);
  await page.screenshot({ path: join(FOLDER, file) });
  console.log(`docs/screenshots/${file}`);
}
