import { beforeAll, expect, test, vi } from 'vitest';
import * as electron from './electron-double.ts';

vi.mock('electron', () => import('./electron-double.ts'));

// The shell as a whole, on a double of Electron: one process, started once, as in life; the tests follow each other.

const PAGE = 'app://dashboard/index.html';
const HOSTILE_URLS = [
  'https://evil.example/',
  'file:///etc/passwd',
  'data:text/html,<script>alert(1)</script>',
  'javascript:alert(1)',
  'app://evil/index.html',
  'app://dashboard.evil/index.html',
  'app://dashboard:1/index.html',
  'app://dashboard/other.html',
  'devtools://devtools/bundled/inspector.html',
  'not an address',
  '',
];

/** Of the engine that runs now. */
const engine = () => electron.engines.at(-1) ?? expect.fail('no engine was started');
const window = () => electron.BrowserWindow.all.at(-1) ?? expect.fail('no window was opened');
const tray = () => electron.Tray.all.at(-1) ?? expect.fail('there is no tray');
const trayMenu = () => tray().setContextMenu.mock.lastCall?.[0] ?? [];
const click = (label: string) => {
  const item = trayMenu().find((entry) => entry.label === label) ?? expect.fail(`the tray has no "${label}"`);
  (item.click as () => void)();
};
const asks = (frame: unknown, contents: unknown = window().webContents, ...more: unknown[]) =>
  electron.ipcMain.emit('intermachine:connect', { senderFrame: frame, sender: contents }, ...more);

/** What Electron was told until the window opened. Vitest forgets calls before each test. */
let atStart: Readonly<Record<string, readonly unknown[]>> = {};

beforeAll(async () => {
  electron.app.switches.set('disable-features', 'Given');
  await import('../../main/electron/main.ts');
  await vi.waitFor(() => expect(electron.BrowserWindow.all).toHaveLength(1));
  const { app, protocol, session, Menu, utilityProcess } = electron;
  atStart = {
    lock: [...app.requestSingleInstanceLock.mock.calls],
    sandbox: [...app.enableSandbox.mock.calls],
    schemes: [...protocol.registerSchemesAsPrivileged.mock.calls],
    served: [...protocol.handle.mock.calls],
    permissions: [...session.defaultSession.setPermissionRequestHandler.mock.calls],
    menu: [...Menu.setApplicationMenu.mock.calls],
    engine: [...utilityProcess.fork.mock.calls],
    told: [...engine().postMessage.mock.calls],
  };
});

test('before the window shows, everything around it is in place', () => {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, codeCache: true };
  expect(atStart).toEqual({
    lock: [[]],
    sandbox: [[]],
    schemes: [[[{ scheme: 'app', privileges }]]],
    served: [['app', expect.any(Function)]],
    permissions: [[expect.any(Function)]],
    menu: [[expect.any(Array)]],
    engine: [[expect.stringMatching(/engine\.js$/), [], expect.anything()]],
    told: [[{ type: 'START', options: expect.anything() }]],
  });
});

test('Chromium keeps off mDNS, and what the person switched off stays off', () => {
  expect(electron.app.switches.get('disable-features')).toBe('Given,MediaRouter,WebRtcHideLocalIpsWithMdns');
});

test('the window shows our page in a sandbox, without Node and without webviews', () => {
  expect(window().options.webPreferences).toMatchObject({
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    webviewTag: false,
    enableBlinkFeatures: 'MessagePortCloseEvent',
  });
  expect(String(window().options.webPreferences.preload)).toMatch(/preload\.cjs$/);
});

test('a navigation is prevented in every way there is, but the page may load itself again', () => {
  for (const event of ['will-navigate', 'will-frame-navigate', 'will-redirect']) {
    for (const url of HOSTILE_URLS) {
      const preventDefault = vi.fn();
      window().webContents.emit(event, { url, preventDefault });
      expect(preventDefault, `${event} ${url}`).toHaveBeenCalledOnce();
    }
    const preventDefault = vi.fn();
    window().webContents.emit(event, { url: `${PAGE}#/machines`, preventDefault });
    expect(preventDefault).not.toHaveBeenCalled();
  }
});

test('no window opens; an https link opens in the browser, and nothing else does', () => {
  const contents = window().webContents;
  for (const url of [...HOSTILE_URLS.slice(1), 'http://plain.example/', 'smb://share/x', 'HTTP://x', 'ms-msdt:/id'])
    expect(contents.open({ url })).toEqual({ action: 'deny' });
  expect(electron.shell.openExternal).not.toHaveBeenCalled();
  electron.shell.openExternal.mockRejectedValueOnce(new Error('there is no browser'));
  expect(contents.open({ url: 'https://stately.ai/docs' })).toEqual({ action: 'deny' });
  expect(electron.shell.openExternal).toHaveBeenCalledExactlyOnceWith('https://stately.ai/docs');
});

test('a webview is not attached', () => {
  const preventDefault = vi.fn();
  window().webContents.emit('will-attach-webview', { preventDefault });
  expect(preventDefault).toHaveBeenCalledOnce();
});

test('a port is promised to a page that asks while the node starts, and given once it is ready', () => {
  const { mainFrame } = window().webContents;
  asks(mainFrame);
  expect(mainFrame.postMessage).not.toHaveBeenCalled();
  engine().says({ type: 'READY', name: 'press-line-3' });
  const channel = electron.MessageChannelMain.all.at(-1);
  expect(engine().postMessage).toHaveBeenCalledExactlyOnceWith({ type: 'CONNECT' }, [channel?.port1]);
  expect(mainFrame.postMessage).toHaveBeenCalledExactlyOnceWith('intermachine:port', null, [channel?.port2]);
});

test('a page that is gone when its node is ready gets nothing', () => {
  const { mainFrame } = window().webContents;
  mainFrame.isDestroyed.mockReturnValueOnce(true);
  asks(mainFrame);
  expect(mainFrame.postMessage).not.toHaveBeenCalled();
  expect(engine().postMessage).not.toHaveBeenCalled();
});

test('I: a frame that is no more, and one inside the page, get no port', () => {
  const inside = new electron.FrameDouble(PAGE);
  asks(null);
  asks(inside);
  expect(inside.postMessage).not.toHaveBeenCalled();
  expect(engine().postMessage).not.toHaveBeenCalled();
});

test.each(HOSTILE_URLS.filter((url) => !url.startsWith('app://dashboard/')))(
  'I: the page "%s", had it got into the window, gets no port',
  (url) => {
    const frame = new electron.FrameDouble(url);
    asks(frame, { mainFrame: frame });
    expect(frame.postMessage).not.toHaveBeenCalled();
    expect(engine().postMessage).not.toHaveBeenCalled();
  },
);

test('I: what a page adds to its question is not looked at, and other channels have no listener', () => {
  const { mainFrame } = window().webContents;
  asks(mainFrame, window().webContents, 'x'.repeat(1_000_000), { __proto__: null, type: 'STOP' });
  expect(engine().postMessage).toHaveBeenCalledExactlyOnceWith({ type: 'CONNECT' }, expect.anything());
  expect(electron.ipcMain.eventNames()).toEqual(['intermachine:connect']);
});

test('the tray tells the name of the node, how many peers it has, and brings the window back', () => {
  engine().says({ type: 'PEERS', alive: 1 });
  expect(trayMenu()[0]).toMatchObject({ label: 'press-line-3, 1 peer', enabled: false });
  engine().says({ type: 'PEERS', alive: 2 });
  expect(tray().setToolTip).toHaveBeenLastCalledWith('InterMachine: press-line-3, 2 peers');
  click('Open InterMachine');
  expect(window().show).toHaveBeenCalledOnce();
  expect(window().focus).toHaveBeenCalledOnce();
});

test('a second start brings the window of the first to the front, out of the task bar too', () => {
  window().isMinimized.mockReturnValueOnce(true);
  electron.app.emit('second-instance');
  expect(window().restore).toHaveBeenCalledOnce();
  expect(window().focus).toHaveBeenCalledOnce();
  expect(electron.BrowserWindow.all).toHaveLength(1);
});

test('a crash of the engine is told in the tray, and the page gets a port to the next one', async () => {
  const crashed = engine();
  crashed.emit('exit', 139);
  expect(trayMenu()[0]?.label).toBe('The node ended unexpectedly (code 139); it starts again after 0.5 s');
  const { mainFrame } = window().webContents;
  asks(mainFrame);
  expect(mainFrame.postMessage).not.toHaveBeenCalled();
  click('Start the node again');
  expect(engine()).not.toBe(crashed);
  expect(engine().postMessage).toHaveBeenCalledWith({ type: 'START', options: expect.anything() });
  engine().says({ type: 'READY', name: 'press-line-3' });
  expect(mainFrame.postMessage).toHaveBeenCalledOnce();
});

test('a node that cannot start is a question to the person, whose answer starts it again', async () => {
  const refused = engine();
  const { promise, resolve } = Promise.withResolvers<{ response: number }>();
  electron.dialog.showMessageBox.mockReturnValueOnce(promise);
  refused.says({ type: 'FAILED', code: 'STORE_CORRUPT', message: 'The store node.db is damaged' });
  expect(refused.kill).toHaveBeenCalled();
  expect(electron.dialog.showMessageBox).toHaveBeenCalledOnce();
  expect(electron.dialog.showMessageBox.mock.lastCall?.[0]).toMatchObject({
    message: 'The store node.db is damaged',
    buttons: ['Try again', 'Quit'],
  });
  resolve({ response: 0 });
  await vi.waitFor(() => expect(engine()).not.toBe(refused));
  engine().says({ type: 'READY', name: 'press-line-3' });
});

test('quitting waits for the goodbye of the node, and stops it once only', async () => {
  const running = engine();
  electron.app.quit();
  electron.app.quit();
  expect(electron.app.preventQuit).toHaveBeenCalledTimes(2);
  expect(running.postMessage).toHaveBeenCalledExactlyOnceWith({ type: 'STOP' });
  expect(window().hide).toHaveBeenCalled();
  running.emit('exit', 0);
  await vi.waitFor(() => expect(electron.app.quit).toHaveBeenCalledTimes(3));
  expect(electron.app.preventQuit).toHaveBeenCalledTimes(2);
  electron.app.emit('activate');
  expect(window().show, 'nothing opens while it ends').not.toHaveBeenCalled();
});
