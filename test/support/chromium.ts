import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why tests in a browser are skipped here; `undefined` where they run, or where CI_REQUIRE_CHROMIUM=1 wants them to fail instead. */
export const noChromium: string | undefined =
  existsSync(CHROMIUM) || process.env.CI_REQUIRE_CHROMIUM === '1' ? undefined : `no Chromium at ${CHROMIUM}`;

/** Without a sandbox, as root has none; without whatever Chromium would ask of the world by itself. */
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
