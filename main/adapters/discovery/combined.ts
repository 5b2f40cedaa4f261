import { reasonOf } from '../../../shared/errors.ts';
import type { NodeId } from '../../../shared/ids.ts';
import type { Announcement, Discovery, DiscoveryReader, Endpoint, Sighting } from '../../core/ports.ts';
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
    const seenBy: SeenBy = new Map();
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

/** A node as several discoveries see it, the first to see it first, and what was told of it last. */
interface Seen {
  readonly by: Map<Discovery, Sighting>;
  told: string;
}
type SeenBy = Map<NodeId, Seen>;

/** The first discovery to see a node has the word; endpoints and links of the others come behind. A node is gone once nobody sees it any more. */
function oneOfMany(reader: DiscoveryReader, discovery: Discovery, nodes: SeenBy): DiscoveryReader {
  const tell = (seen: Seen) => {
    const [first] = seen.by.values();
    if (!first) return;
    const all = [...seen.by.values()];
    const links = new Set(all.flatMap((each) => each.links ?? []));
    const sighting = { ...first, endpoints: unique(all.flatMap(({ endpoints }) => endpoints)), links: [...links] };
    const text = JSON.stringify(sighting);
    if (text === seen.told) return;
    seen.told = text;
    reader.seen(sighting);
  };
  return {
    seen(sighting) {
      if (sighting.node === undefined) return reader.seen(sighting);
      const seen = nodes.get(sighting.node) ?? { by: new Map(), told: '' };
      nodes.set(sighting.node, seen);
      seen.by.set(discovery, sighting);
      tell(seen);
    },
    gone(node, reason) {
      const seen = nodes.get(node);
      if (!seen?.by.delete(discovery)) return;
      if (seen.by.size > 0) return tell(seen);
      nodes.delete(node);
      reader.gone(node, reason);
    },
    networkChanged: () => reader.networkChanged(),
    problem: (message) => reader.problem(message),
  };
}

const unique = (endpoints: readonly Endpoint[]): readonly Endpoint[] => [
  ...new Map(endpoints.map((endpoint) => [`${endpoint.port} ${endpoint.host}`, endpoint])).values(),
];
