import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PATHS = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const path = PATHS.find((candidate) => candidate !== undefined && existsSync(candidate));

/** Why tests in a browser are skipped; `undefined` where they run. CI_REQUIRE_CHROMIUM=1 lets them fail instead. */
export const noChromium: string | undefined =
  path || process.env.CI_REQUIRE_CHROMIUM ? undefined : 'no Chromium is installed (set CHROMIUM_PATH)';

export function launchChromium(): Promise<Browser> {
  if (!path) throw new Error('CI_REQUIRE_CHROMIUM is set, but no Chromium is installed: set CHROMIUM_PATH');
  return chromium.launch({
    executablePath: path,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
