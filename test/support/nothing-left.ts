import { afterAll, expect, vi } from 'vitest';

/** What test files that share a process could leave to each other. */
const globals = () => ({
  environment: { ...process.env },
  // Of names that begin so, libraries keep what they want to have once in a process.
  names: Object.getOwnPropertyNames(globalThis).filter((name) => !name.startsWith('__')),
  stackTraceLimit: Error.stackTraceLimit,
  directory: process.cwd(),
  hasFakeTimers: vi.isFakeTimers(),
});

const before = globals();

/** After each file: whoever changes something global runs apart, see vitest.config.ts. */
afterAll(() => {
  expect(globals()).toEqual(before);
});
