import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = process.env.CHROMIUM ?? PLACES.find((place) => existsSync(place));

/** Why Chromium cannot be used, if it cannot. `CI_REQUIRE_CHROMIUM=1` makes that a failure instead of a skipped test. */
export const withoutChromium: string | undefined =
  executablePath === undefined && process.env.CI_REQUIRE_CHROMIUM !== '1' ? 'no Chromium is installed' : undefined;

export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('CI_REQUIRE_CHROMIUM=1, but no Chromium is installed');
  const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  return chromium.launch({
    executablePath,
    args: [...quiet, '--no-sandbox', '--disable-component-update', '--disable-sync'],
  });
}
