import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { _electron } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findElectron } from '../../build/electron-binary.ts';
import { CliPlace } from '../support/cli.ts';

// The desktop in Electron itself. CI_REQUIRE_ELECTRON=1 makes a failure of what would be skipped.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'out/desktop/main.js');
const found = findElectron();
const isRequired = process.env.CI_REQUIRE_ELECTRON === '1';
const skipped = 'why' in found && !isRequired ? ` (skipped: ${found.why})` : '';
const program = 'path' in found ? found.path : '';
const profile = mkdtempSync(join(tmpdir(), 'intermachine-test-'));

const run = promisify(execFile);
beforeAll(async () => {
  if (skipped) return;
  if ('why' in found) throw new Error(`CI_REQUIRE_ELECTRON is set, but ${found.why}`);
  await run(process.execPath, [join(ROOT, 'build/page.js')]);
  await run(process.execPath, [join(ROOT, 'build/desktop.ts')]);
}, 120_000);
afterAll(() => rmSync(profile, { recursive: true, force: true, maxRetries: 3 }));

test.skipIf(skipped)(
  `--smoke proves by itself that window, bridge, engine and database work together${skipped}`,
  async () => {
    const { stdout } = await run(program, [MAIN, '--smoke'], { timeout: 60_000 });
    const line = stdout.split('\n').find((text) => text.startsWith('{')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      smoke: 'ok',
      url: expect.stringMatching(/^app:\/\/dashboard\/index\.html/),
    });
    expect(Number(JSON.parse(line).napi)).toBeGreaterThanOrEqual(10);
  },
  90_000,
);

test.skipIf(skipped)(
  `the window shows its node in a page without Node, stays where it is, and the node says goodbye at the end${skipped}`,
  async () => {
    const place = await CliPlace.make();
    const desktop = await _electron.launch({
      executablePath: program,
      args: [MAIN, `--user-data-dir=${profile}`, '--name', 'in-electron', '--loopback', String(place.loopbackPort)],
      env: place.environment as Record<string, string>,
    });
    const ended = new Promise<void>((resolve) => desktop.process().once('exit', () => resolve()));
    try {
      const page = await desktop.firstWindow();
      await page.getByText('in-electron').first().waitFor();
      const url = page.url();
      expect(url).toMatch(/^app:\/\/dashboard\/index\.html/);
      expect(await page.evaluate('[typeof require, typeof process, window.intermachine.kind]')).toEqual([
        'undefined',
        'undefined',
        'desktop',
      ]);
      await page.evaluate("location.href = 'https://evil.example/'");
      expect(await page.evaluate("window.open('file:///etc/passwd')")).toBeNull();
      await page.getByText('in-electron').first().waitFor();
      expect(page.url()).toBe(url);
    } finally {
      await desktop.close();
    }
    await ended;
    await place.clear();
  },
  90_000,
);
