import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

// Every node that a test starts is the same sources: only the first one has to strip their types and compile them.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    globalSetup: './test/support/built-page.ts',
    reporters: ['default', './test/support/reporter.ts'],
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // Real clocks and real networks wait as long as they work: two cores carry four files at a time.
    maxWorkers: Math.max(4, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    // A shared machine may stall for seconds under a real clock: there, and only there, a test gets a second try.
    retry: process.env.CI ? 1 : 0,
  },
});
