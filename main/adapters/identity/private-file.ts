import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InterMachineError, reasonOf } from '../../../shared/errors.ts';

/** Bytes. A key takes a few hundred; whatever is longer was put there by mistake. */
const MAX_BYTES = 16 * 1024;
const OWNER_ONLY = 0o600;
const DIRECTORY_OWNER_ONLY = 0o700;
const ANYBODY_ELSE = 0o077;

/**
 * The text of a file that only its owner may read, made with `create` where there is none. Of several processes that
 * start at once, one makes it and all return that one text; one that is killed meanwhile leaves no half file behind.
 * `what` names the content in errors. Throws IDENTITY_INVALID, DATA_DIR_UNUSABLE.
 */
export async function readOrCreatePrivateFile(file: string, what: string, create: () => string): Promise<string> {
  const found = await readPrivateFile(file, what);
  if (found !== undefined) return found;
  await createPrivateFile(file, what, create());
  const made = await readPrivateFile(file, what);
  if (made === undefined) throw unusable(file, what, 'it vanished right after it was written, or is a broken link');
  return made;
}

/** Its text; `undefined` where there is none. Throws IDENTITY_INVALID, DATA_DIR_UNUSABLE. */
export async function readPrivateFile(file: string, what: string): Promise<string | undefined> {
  try {
    const status = await stat(file);
    // Asked first: to open a pipe would wait for ever.
    if (!status.isFile()) throw invalid(file, what, 'is not a file. Move it away');
    if (status.size > MAX_BYTES) throw invalid(file, what, 'is far too large for a key. Move it away');
    if (isOpenToOthers(status.mode))
      throw invalid(file, what, `can be read by other users of this computer. Run: chmod 600 '${file}'`);
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof InterMachineError) throw thrown;
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw unusable(file, what, reasonOf(thrown), thrown);
  }
}

/** Windows guards the profile directory by its own lists; the mode says nothing there. */
const isOpenToOthers = (mode: number) => process.platform !== 'win32' && (mode & ANYBODY_ELSE) !== 0;

/** Puts a new text in the place of the old one, whole or not at all. Throws DATA_DIR_UNUSABLE. */
export async function replacePrivateFile(file: string, what: string, text: string): Promise<void> {
  const draft = draftOf(file);
  try {
    await writeDurably(draft, text);
    await rename(draft, file);
    await syncDirectory(dirname(file));
  } catch (thrown) {
    await unlink(draft).catch(() => {});
    throw unusable(file, what, reasonOf(thrown), thrown);
  }
}

const draftOf = (file: string): string => `${file}.${randomBytes(6).toString('hex')}.new`;

/** Leaves the file alone if there is one by now. */
async function createPrivateFile(file: string, what: string, text: string): Promise<void> {
  const draft = draftOf(file);
  try {
    await mkdir(dirname(file), { recursive: true, mode: DIRECTORY_OWNER_ONLY });
    await writeDurably(draft, text);
    try {
      // Unlike a rename, a link never replaces what another process put there first.
      await link(draft, file);
    } finally {
      await unlink(draft);
    }
    await syncDirectory(dirname(file));
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw unusable(file, what, reasonOf(thrown), thrown);
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', OWNER_ONLY);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A power cut must not take the name of the file back. Windows cannot open directories, and needs no such thing. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const invalid = (file: string, what: string, problem: string) =>
  new InterMachineError('IDENTITY_INVALID', `The ${what} file ${file} ${problem}.`);

const unusable = (file: string, what: string, problem: string, cause?: unknown) =>
  new InterMachineError(
    'DATA_DIR_UNUSABLE',
    `The ${what} file ${file} cannot be used (${problem}). Check that its directory exists, is yours and has space.`,
    { cause },
  );

const codeOf = (thrown: unknown) =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
