import { expect, test, vi } from 'vitest';
import { guardSession } from '../../main/electron/guards.ts';
import { createWindow } from '../../main/electron/window.ts';
import { BrowserWindow, SessionDouble } from './electron-double.ts';

vi.mock('electron', () => import('./electron-double.ts'));

test('every permission is denied, when a page asks for it and when it looks whether it has it', () => {
  const session = new SessionDouble();
  guardSession(session as never);
  for (const permission of ['media', 'geolocation', 'notifications', 'clipboard-read', 'fullscreen', 'unknown']) {
    const decide = vi.fn();
    session.setPermissionRequestHandler.mock.lastCall?.[0]({}, permission, decide);
    expect(decide, permission).toHaveBeenCalledExactlyOnceWith(false);
    expect(session.setPermissionCheckHandler.mock.lastCall?.[0]({}, permission)).toBe(false);
  }
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
