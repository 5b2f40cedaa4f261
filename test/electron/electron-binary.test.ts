import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findElectron, type Surroundings } from '../../build/electron-binary.ts';

const dist = mkdtempSync(join(tmpdir(), 'intermachine-test-'));
const program = join(dist, 'electron');
writeFileSync(program, '');
afterAll(() => rmSync(dist, { recursive: true }));

/** A desktop on which Electron starts. */
const desktop = (files: Readonly<Record<string, string>> = {}): Surroundings => ({
  platform: 'linux',
  environment: { ELECTRON_OVERRIDE_DIST_PATH: dist, DISPLAY: ':0' },
  userId: 1000,
  read: (path) => files[path],
});

test('the program is found where a display and a sandbox are', () => {
  expect(findElectron(desktop())).toEqual({ path: program });
  const wayland = { ELECTRON_OVERRIDE_DIST_PATH: dist, WAYLAND_DISPLAY: 'wayland-0' };
  expect(findElectron({ ...desktop(), environment: wayland })).toEqual({ path: program });
});

test.each([
  ['is not installed', { ...desktop(), environment: { DISPLAY: ':0' } }],
  ['is not installed', { ...desktop(), environment: { ELECTRON_OVERRIDE_DIST_PATH: '/nowhere', DISPLAY: ':0' } }],
  ['there is no display', { ...desktop(), environment: { ELECTRON_OVERRIDE_DIST_PATH: dist } }],
  ['does not run as root', { ...desktop(), userId: 0 }],
  [
    'denies Chromium its sandbox (/proc/sys/kernel/apparmor_restrict_unprivileged_userns is 1)',
    desktop({ '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n' }),
  ],
  ['denies Chromium its sandbox', desktop({ '/proc/sys/user/max_user_namespaces': '0\n' })],
])('why not, in one line: %s', (why, surroundings) => {
  const found = findElectron(surroundings);
  expect(found).toEqual({ why: expect.stringContaining(why) });
  expect(JSON.stringify(found)).not.toContain(String.raw`\n`);
});

test('a profile of AppArmor that names the program lets it start', () => {
  const files = {
    '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n',
    '/etc/apparmor.d/intermachine': `profile intermachine "${program}" flags=(unconfined) { userns, }`,
  };
  expect(findElectron(desktop(files))).toEqual({ path: program });
});

test('here it is there, or there is a reason', () => {
  expect(findElectron()).toEqual(
    expect.toSatisfy((found) => typeof found.path === 'string' || typeof found.why === 'string'),
  );
});
