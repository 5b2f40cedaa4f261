import { stat } from 'node:fs/promises';

const WRITABLE_BY_OTHERS = 0o022;

/** Those of the directories in which other users of this computer may put files. Windows guards the profile directory by its own lists. */
export async function writableByOthers(directories: readonly string[]): Promise<readonly string[]> {
  if (process.platform === 'win32') return [];
  const modes = await Promise.all(directories.map((directory) => stat(directory).catch(() => undefined)));
  return directories.filter((_, at) => ((modes[at]?.mode ?? 0) & WRITABLE_BY_OTHERS) !== 0);
}
