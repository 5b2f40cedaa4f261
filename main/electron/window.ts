import { BrowserWindow, nativeTheme } from 'electron';
import { PAGE } from './dashboard-page.ts';

export interface WindowOptions {
  readonly preload: string;
  readonly icon: string;
  /** Works without being seen. */
  readonly hidden: boolean;
}

/** The colours of the page, so that the window does not flash before the page is there. */
const BACKGROUND = { light: '#f6f7f9', dark: '#0f1216' };

/** So that the page is told when its engine is gone. Chromium 122 had it for everybody, later ones have it behind this name. */
export const CLOSE_EVENT_OF_PORTS = 'MessagePortCloseEvent';

export function createWindow({ preload, icon, hidden }: WindowOptions): BrowserWindow {
  const window = new BrowserWindow({
    title: 'InterMachine',
    width: 1280,
    height: 820,
    minWidth: 390,
    minHeight: 480,
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    // Windows and macOS take the one of the package.
    ...(process.platform === 'linux' && { icon }),
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      enableBlinkFeatures: CLOSE_EVENT_OF_PORTS,
      // Nobody looks at a hidden window, but the smoke test reads it.
      backgroundThrottling: !hidden,
    },
  });
  if (!hidden) window.once('ready-to-show', () => window.show());
  // It rejects when the window is closed before the page is there, too: then there is nothing to tell.
  window.loadURL(PAGE).catch(() => {});
  return window;
}
