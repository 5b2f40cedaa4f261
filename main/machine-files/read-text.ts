import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import type { FileProblem } from '../../shared/api.ts';
import { reasonOf } from '../../shared/errors.ts';
import { MAX_FILE_BYTES } from './limits.ts';
import { fileProblem } from './problems.ts';

export type ReadText = { readonly text: string } | { readonly problem: FileProblem };

/**
 * The text of a file that somebody else wrote. Whatever it is instead of a text file of modest size, it is told and not read:
 * a device would never end, a pipe never begin, and a link may lead anywhere.
 */
export async function readText(path: string): Promise<ReadText> {
  try {
    const target = await targetOf(path);
    if (typeof target !== 'string') return target;
    const handle = await open(target, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      return await readOpen(handle);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    return { problem: unreadable(thrown) };
  }
}

/** The file itself; a link only if it stays in its folder, as those of Kubernetes' mounted folders do. */
async function targetOf(path: string): Promise<string | { readonly problem: FileProblem }> {
  const stats = await lstat(path);
  if (!stats.isSymbolicLink()) {
    const problem = notPlain(stats);
    return problem ? { problem } : path;
  }
  const [target, folder] = await Promise.all([realpath(path), realpath(dirname(path))]);
  if (!target.startsWith(folder + sep))
    return { problem: fileProblem('is a link that leads out of its folder', 'Copy the file here instead.') };
  const problem = notPlain(await lstat(target));
  return problem ? { problem } : target;
}

async function readOpen(handle: FileHandle): Promise<ReadText> {
  // Asked again of what was opened: its name may stand for something else by now.
  const stats = await handle.stat();
  const problem = notPlain(stats);
  if (problem) return { problem };
  const bytes = Buffer.alloc(Math.min(stats.size, MAX_FILE_BYTES) + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length === bytes.length) break;
  }
  // It grew while it was read: whoever writes it will be done soon.
  if (length === bytes.length) return { problem: fileProblem(HALF_WRITTEN) };
  return decode(bytes.subarray(0, length));
}

const HALF_WRITTEN = 'is being written; it is read again when it is complete';

function notPlain(stats: Stats): FileProblem | undefined {
  if (stats.isDirectory()) return fileProblem('is a folder');
  if (!stats.isFile()) return fileProblem('is no ordinary file but a device, a pipe or a socket');
  if (stats.size > MAX_FILE_BYTES)
    return fileProblem(`takes ${grouped(stats.size)} bytes; ${grouped(MAX_FILE_BYTES)} are allowed`);
  return undefined;
}

function decode(bytes: Buffer): ReadText {
  const [first, second, third] = bytes;
  const save = 'Save it as UTF-8 without a byte order mark.';
  if (first === 0xef && second === 0xbb && third === 0xbf)
    return { problem: fileProblem('begins with a byte order mark', save) };
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || (bytes[0] && bytes[1] === 0))
    return { problem: fileProblem('is UTF-16', save) };
  if (bytes.length === 0) return { problem: fileProblem('is empty') };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const line = bytes.toString().split('\uFFFD', 1)[0]?.split('\n').length;
    return {
      problem: {
        ...fileProblem('holds bytes that are not UTF-8', 'Save it as UTF-8.'),
        ...(line !== undefined && { line, column: 1, length: 1 }),
      },
    };
  }
}

function unreadable(thrown: unknown): FileProblem {
  switch ((thrown as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return fileProblem('does not exist');
    case 'EACCES':
    case 'EPERM':
      return fileProblem('may not be read by the user that runs this node', 'Give that user the right to read it.');
    case 'ELOOP':
      return fileProblem('is a link that leads to itself');
    default:
      return fileProblem(`cannot be read: ${reasonOf(thrown)}`);
  }
}

const grouped = (count: number): string => count.toLocaleString('en');
