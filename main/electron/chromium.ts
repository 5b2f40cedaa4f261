import { app, protocol } from 'electron';
import { SCHEME } from './dashboard-page.ts';

/** Both answer mDNS themselves: they bind UDP 5353, and what peers send to it would reach Chromium instead of the node. */
const FEATURES_OFF = ['MediaRouter', 'WebRtcHideLocalIpsWithMdns'];

/** What Chromium must know before it is ready. */
export function prepareChromium(): void {
  const given = app.commandLine.getSwitchValue('disable-features');
  app.commandLine.appendSwitch('disable-features', [...(given ? [given] : []), ...FEATURES_OFF].join(','));
  app.enableSandbox();
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}
