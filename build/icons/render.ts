import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { icnsOf, icoOf } from './containers.ts';

// Draws the pictures beside this file from their SVG sources. Run it after a change of one: `node build/icons/render.ts`.

const here = (file: string) => join(import.meta.dirname, file);
/** What Linux desktops look for, and what the containers of the other systems hold. */
const SIZES = [16, 32, 48, 64, 128, 256, 512];
/** macOS colours its tray by itself and wants black; elsewhere the tray may be light or dark. */
const TRAYS = [
  { png: 'tray.png', size: 32, colour: '#14b8a6' },
  { png: 'trayTemplate.png', size: 16, colour: '#000' },
  { png: 'trayTemplate@2x.png', size: 32, colour: '#000' },
];

async function draw(browser: Browser, svg: string, size: number, colour = 'inherit'): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const style = `body { margin: 0; color: ${colour} } svg { display: block; width: 100vw; height: 100vh }`;
  await page.setContent(`<style>${style}</style>${readFileSync(here(svg), 'utf8')}`);
  const png = await page.screenshot({ omitBackground: true });
  await page.close();
  return png;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const icons = [];
for (const size of SIZES) {
  const png = await draw(browser, 'icon.svg', size);
  icons.push({ size, png });
  writeFileSync(here(`linux/${size}x${size}.png`), png);
}
writeFileSync(here('icon.ico'), icoOf(icons.filter(({ size }) => size <= 256)));
writeFileSync(here('icon.icns'), icnsOf(icons));
for (const { png, size, colour } of TRAYS) writeFileSync(here(png), await draw(browser, 'tray.svg', size, colour));
await browser.close();
