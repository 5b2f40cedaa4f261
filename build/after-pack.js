import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setMachoUuid } from './macho-uuid.ts';

/**
 * Runs after the files are in place and before anything is signed.
 * @param {import('electron-builder').AfterPackContext} context
 */
export async function afterPack({ electronPlatformName, appOutDir, packager }) {
  if (electronPlatformName !== 'darwin') return;
  const { productFilename: name, id } = packager.appInfo;
  const contents = join(appOutDir, `${name}.app`, 'Contents');
  giveOwnUuid(join(contents, 'MacOS', name), id);
  forbidPlainLoads(join(contents, 'Info.plist'));
}

/**
 * macOS remembers who may use the local network by the program's UUID, which all applications of one Electron release
 * share: a permission refused to one of them would be refused to us. So ours gets its own (electron-builder#9158).
 * @param {string} path
 * @param {string} id
 */
function giveOwnUuid(path, id) {
  const program = readFileSync(path);
  if (setMachoUuid(program, id) === 0) throw new Error(`${path} has no LC_UUID that could be changed`);
  writeFileSync(path, program);
}

/**
 * electron-builder permits unencrypted connections to everywhere, whatever `extendInfo` says. Nothing here makes one.
 * @param {string} path
 */
function forbidPlainLoads(path) {
  const plist = readFileSync(path, 'utf8');
  writeFileSync(path, plist.replace(/(<key>NSAllowsArbitraryLoads<\/key>\s*)<true\/>/, '$1<false/>'));
}
