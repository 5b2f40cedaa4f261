import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setMachoUuid } from './macho-uuid.js';

/**
 * Runs after the files are in place and before anything is signed. macOS remembers who may use the local network by the
 * program's UUID, which all applications of one Electron release share: a permission refused to one of them would be
 * refused to us. So ours gets its own (electron-builder#9158).
 * @param {import('electron-builder').AfterPackContext} context
 */
export async function afterPack({ electronPlatformName, appOutDir, packager }) {
  if (electronPlatformName !== 'darwin') return;
  const { productFilename: name, id } = packager.appInfo;
  const path = join(appOutDir, `${name}.app`, 'Contents', 'MacOS', name);
  const program = readFileSync(path);
  if (setMachoUuid(program, id) === 0) throw new Error(`${path} has no LC_UUID that could be changed`);
  writeFileSync(path, program);
}
