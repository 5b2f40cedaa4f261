// npm run bench:registry: finding among 100,000 machines of 10,000 types. The bounds are those that the product promises.
import { isWanted } from '../../main/core/finding.ts';
import { Registry } from '../../main/core/registry.ts';
import { machineId } from '../../shared/ids.ts';
import { idOf } from '../support/world.ts';

const TYPES = 10_000;
const MACHINES_OF_EACH = 10;
const NODES = ['a', 'b', 'c', 'd', 'e'].map(idOf);

/** Microseconds: the best of several rounds, since whatever else runs can only slow a round down. */
function microseconds(times: number, work: (n: number) => void): number {
  const rounds = Array.from({ length: 5 }, () => {
    const from = performance.now();
    for (let n = 0; n < times; n++) work(n);
    return ((performance.now() - from) * 1000) / times;
  });
  return Math.min(...rounds);
}

const show = (what: string, found: number, took: number, bound: number) => {
  const verdict = took <= bound ? 'within' : 'ABOVE';
  console.log(
    `${what.padEnd(58)} ${String(found).padStart(6)} found  ${took.toFixed(1).padStart(9)} µs  ${verdict} ${bound} µs`,
  );
};

const self = idOf('a');
const registry = new Registry(self, () => true);
const from = performance.now();
for (let type = 0; type < TYPES; type++) {
  for (let n = 0; n < MACHINES_OF_EACH; n++) {
    registry.add(NODES[n % NODES.length] ?? self, {
      id: machineId(`Service_${type}_${n}`),
      type: `Service_${type}`,
      version: `1.${n}.0`,
      metadata: { line: String(n % 3) },
      healthy: true,
      running: true,
    });
  }
}
console.log(
  `Node ${process.version}: ${TYPES * MACHINES_OF_EACH} machines of ${TYPES} types, added in ${Math.round(performance.now() - from)} ms\n`,
);

const wanted = (machines: ReturnType<typeof registry.ofType>, options: Parameters<typeof isWanted>[1]) =>
  machines.filter((machine) => isWanted(machine, options, () => undefined)).length;

const byType = (n: number, options = {}) => wanted(registry.ofType(`Service_${(n * 7_919) % TYPES}`), options);
show('discoverByType', byType(1), microseconds(10_000, byType), 20);
const versions = { version: '>=1.5' };
show(
  'discoverByType with a range of versions',
  byType(1, versions),
  microseconds(2_000, (n) => byType(n, versions)),
  20,
);
for (const pattern of ['Service_77*', '*_4711', 'service_12?4', '*9*9*9*', 'Nothing_*']) {
  const byPattern = () => wanted(registry.ofPattern(pattern), {});
  show(`discoverByPattern ${pattern}`, byPattern(), microseconds(20, byPattern), 2_000);
}
