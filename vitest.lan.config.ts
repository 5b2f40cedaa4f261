import { defineConfig, mergeConfig } from 'vitest/config';
import everyday from './vitest.config.ts';

/** All LAN tests, also those that take too long for every run; one file at a time, since they measure. */
export default mergeConfig(
  everyday,
  defineConfig({ test: { include: ['test/lan/**/*.slow.ts'], testTimeout: 180_000, fileParallelism: false } }),
);
