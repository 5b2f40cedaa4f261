import { type Session, shell, type WebContents } from 'electron';
import { isDashboard, isPage } from './dashboard-page.ts';

// The page is ours, but what it shows comes from peers: whatever gets loose in it must find every door shut.

/** A page that wants to be elsewhere stays; a link that leads out opens in the browser. */
export function guardContents(contents: WebContents): void {
  const stay = (event: { readonly url: string; preventDefault(): void }) => {
    if (!isPage(event.url)) event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    openOutside(url);
    return { action: 'deny' };
  });
}

/** Camera, files, USB, notifications, downloads: a dashboard needs none of them. */
export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, decide, { requestingUrl }) =>
    decide(isGranted(permission, requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) => isGranted(permission, origin));
  session.setDevicePermissionHandler(() => false);
  session.on('will-download', (event) => event.preventDefault());
}

/** One click copies a node's id. That writes text only, and reading stays denied. */
const isGranted = (permission: string, url: string): boolean =>
  permission === 'clipboard-sanitized-write' && isDashboard(url);

/** The system opens whatever it is given, programs and shares of the network too: only the web may pass. */
function openOutside(url: string): void {
  if (URL.parse(url)?.protocol !== 'https:') return;
  // Without a browser there is nothing to open it with, and nothing that we could do about it.
  shell.openExternal(url).catch(() => {});
}
