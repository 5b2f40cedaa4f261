import { expect, test, vi } from 'vitest';
import { guardSession } from '../../main/electron/guards.ts';
import { createWindow } from '../../main/electron/window.ts';
import { BrowserWindow, SessionDouble } from './electron-double.ts';

vi.mock('electron', () => import('./electron-double.ts'));

/** What the session says to the question for a permission, and to the look whether it is there. */
function askFor(permission: string, url: string): readonly [asked: unknown, looked: unknown] {
  const session = new SessionDouble();
  guardSession(session as never);
  const decide = vi.fn();
  session.setPermissionRequestHandler.mock.lastCall?.[0]({}, permission, decide, { requestingUrl: url });
  return [decide.mock.lastCall?.[0], session.setPermissionCheckHandler.mock.lastCall?.[0]({}, permission, url, {})];
}

test.each([
  'media',
  'display-capture',
  'geolocation',
  'notifications',
  'clipboard-read',
  'fullscreen',
  'openExternal',
  'fileSystem',
  'hid',
  'unknown',
  '__proto__',
])('the permission %s is denied to our own page too', (permission) => {
  expect(askFor(permission, 'app://dashboard/index.html')).toEqual([false, false]);
});

test('our page may copy text; no other page may', () => {
  expect(askFor('clipboard-sanitized-write', 'app://dashboard/')).toEqual([true, true]);
  for (const url of ['https://evil.example/', 'app://dashboard.evil/', 'null', ''])
    expect(askFor('clipboard-sanitized-write', url), url).toEqual([false, false]);
});

test('no device is given to a page', () => {
  const session = new SessionDouble();
  guardSession(session as never);
  expect(session.setDevicePermissionHandler.mock.lastCall?.[0]({ deviceType: 'usb' })).toBe(false);
});

test('nothing is downloaded', () => {
  const session = new SessionDouble();
  guardSession(session as never);
  const preventDefault = vi.fn();
  session.emit('will-download', { preventDefault });
  expect(preventDefault).toHaveBeenCalledOnce();
});

test('a window is seen once it has something to show, and a hidden one never', () => {
  const options = { preload: 'preload.cjs', icon: 'icon.png' };
  createWindow({ ...options, hidden: false });
  createWindow({ ...options, hidden: true });
  const [seen, hidden] = BrowserWindow.all;
  expect(seen?.options.show).toBe(false);
  seen?.emit('ready-to-show');
  hidden?.emit('ready-to-show');
  expect(seen?.show).toHaveBeenCalledOnce();
  expect(hidden?.show).not.toHaveBeenCalled();
  expect(hidden?.loadURL).toHaveBeenCalledExactlyOnceWith('app://dashboard/index.html');
});
