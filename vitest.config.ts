import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

// Every node that a test starts is the same sources: only the first one has to strip their types and compile them.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

/** What the everyday run and that of the LAN share. */
export const COMMON = {
  environment: 'node',
  globalSetup: './test/support/built-before.ts',
  reporters: ['default', './test/support/reporter.ts'],
  testTimeout: 90_000,
  hookTimeout: 120_000,
  // A shared machine may stall for seconds under a real clock: there, and only there, a test gets a second try.
  retry: process.env.CI ? 1 : 0,
};

/**
 * Pure computation and simulated time: no sockets, processes, files or doubles, and nothing global is changed. These share processes,
 * and what they import is loaded once in each. The simulation of the delivery changes limits and stack traces while it runs.
 */
const PURE = [
  'test/core/!(delivery-simulation).test.ts',
  'test/adapters/discovery/{mdns-links,mdns-records,mdns-schedule,mdns-table,mdns-txt,static}.test.ts',
  'test/adapters/identity/{network-identity,network-key,pairing,spake2}.test.ts',
  'test/adapters/store/memory.test.ts',
  'test/adapters/transport/{memory,memory-network,refusal-log}.test.ts',
  'test/api/rpc.test.ts',
  'test/cli/text.test.ts',
  'test/electron/{after-pack,engine-options}.test.ts',
  'test/machine-files/cycles.test.ts',
  'test/network-config.test.ts',
  'test/registrator/simulated.test.ts',
  'test/renderer/{machine-rows,message-list,waits}.test.ts',
  'test/statechart/event-body.test.ts',
];

export default defineConfig({
  test: {
    ...COMMON,
    // Real clocks and real networks wait as long as they work: two cores carry four files at a time.
    maxWorkers: Math.max(4, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    // In the order of their names.
    projects: [
      {
        extends: true,
        test: {
          name: 'apart',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...PURE],
        },
      },
      {
        extends: true,
        test: {
          name: 'together',
          include: PURE,
          setupFiles: './test/support/nothing-left.ts',
          isolate: false,
        },
      },
    ],
  },
});
