import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { prepareSmoke, type SmokePlace, smoke } from '../../main/electron/smoke.ts';
import { app, BrowserWindow } from './electron-double.ts';

vi.mock('electron', () => import('./electron-double.ts'));

const LOCKED_PAGE = { kind: 'desktop', require: 'undefined', process: 'undefined' };
const written: string[] = [];
let place: SmokePlace;

beforeEach(() => {
  vi.stubEnv('INTERMACHINE_HOME', undefined);
  place = prepareSmoke();
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  written.length = 0;
});

/** A window whose page answers in order: that it shows the name, then what it can reach. */
function windowOf(...answers: readonly unknown[]) {
  const window = new BrowserWindow({ webPreferences: {}, show: false });
  const left = [...answers];
  const contents = Object.assign(window.webContents, {
    isLoading: (): boolean => false,
    getURL: () => 'app://dashboard/index.html#/',
    executeJavaScript: vi.fn(async (_script: string) => left.shift()),
  });
  return { window, contents };
}

function engineOf(...states: readonly object[]) {
  return {
    state: { state: 'ready' },
    stop: vi.fn(async () => {}),
    watch: (told: (state: object) => void) => states.forEach((state) => void told(state)),
  };
}

const run = async (window: BrowserWindow, engine: ReturnType<typeof engineOf>) => {
  await smoke(window as never, engine as never, place);
  expect(engine.stop).toHaveBeenCalledOnce();
  expect(existsSync(place.directory), 'nothing is left behind').toBe(false);
  expect(written).toHaveLength(1);
  return JSON.parse(written[0] ?? '');
};

test('it has a place of its own, out of sight of the network, and a name that nothing else shows', () => {
  expect(process.env.INTERMACHINE_HOME).toBe(place.directory);
  expect(app.setPath).toHaveBeenLastCalledWith('userData', expect.stringContaining(place.directory));
  expect(place.options.node).toEqual({ name: expect.stringMatching(/^smoke-\w+$/), loopbackPort: expect.any(Number) });
  expect(prepareSmoke().options.node.name).not.toBe(place.options.node.name);
});

test('a page that shows its node and is locked in is well: one line, exit code 0', async () => {
  const { window, contents } = windowOf(undefined, LOCKED_PAGE);
  expect(await run(window, engineOf())).toMatchObject({ smoke: 'ok', node: place.options.node.name });
  expect(contents.executeJavaScript.mock.calls[0]?.[0]).toContain(JSON.stringify(place.options.node.name));
  expect(app.exit).toHaveBeenLastCalledWith(0);
});

test.each([
  ['Node within its reach', { ...LOCKED_PAGE, require: 'function' }],
  ['no bridge', { ...LOCKED_PAGE, kind: undefined }],
])('a page with %s fails', async (_what, page) => {
  const { window } = windowOf(undefined, page);
  expect(await run(window, engineOf())).toMatchObject({
    smoke: 'failed',
    reason: expect.stringContaining('not locked'),
  });
  expect(app.exit).toHaveBeenLastCalledWith(1);
});

test('an engine that fails is the reason, even if the page never says anything', async () => {
  const { window, contents } = windowOf();
  contents.executeJavaScript.mockReturnValue(new Promise(() => {}));
  const engine = engineOf({ state: 'starting' }, { state: 'failed', problem: 'The store is damaged' });
  expect(await run(window, engine)).toMatchObject({ smoke: 'failed', reason: 'The store is damaged' });
  expect(app.exit).toHaveBeenLastCalledWith(1);
});

test('a page that cannot be loaded is the reason', async () => {
  const { window, contents } = windowOf();
  contents.isLoading = () => true;
  const running = run(window, engineOf());
  contents.emit('did-fail-load', {}, -6, 'ERR_FILE_NOT_FOUND');
  expect(await running).toMatchObject({ smoke: 'failed', reason: 'ERR_FILE_NOT_FOUND' });
});
