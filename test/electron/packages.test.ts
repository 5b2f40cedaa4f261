import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extractFile, listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { System } from './fake-dist.ts';
import { SHARED_UUID } from './macho.ts';
import { makeProject, pack } from './packaging.ts';

// electron-builder itself, on a made-up Electron: what gets in, and what was written into the programs.

const place = mkdtempSync(join(tmpdir(), 'intermachine-test-'));
const project = join(place, 'project');

/** Bundles share chunks, whose names are hashes of what is in them. */
const withoutHash = (path: string) => path.replace(/chunk-[\w-]{8}\.js$/, 'chunk-*.js');
const DATABASE = '/node_modules/better-sqlite3';

const PACKAGES = [
  { system: 'linux', arch: 'x64', resources: 'resources', program: 'intermachine', binding: 'linux-x64.node' },
  {
    system: 'mac',
    arch: 'arm64',
    resources: 'InterMachine.app/Contents/Resources',
    program: 'InterMachine.app',
    binding: 'darwin-arm64.node',
  },
  { system: 'win', arch: 'x64', resources: 'resources', program: 'InterMachine.exe', binding: 'win32-x64.node' },
] as const;
const folders = new Map<System, string>();
const inPackage = (system: System, ...path: string[]) => join(folders.get(system) ?? '', ...path);

beforeAll(async () => {
  await makeProject(project);
  for (const { system, arch } of PACKAGES) folders.set(system, await pack(project, system, arch));
}, 180_000);
afterAll(() => rmSync(place, { recursive: true }));

describe.each(PACKAGES)('the package for $system on $arch', ({ system, resources, program, binding }) => {
  const archive = () => inPackage(system, resources, 'app.asar');

  test('holds what runs, its licences, the database for this system, and nothing else', () => {
    const files = listPackage(archive(), { isPack: false }).map((path) => path.replaceAll('\\', '/'));
    expect([...new Set(files.filter((path) => !path.startsWith(DATABASE)).map(withoutHash))]).toEqual([
      '/LICENSE',
      '/out',
      '/out/desktop',
      '/out/desktop/chunk-*.js',
      '/out/desktop/engine.js',
      '/out/desktop/icon.png',
      '/out/desktop/licenses.md',
      '/out/desktop/main.js',
      '/out/desktop/preload.cjs',
      '/out/desktop/reader-worker.js',
      '/out/desktop/sqlite-worker.js',
      '/out/desktop/tray.png',
      '/out/desktop/trayTemplate.png',
      '/out/desktop/trayTemplate@2x.png',
      '/out/renderer',
      '/out/renderer/assets',
      '/out/renderer/assets/index.js',
      '/out/renderer/index.html',
      '/package.json',
      '/node_modules',
    ]);
    const database = files.filter((path) => path.startsWith(DATABASE) && !path.startsWith(`${DATABASE}/lib/`));
    expect(database.map((path) => path.slice(DATABASE.length))).toEqual([
      '',
      '/LICENSE',
      '/lib',
      '/package.json',
      '/prebuilds',
      `/prebuilds/${binding}`,
    ]);
  });

  test('has the binding, and only it, beside the archive, where the system can load it', () => {
    const unpacked = readdirSync(`${archive()}.unpacked`, { recursive: true, withFileTypes: true });
    expect(unpacked.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([binding]);
  });

  test('starts with the shell, and tells nothing of how it was made', () => {
    const description = JSON.parse(String(extractFile(archive(), 'package.json')));
    expect(description).toMatchObject({ name: 'intermachine', type: 'module', main: 'out/desktop/main.js' });
    expect(description).not.toHaveProperty('devDependencies');
    expect(description).not.toHaveProperty('scripts');
  });

  test('refuses to be a plain Node, to be debugged, and to run code from beside its archive', async () => {
    const { version: _, strictlyRequireAllFuses: __, ...fuses } = await getCurrentFuseWire(inPackage(system, program));
    expect(fuses).toMatchObject({
      [FuseV1Options.RunAsNode]: FuseState.DISABLE,
      [FuseV1Options.EnableCookieEncryption]: FuseState.DISABLE,
      [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: FuseState.DISABLE,
      [FuseV1Options.EnableNodeCliInspectArguments]: FuseState.DISABLE,
      [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: FuseState.ENABLE,
      [FuseV1Options.OnlyLoadAppFromAsar]: FuseState.ENABLE,
      [FuseV1Options.GrantFileProtocolExtraPrivileges]: FuseState.DISABLE,
    });
  });
});

test('on macOS it asks for the local network in its own name, and permits no plain connections', () => {
  const contents = inPackage('mac', 'InterMachine.app/Contents');
  const plist = readFileSync(join(contents, 'Info.plist'), 'utf8').replace(/>\s+</g, '><');
  expect(plist).toMatch(/<key>NSLocalNetworkUsageDescription<\/key><string>InterMachine finds [^<]+<\/string>/);
  expect(plist).toContain('<key>NSBonjourServices</key><array><string>_intermachine._tcp</string></array>');
  expect(plist).toContain('<key>NSAllowsArbitraryLoads</key><false/>');
  expect(plist).toContain('<key>CFBundleIdentifier</key><string>io.intermachine.desktop</string>');
  expect(plist).toContain('<key>ElectronAsarIntegrity</key><dict><key>Resources/app.asar</key>');
  expect(readFileSync(join(contents, 'MacOS/InterMachine')).includes(SHARED_UUID)).toBe(false);
});

test('on Windows the program carries the hash of its archive', () => {
  const executable = readFileSync(inPackage('win', 'InterMachine.exe'), 'latin1');
  expect(executable).toContain(String.raw`"file":"resources\\app.asar","alg":"SHA256"`);
});
