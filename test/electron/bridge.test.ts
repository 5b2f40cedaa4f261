import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { serveFiles } from '../../main/electron/dashboard-files.ts';
import { CLOSE_EVENT_OF_PORTS } from '../../main/electron/window.ts';
import { launchChromium, noChromium } from '../support/chromium.ts';
import { freeUdpPort } from '../support/udp-port.ts';
import { bundleDesktop } from './bundle.ts';
import { EngineChild } from './engine-child.ts';

vi.mock('electron', () => import('./electron-double.ts'));

// All of the desktop but Electron: the built page under its policy, the bundled preload, a real MessagePort, the bundled engine
// with its database. The test plays the shell, which only introduces the two.

declare global {
  interface Window {
    engineConnects(id: number): void;
    engineSays(id: number, data: unknown): void;
    engineCrashes(): void;
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ORIGIN = 'https://dashboard.test';
const place = mkdtempSync(join(tmpdir(), 'intermachine-test-'));
const engines: EngineChild[] = [];
let browser: Browser | undefined;

beforeAll(async () => {
  if (noChromium) return;
  await bundleDesktop(join(place, 'desktop'));
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  const args = [
    'build',
    '-c',
    join(ROOT, 'build/renderer.config.ts'),
    '--outDir',
    join(place, 'renderer'),
    '-l',
    'warn',
  ];
  await promisify(execFile)(process.execPath, [vite, ...args], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  browser = await launchChromium(`--enable-blink-features=${CLOSE_EVENT_OF_PORTS}`);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  for (const engine of engines) engine.kill();
  rmSync(place, { recursive: true, force: true, maxRetries: 3 });
});

async function startEngine(name: string): Promise<EngineChild> {
  const engine = new EngineChild(join(place, 'desktop/engine.js'), {
    INTERMACHINE_HOME: join(place, 'home'),
    INTERMACHINE_NETWORK_KEY: '',
    INTERMACHINE_LOOPBACK: String(await freeUdpPort()),
  });
  engines.push(engine);
  engine.tell({ type: 'START', options: { node: { name }, machines: ['press'] } });
  await engine.says('READY');
  return engine;
}

/** The page as the window shows it; `engine` is the one that runs when the page asks. */
async function openPage(engine: () => Promise<EngineChild>): Promise<{ page: Page; troubles: string[] }> {
  const context = await (browser as Browser).newContext();
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
  page.on('pageerror', (error) => troubles.push(String(error)));

  const serve = serveFiles(join(place, 'renderer'));
  await context.route('**/*', async (route) => {
    const { pathname, origin } = new URL(route.request().url());
    const response = await serve({
      method: 'GET',
      url: `${origin === ORIGIN ? 'app://dashboard' : origin}${pathname}`,
    } as Request);
    const body = Buffer.from(await response.arrayBuffer());
    await route.fulfill({ status: response.status, headers: Object.fromEntries(response.headers), body });
  });
  const ports = new Map<number, (data: unknown) => void>();
  await page.exposeFunction('engineHears', (id: number, data: unknown) => ports.get(id)?.(data));
  await page.exposeFunction('engineAsked', async (channel: string) => {
    if (channel !== 'intermachine:connect') throw new Error(`no such channel: ${channel}`);
    // The shell keeps the question until there is an engine that is ready.
    const running = await engine();
    const { port, send } = running.open();
    ports.set(port, send);
    running.read(port, (data) => {
      // The engine still speaks when the test has closed the page.
      page
        .evaluate(([id, said]) => window.engineSays(id, said), [port, data] as const)
        .catch((error) => !page.isClosed() && troubles.push(String(error)));
    });
    await page.evaluate((id) => window.engineConnects(id), port);
  });
  const stage = readFileSync(new URL('preload-stage.js', import.meta.url), 'utf8');
  const preload = readFileSync(join(place, 'desktop/preload.cjs'), 'utf8');
  await page.addInitScript(`${stage}; stagePreload((require, process = { platform: 'linux' }) => { ${preload} });`);
  await page.goto(`${ORIGIN}/index.html`);
  return { page, troubles };
}

test.skipIf(noChromium)(
  `the page reaches its node through the bridge, and finds the next engine after a crash${noChromium ? ` (skipped: ${noChromium})` : ''}`,
  async () => {
    let engine = startEngine('first-engine');
    const { page, troubles } = await openPage(() => engine);
    await page.getByText('first-engine').first().waitFor();
    expect(await page.evaluate('({ ...window.intermachine, connect: typeof window.intermachine.connect })')).toEqual({
      kind: 'desktop',
      platform: 'linux',
      connect: 'function',
    });

    (await engine).kill();
    engine = startEngine('second-engine');
    await page.evaluate(() => window.engineCrashes());
    await page.getByText('second-engine').first().waitFor();
    expect(troubles).toEqual([]);
  },
  60_000,
);
