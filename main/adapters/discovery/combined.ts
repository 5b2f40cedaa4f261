import { reasonOf } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import type { Announcement, Discovery, DiscoveryReader } from '../../core/ports.ts';
import { guarded } from './guarded-reader.ts';

/** Several discoveries as one. One that fails is reported and never stops another. */
export class CombinedDiscovery implements Discovery {
  readonly #discoveries: readonly Discovery[];
  #reader: DiscoveryReader | undefined;

  constructor(discoveries: readonly Discovery[]) {
    this.#discoveries = discoveries;
  }

  async start(self: Announcement, reader: DiscoveryReader): Promise<void> {
    this.#reader = guarded(reader, () => false);
    const seenBy = new Map<NodeId, Set<Discovery>>();
    await this.#all('started', async (discovery) => discovery.start(self, oneOfMany(reader, discovery, seenBy)));
  }

  announce(self: Announcement): void {
    void this.#all('told of a change', async (discovery) => discovery.announce(self));
  }

  seek(missing: boolean): void {
    void this.#all('told to look for nodes', async (discovery) => discovery.seek(missing));
  }

  async stop(): Promise<void> {
    await this.#all('stopped', async (discovery) => discovery.stop());
  }

  async #all(what: string, act: (discovery: Discovery) => Promise<void>): Promise<void> {
    const settled = await Promise.allSettled(this.#discoveries.map(act));
    settled.forEach((result, index) => {
      if (result.status === 'fulfilled') return;
      const name = this.#discoveries[index]?.constructor.name ?? 'a discovery';
      this.#reader?.problem(`${name} could not be ${what}: ${reasonOf(result.reason)}`);
    });
  }
}

/** A node is gone once nobody sees it any more. */
function oneOfMany(
  reader: DiscoveryReader,
  discovery: Discovery,
  seenBy: Map<NodeId, Set<Discovery>>,
): DiscoveryReader {
  return {
    seen(sighting) {
      if (sighting.node !== undefined) {
        const observers = seenBy.get(sighting.node) ?? new Set();
        seenBy.set(sighting.node, observers.add(discovery));
      }
      reader.seen(sighting);
    },
    gone(node, reason) {
      const observers = seenBy.get(node);
      if (!observers?.delete(discovery) || observers.size > 0) return;
      seenBy.delete(node);
      reader.gone(node, reason);
    },
    problem: (message) => reader.problem(message),
  };
}
