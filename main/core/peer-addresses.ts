import { MAX_ENDPOINTS } from './defaults.ts';
import type { Endpoint } from './ports.ts';

/** Where one peer may be, by who says so. The first of each come first, so that no forged sighting keeps us from where it really is. */
export class PeerAddresses {
  /** Where it was reached, or said itself that it can be. Survives a restart. */
  #reached: readonly Endpoint[];
  #sighted: readonly Endpoint[] = [];
  /** What other peers tell. */
  #told: readonly Endpoint[] = [];
  #isSightedAnew = false;

  constructor(remembered: readonly Endpoint[] = []) {
    this.#reached = remembered;
  }

  get reached(): readonly Endpoint[] {
    return this.#reached;
  }

  /** Best first. */
  get all(): readonly Endpoint[] {
    const { reached, sighted, told } = { reached: this.#reached, sighted: this.#sighted, told: this.#told };
    const lists = this.#isSightedAnew ? [sighted, reached, told] : [reached, sighted, told];
    return unique([...lists.map((list) => list.slice(0, 1)), ...lists].flat());
  }

  sightedAt(endpoints: readonly Endpoint[]): void {
    if (endpoints.length === 0) return;
    this.#isSightedAnew = true;
    this.#sighted = endpoints;
  }

  unsighted(): void {
    this.#sighted = [];
  }

  reachedAt(endpoint: Endpoint): void {
    this.#isSightedAnew = false;
    this.#reached = unique([endpoint, ...this.#reached]);
  }

  /** By the peer itself. */
  saidAt(endpoints: readonly Endpoint[]): void {
    const [best] = this.#reached;
    this.#reached = unique([...(best ? [best] : []), ...endpoints, ...this.#reached]);
  }

  /** By somebody else. */
  toldAt(endpoints: readonly Endpoint[]): void {
    this.#told = endpoints;
  }
}

export const endpointText = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const unique = (endpoints: readonly Endpoint[]): readonly Endpoint[] =>
  [...new Map(endpoints.map((endpoint) => [endpointText(endpoint), endpoint])).values()].slice(0, MAX_ENDPOINTS);
