import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    reporters: ['default', './test/support/reporter.ts'],
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // Real clocks and real networks wait more than they work: two cores carry three files at a time.
    maxWorkers: 3,
    // A shared machine may stall for seconds under a real clock: there, and only there, a test gets a second try.
    retry: process.env.CI ? 1 : 0,
  },
});
