import { defineConfig } from 'vitest/config';
import { COMMON } from './vitest.config.ts';

/** All LAN tests, also those that take too long for every run; one file at a time, since they measure. */
export default defineConfig({
  test: {
    ...COMMON,
    include: ['test/lan/**/*.{test,slow}.ts'],
    testTimeout: 180_000,
    fileParallelism: false,
  },
});
