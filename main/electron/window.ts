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
      // Nobody looks at a hidden window, but the smoke test reads it.
      backgroundThrottling: !hidden,
    },
  });
  if (!hidden) window.once('ready-to-show', () => window.show());
  // What fails to load shows as an empty window; the guards of the page itself report.
  window.loadURL(PAGE).catch(() => {});
  return window;
}
