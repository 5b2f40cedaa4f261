import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SENTINEL } from './fuse-wire.ts';
import { machoOf } from './macho.ts';

export type System = 'linux' | 'mac' | 'win';

/** What electron-builder needs to see of an unpacked Electron: names, plists, and programs with a fuse wire. */
export async function makeFakeDist(directory: string, system: System): Promise<void> {
  const put = (path: string, content: string | Buffer) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content, { mode: 0o755 });
  };
  put('LICENSE', 'of Electron');
  put('LICENSES.chromium.html', 'of Chromium');
  put('version', '45.4.1');
  if (system !== 'mac') put('resources/README', 'what is not ours stays');
  if (system === 'linux') {
    put('electron', fuseWire());
    put('chrome-sandbox', '');
  } else if (system === 'win') {
    put('electron.exe', Buffer.concat([await emptyProgram(), fuseWire()]));
  } else {
    const contents = 'Electron.app/Contents';
    put(`${contents}/MacOS/Electron`, machoOf());
    put(`${contents}/Info.plist`, plistOf('Electron'));
    put(`${contents}/Resources/electron.icns`, '');
    put(`${contents}/Frameworks/Electron Framework.framework/Electron Framework`, fuseWire());
    for (const kind of ['', ' (GPU)', ' (Plugin)', ' (Renderer)']) {
      const helper = `${contents}/Frameworks/Electron Helper${kind}.app/Contents`;
      put(`${helper}/MacOS/Electron Helper${kind}`, '');
      put(`${helper}/Info.plist`, plistOf(`Electron Helper${kind}`));
    }
  }
}

/** As Electron has it in its binary: a sentinel, version 1, nine fuses, each at the value that Electron ships. */
function fuseWire(): Buffer {
  const states = '101100101';
  return Buffer.concat([Buffer.from(`....${SENTINEL}`), Buffer.from([1, states.length]), Buffer.from(`${states}....`)]);
}

/** A Windows program without any code, with the version resource that electron-builder writes into. */
async function emptyProgram(): Promise<Buffer> {
  const { NtExecutable, NtExecutableResource, Resource } = await import('resedit');
  const program = NtExecutable.createEmpty(false, false);
  const resources = NtExecutableResource.from(program);
  const version = Resource.VersionInfo.createEmpty();
  version.setStringValues({ lang: 1033, codepage: 1200 }, { ProductName: 'Electron' });
  version.outputToResourceEntries(resources.entries);
  resources.outputResource(program);
  return Buffer.from(program.generate());
}

const plistOf = (name: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>CFBundleExecutable</key><string>${name}</string>
<key>CFBundleIdentifier</key><string>com.github.Electron</string>
<key>CFBundleName</key><string>${name}</string>
<key>CFBundlePackageType</key><string>APPL</string>
<key>CFBundleIconFile</key><string>electron.icns</string>
</dict></plist>
`;
