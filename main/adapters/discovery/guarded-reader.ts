import { reasonOf } from '../../../shared/errors.ts';
import type { DiscoveryReader } from '../../core/ports.ts';

/** A reader that hears nothing once `isClosed`, and whose own failures never reach the socket or timer that told it something. */
export function guarded(reader: DiscoveryReader, isClosed: () => boolean): DiscoveryReader {
  const tell = (call: () => void) => {
    if (isClosed()) return;
    try {
      call();
    } catch (error) {
      try {
        reader.problem(`What the discovery told was not taken: ${reasonOf(error)}`);
      } catch {
        // A reader that cannot even be told of its failure: nobody is left to tell.
      }
    }
  };
  return {
    seen: (sighting) => tell(() => reader.seen(sighting)),
    gone: (node, reason) => tell(() => reader.gone(node, reason)),
    networkChanged: () => tell(() => reader.networkChanged()),
    problem: (message) => tell(() => reader.problem(message)),
  };
}
