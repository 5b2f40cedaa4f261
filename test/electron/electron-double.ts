import { EventEmitter } from 'node:events';
import type {
  MenuItemConstructorOptions,
  MessageBoxOptions,
  UtilityProcess,
  WebFrameMain,
  WindowOpenHandlerResponse,
} from 'electron';
import { vi } from 'vitest';
import type { FromEngine } from '../../main/electron/engine-messages.ts';

// Stands in for Electron: `vi.mock('electron', () => import('./electron-double.ts'))`. It remembers what it was told, and a
// test plays the page, the person and the system by what it emits.

export class FrameDouble {
  readonly postMessage = vi.fn<WebFrameMain['postMessage']>();
  readonly isDestroyed = vi.fn(() => false);
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
}

export class ContentsDouble extends EventEmitter {
  readonly mainFrame = new FrameDouble('app://dashboard/index.html');
  open: (details: { url: string }) => WindowOpenHandlerResponse = () => ({ action: 'allow' });
  setWindowOpenHandler(open: typeof this.open): void {
    this.open = open;
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  readonly webContents = new ContentsDouble();
  readonly options: { readonly webPreferences: Readonly<Record<string, unknown>>; readonly show: boolean };
  readonly loadURL = vi.fn(async (_url: string) => {});
  readonly show = vi.fn();
  readonly hide = vi.fn();
  readonly focus = vi.fn();
  readonly restore = vi.fn();
  readonly isMinimized = vi.fn(() => false);
  readonly isDestroyed = vi.fn(() => false);
  constructor(options: BrowserWindow['options']) {
    super();
    this.options = options;
    BrowserWindow.all.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }
}

class AppDouble extends EventEmitter {
  readonly switches = new Map<string, string>();
  readonly commandLine = {
    getSwitchValue: (name: string) => this.switches.get(name) ?? '',
    appendSwitch: (name: string, value = '') => void this.switches.set(name, value),
  };
  readonly setName = vi.fn();
  readonly setPath = vi.fn();
  readonly enableSandbox = vi.fn();
  readonly requestSingleInstanceLock = vi.fn(() => true);
  readonly quit = vi.fn(() => void this.emit('before-quit', { preventDefault: this.preventQuit }));
  readonly preventQuit = vi.fn();
  readonly exit = vi.fn();
  readonly whenReady = async () => {};
}
export const app = new AppDouble();

export class EngineDouble extends EventEmitter {
  readonly postMessage = vi.fn<UtilityProcess['postMessage']>();
  readonly kill = vi.fn(() => true);
  says(message: FromEngine): void {
    this.emit('message', message);
  }
}
export const engines: EngineDouble[] = [];
export const utilityProcess = {
  fork: vi.fn((..._args: unknown[]) => {
    const engine = new EngineDouble();
    engines.push(engine);
    return engine;
  }),
};

export class MessageChannelMain {
  static readonly all: MessageChannelMain[] = [];
  readonly port1 = { end: 'engine' };
  readonly port2 = { end: 'page' };
  constructor() {
    MessageChannelMain.all.push(this);
  }
}

export const ipcMain = new EventEmitter();
export const protocol = { registerSchemesAsPrivileged: vi.fn(), handle: vi.fn() };
export const shell = { openExternal: vi.fn(async (_url: string) => {}) };
export const nativeTheme = { shouldUseDarkColors: true };
export const nativeImage = { createFromPath: vi.fn((path: string) => ({ path })) };
export const dialog = { showMessageBox: vi.fn(async (_options: MessageBoxOptions) => ({ response: 0 })) };

export class SessionDouble extends EventEmitter {
  readonly setPermissionRequestHandler = vi.fn();
  readonly setPermissionCheckHandler = vi.fn();
  readonly setDevicePermissionHandler = vi.fn();
}
export const session = { defaultSession: new SessionDouble() };

export type MenuDouble = readonly MenuItemConstructorOptions[];
export const Menu = {
  buildFromTemplate: (template: MenuDouble) => template,
  setApplicationMenu: vi.fn<(menu: MenuDouble) => void>(),
};
export class Tray extends EventEmitter {
  static readonly all: Tray[] = [];
  readonly setToolTip = vi.fn<(text: string) => void>();
  readonly setContextMenu = vi.fn<(menu: MenuDouble) => void>();
  constructor() {
    super();
    Tray.all.push(this);
  }
}
