import { afterEach, expect, test, vi } from 'vitest';
import { DesktopWindow } from '../../main/electron/desktop-window.ts';
import type { EngineState, EngineSupervisor } from '../../main/electron/engine-supervisor.ts';
import { setMenu } from '../../main/electron/menu.ts';
import { tellTrouble } from '../../main/electron/trouble.ts';
import { app, BrowserWindow, dialog, Menu } from './electron-double.ts';

vi.mock('electron', () => import('./electron-double.ts'));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.clearAllMocks();
  app.removeAllListeners();
});

const on = (platform: NodeJS.Platform) =>
  vi.stubGlobal('process', Object.create(process, { platform: { value: platform } }));

function opened() {
  const window = new BrowserWindow({ webPreferences: {}, show: false });
  const desktop = new DesktopWindow(() => window as never);
  desktop.show();
  const close = () => {
    const preventDefault = vi.fn();
    window.emit('close', { preventDefault });
    return preventDefault;
  };
  return { desktop, window, close };
}

test.each(['darwin', 'win32'] as const)('on %s a closed window hides, and the node goes on', (platform) => {
  on(platform);
  const { window, close } = opened();
  expect(close()).toHaveBeenCalledOnce();
  expect(window.hide).toHaveBeenCalledOnce();
});

test('on Linux a closed window closes: there may be no tray that would bring it back', () => {
  on('linux');
  const { window, close } = opened();
  expect(close()).not.toHaveBeenCalled();
  expect(window.hide).not.toHaveBeenCalled();
});

test('a window that closes because the application ends is not kept', () => {
  on('darwin');
  const { close } = opened();
  app.emit('before-quit', {});
  expect(close()).not.toHaveBeenCalled();
});

test('a window that is gone is opened anew', () => {
  const { desktop, window } = opened();
  window.isDestroyed.mockReturnValue(true);
  expect(desktop.current).toBeUndefined();
  window.isDestroyed.mockReturnValue(false);
  desktop.show();
  expect(window.focus).toHaveBeenCalledOnce();
});

test.each(['darwin', 'linux', 'win32'] as const)('the menu on %s has copy and paste, and leads nowhere', (platform) => {
  on(platform);
  setMenu();
  const roles = Menu.setApplicationMenu.mock.lastCall?.[0].map(({ role }) => role);
  expect(roles).toContain('editMenu');
  expect(roles).not.toContain('help');
});

/** What is asked of a person when the engine goes through these states. */
function askedFor(...states: readonly EngineState[]): readonly (string | undefined)[] {
  const engine = {
    watch: (told: (state: EngineState) => void) => states.forEach((state) => void told(state)),
    retry: vi.fn(),
  };
  tellTrouble(engine as unknown as EngineSupervisor, () => {});
  return dialog.showMessageBox.mock.calls.map(([{ message }]) => message);
}
const crash = (crashes: number): EngineState => ({ state: 'waiting', problem: 'It crashed', crashes, retryMs: 500 });

test('two crashes are nobody’s business; the third is told, once', () => {
  expect(askedFor({ state: 'starting' }, crash(1), crash(2))).toEqual([]);
  expect(askedFor(crash(3), crash(3), crash(4))).toEqual(['It crashed']);
});

test('who would rather quit, quits', async () => {
  const quit = vi.fn();
  dialog.showMessageBox.mockResolvedValueOnce({ response: 1 });
  const failed: EngineState = { state: 'failed', problem: 'The store is damaged' };
  const engine = { watch: (told: (state: EngineState) => void) => told(failed), retry: vi.fn() };
  tellTrouble(engine as unknown as EngineSupervisor, quit);
  await vi.waitFor(() => expect(quit).toHaveBeenCalledOnce());
  expect(engine.retry).not.toHaveBeenCalled();
});
