import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleDesktop } from './bundle.ts';
import { makeFakeDist, type System } from './fake-dist.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILDER = join(ROOT, 'node_modules/electron-builder/cli.js');

const run = promisify(execFile);

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly devOptional?: boolean; readonly link?: boolean }>
  >;
}

/**
 * A project like this one, with its real dependencies and a real bundle, and with much that must not get into a package:
 * sources, tests, a development dependency, source maps.
 */
export async function makeProject(directory: string): Promise<void> {
  for (const file of [
    'package.json',
    'package-lock.json',
    'electron-builder.yml',
    'LICENSE',
    'README.md',
    'build',
    'test/electron',
    'preload',
    'main/electron',
  ])
    cpSync(join(ROOT, file), join(directory, file), { recursive: true });
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
  const shipped = Object.entries(packages).filter(
    ([path, { dev, devOptional, link }]) => path !== '' && !dev && !devOptional && !link,
  );
  for (const path of [
    ...shipped.map(([path]) => path),
    'node_modules/fast-check',
    'node_modules/electron/package.json',
  ])
    cpSync(join(ROOT, path), join(directory, path), { recursive: true });

  await bundleDesktop(join(directory, 'out/desktop'));
  const put = (path: string, content: string) => {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), content);
  };
  put('out/renderer/index.html', '<!doctype html><title>InterMachine</title>');
  put('out/renderer/assets/index.js', '// the page');
  put('out/renderer/assets/index.js.map', '{}');
  put('out/main/index.js', '// of the npm package');
  put('out/shared/ids.js', '// of the npm package');
}

/** `electron-builder --dir` on a made-up Electron. Answers the folder of the unpacked application. */
export async function pack(project: string, system: System, arch: 'x64' | 'arm64'): Promise<string> {
  const dist = join(project, `../dist-${system}`);
  await makeFakeDist(dist, system);
  const overrides = [
    `-c.electronDist=${dist}`,
    '-c.electronVersion=45.4.1',
    `-c.directories.output=${project}/../packed`,
  ];
  if (system === 'mac') overrides.push('-c.mac.identity=null');
  try {
    await run(process.execPath, [BUILDER, `--${system}`, `--${arch}`, '--dir', '--projectDir', project, ...overrides], {
      cwd: project,
      env: { ...process.env, CSC_IDENTITY_AUTO_DISCOVERY: 'false', DEBUG: '' },
    });
  } catch (thrown) {
    const { stdout, stderr } = thrown as { stdout: string; stderr: string };
    throw new Error(`electron-builder failed:\n${stdout}${stderr}`);
  }
  const suffix = arch === 'arm64' ? '-arm64' : '';
  const folder = { linux: `linux${suffix}-unpacked`, win: `win${suffix}-unpacked`, mac: `mac${suffix}` }[system];
  return join(project, '../packed', folder);
}
