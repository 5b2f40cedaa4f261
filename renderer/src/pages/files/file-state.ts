import type { FileProblem, FileView } from '../../../../shared/api.ts';

/** `stale`: what runs is what the file said before it was broken. */
export type FileState = 'running' | 'warned' | 'stale' | 'wrong';

export const errorsOf = ({ problems }: FileView): readonly FileProblem[] =>
  problems.filter(({ severity }) => severity === 'error');

export function fileState(file: FileView): FileState {
  if (errorsOf(file).length > 0) return file.machines.length > 0 ? 'stale' : 'wrong';
  return file.problems.length > 0 ? 'warned' : 'running';
}
