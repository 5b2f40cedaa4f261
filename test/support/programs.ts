import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What tests start again and again, each in a process of its own, and its source below the root. */
export const PROGRAMS = {
  intermachine: 'main/bin.ts',
  'fault-node': 'test/faults/node-process.ts',
  'lan-node': 'test/lan/node-host.ts',
  'lan-discovery': 'test/lan/discovery-host.ts',
  'store-process': 'test/support/store/store-process.ts',
} as const;

/** Where they are bundled to: beside the dashboard's page, which they look for there, as the package does. */
export const PROGRAMS_PLACE = join(root, 'out/programs');

/**
 * The file to start. Where a run of tests has bundled it before (built-before.ts) it is one file, with 0.2 s of processor time to
 * start and stop a node; else its source, which is one of three hundred, with 0.6 s.
 */
export function programFile(program: keyof typeof PROGRAMS): string {
  const place = process.env.INTERMACHINE_TEST_PROGRAMS;
  return place ? join(place, `${program}.js`) : join(root, PROGRAMS[program]);
}
