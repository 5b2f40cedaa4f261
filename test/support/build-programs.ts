// Bundles the programs that tests start, unless those that are there are newer than their sources.
import { join } from 'node:path';
import { isFresh } from '../../build/fresh.ts';
import { PROGRAMS, PROGRAMS_PLACE } from './programs.ts';

if (
  !isFresh(join(PROGRAMS_PLACE, 'intermachine.js'), ['main', 'shared', 'test', 'build/bundle.ts', 'package-lock.json'])
) {
  // Loaded only when there is something to do.
  const { build } = await import('vite');
  const { DATABASE_THREADS, nodeBundle } = await import('../../build/bundle.ts');
  await build(nodeBundle({ input: { ...PROGRAMS, ...DATABASE_THREADS }, outDir: PROGRAMS_PLACE }));
}
