import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CLOSE } from '../main/core/close-codes.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const protocol = read('docs/protocol.md');

test('every error code is explained in docs/protocol.md, and none that does not exist', () => {
  const inCode = [...read('shared/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
  const explained = protocol.slice(protocol.indexOf('## Error codes')).matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g);
  expect([...new Set([...explained].map(([, code]) => code))].sort()).toEqual([...inCode].sort());
});

test('every close code is explained in docs/protocol.md', () => {
  for (const code of Object.values(CLOSE)) expect(protocol).toMatch(new RegExp(`^\\|.*\\b${code}\\b`, 'm'));
});

test('every exit code is in the README', () => {
  const codes = [...read('main/cli/exit-codes.ts').matchAll(/^ {2}[A-Z_]+: (\d+),/gm)].map(([, code]) => code);
  expect(codes).toHaveLength(14);
  const sentence = read('README.md').match(/Exit codes: [^.]+\./)?.[0] ?? '';
  for (const code of codes) expect(sentence).toMatch(new RegExp(`\\b${code} `));
});

test('every option of `intermachine run` is in the README', () => {
  const options = [...read('main/cli/main.ts').matchAll(/\.option\(\s*'(--[\w-]+)/g)].map(([, option]) => option);
  expect(options.length).toBeGreaterThan(10);
  const readme = read('README.md');
  for (const option of options) expect(readme).toContain(option);
});

test('the optional packages that the lockfile names for each platform are all in it', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  expect(wanted.length).toBeGreaterThan(10);
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
});
