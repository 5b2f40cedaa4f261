import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes longest, in the order in which it begins: what works beside what waits, so that neither cores nor workers stand still, and none of it is
 * left when all else is done. A file that is not named here takes 20 s at the most.
 */
const LONGEST = [
  'core/delivery-simulation',
  'lan/nodes',
  'network/slow-consumer',
  'faults/kill',
  'statechart/machine-page',
  'cli/run',
  'browser/dashboard',
  'renderer/accessible',
  'fuzz/fuzz',
  'lan/faults',
  'cli/running-node',
  'browser/pairing',
  'network/crowd',
  'package/package',
  'cli/machine-files',
  'door/door',
  'adapters/store/sqlite',
  'lan/mdns',
  'cli/trust',
  'registrator/processes',
  'renderer/pages',
  'renderer/messages',
  'renderer/trust',
].map((name) => `/test/${name}.test.ts`);

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = LONGEST.findIndex((name) => moduleId.endsWith(name));
  return place < 0 ? LONGEST.length : place;
};

/** Else a clean checkout, which remembers no durations, begins with the longest texts. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => placeOf(one) - placeOf(other));
  }
}
