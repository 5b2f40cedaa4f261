import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { type Browser, chromium } from 'playwright-core';
import { build } from 'vite';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why tests in a browser are skipped here; `undefined` where they run. */
export const noChromium: string | undefined =
  existsSync(CHROMIUM) || process.env.CI_REQUIRE_CHROMIUM === '1' ? undefined : `no Chromium at ${CHROMIUM}`;

export const openChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** Builds the page of `page/`, as the product's page is built, into `folder`. */
export async function buildPage(folder: string): Promise<void> {
  await build({
    configFile: false,
    root: fileURLToPath(new URL('./page', import.meta.url)),
    base: './',
    logLevel: 'error',
    plugins: [react()],
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'chrome150',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2_000,
      reportCompressedSize: false,
    },
  });
}
