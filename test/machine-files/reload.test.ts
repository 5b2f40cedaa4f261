import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const run = fileURLToPath(new URL('reload-run.ts', import.meta.url));

/** Megabytes by which the process grew. */
const grownBy = (...args: readonly string[]): number => {
  const output = execFileSync(process.execPath, ['--expose-gc', run, ...args], { encoding: 'utf8' });
  return (JSON.parse(output) as { grown: number }).grown;
};

test('500 reloads of a module leave no more than 20 MB behind', () => {
  expect(grownBy()).toBeLessThan(20);
});
