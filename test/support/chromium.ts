import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = PLACES.find((place) => place !== undefined && existsSync(place));

/** Why tests in a browser are skipped; `undefined` where they run. CI_REQUIRE_CHROMIUM=1 lets them fail instead. */
export const noChromium: string | undefined =
  executablePath || process.env.CI_REQUIRE_CHROMIUM === '1'
    ? undefined
    : 'no Chromium is installed (CHROMIUM names one)';

/** Parts of a browser that no test looks at: for what drops down below its address each window would run two pages more. */
const UNSEEN = 'WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup';
/** What Playwright does without: of two such switches Chromium hears the last alone. */
const PLAYWRIGHTS =
  'AimEnabled,AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,' +
  'HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,MediaRouter,NetworkTimeServiceQuerying,OptimizationHints,PaintHolding,' +
  'PreconnectToSearch,TcpPortRandomizationWin,ThirdPartyStoragePartitioning';

/** Without a sandbox, as root has none; without whatever Chromium would ask of the world by itself. */
export function launchChromium(...more: readonly string[]): Promise<Browser> {
  if (!executablePath) throw new Error('CI_REQUIRE_CHROMIUM=1, but no Chromium is installed: CHROMIUM names one');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disable-features=${UNSEEN},${PLAYWRIGHTS}`,
      ...more,
    ],
  });
}
