import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app, type BrowserWindow } from 'electron';
import { reasonOf } from '../../shared/errors.ts';
import { isPage } from './dashboard-page.ts';
import type { EngineOptions } from './engine-options.ts';
import type { EngineSupervisor } from './engine-supervisor.ts';

/** Milliseconds. A slow machine starts Chromium, a node and a page in a few seconds. */
const SMOKE_LIMIT_MS = 30_000;
/** UDP. Nobody else uses it, and nothing of a smoke test leaves this computer. */
const SMOKE_LOOPBACK_PORT = 53_535;

/** A place and a node for a run that leaves nothing behind and that the network does not see. */
export interface SmokePlace {
  readonly directory: string;
  readonly options: EngineOptions;
}

/** `--smoke`: proves that this build works as a whole, and ends. Call it before anything is opened: the place is its own. */
export function prepareSmoke(): SmokePlace {
  const directory = mkdtempSync(join(tmpdir(), 'intermachine-smoke-'));
  app.setPath('userData', join(directory, 'desktop'));
  process.env.INTERMACHINE_HOME = directory;
  // Chance, so that no other page can show it.
  const name = `smoke-${Math.random().toString(36).slice(2, 10)}`;
  return { directory, options: { node: { name, loopbackPort: SMOKE_LOOPBACK_PORT }, machines: ['feeder'] } };
}

/**
 * Waits until the page shows the name of its node: then the window, the bridge, the port, the engine, its database and
 * the call have worked. Prints one line of JSON and ends with 0, or 1 and the reason.
 */
export async function smoke(window: BrowserWindow, engine: EngineSupervisor, { directory, options }: SmokePlace) {
  const name = options.node.name ?? '';
  let line: object;
  try {
    await within(SMOKE_LIMIT_MS, engine, untilShown(window, name));
    const page = await window.webContents.executeJavaScript(
      `({ kind: window.intermachine?.kind, require: typeof require, process: typeof process })`,
    );
    const { electron, napi } = process.versions;
    const isLocked = page.kind === 'desktop' && page.require === 'undefined' && page.process === 'undefined';
    if (!isLocked) throw new Error(`the page is not locked in: ${JSON.stringify(page)}`);
    line = { smoke: 'ok', node: name, url: window.webContents.getURL(), electron, napi };
  } catch (thrown) {
    line = { smoke: 'failed', reason: reasonOf(thrown), engine: engine.state };
  }
  await engine.stop();
  process.stdout.write(`${JSON.stringify(line)}\n`);
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  app.exit('reason' in line ? 1 : 0);
}

async function untilShown(window: BrowserWindow, name: string): Promise<void> {
  const { webContents } = window;
  if (webContents.isLoading() || !isPage(webContents.getURL())) {
    await new Promise<void>((resolve, reject) => {
      webContents.once('did-finish-load', () => resolve());
      webContents.once('did-fail-load', (_event, _code, description) => reject(new Error(description)));
    });
  }
  await webContents.executeJavaScript(`new Promise((resolve) => {
    const look = () => document.body.textContent.includes(${JSON.stringify(name)}) && resolve();
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
    look();
  })`);
}

async function within(limitMs: number, engine: EngineSupervisor, done: Promise<void>): Promise<void> {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`the page did not show its node within ${limitMs} ms`)), limitMs);
  engine.watch((state) => {
    if (state.state === 'failed' || state.state === 'waiting') reject(new Error(state.problem));
  });
  try {
    await Promise.race([done, failed]);
  } finally {
    clearTimeout(timer);
  }
}
