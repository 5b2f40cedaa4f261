import type { Endpoint, Sighting } from '../../core/ports.ts';
import type { Link } from './mdns-links.ts';
import { TTL_SECONDS } from './mdns-records.ts';
import type { TxtContent } from './mdns-txt.ts';

/** Ways to one peer: it may sit on several networks with us, with several addresses on each. More are lies. */
const MAX_PATHS = 8;
/** Endpoints of one sighting; more would only be dialled in vain. */
const MAX_ENDPOINTS = 8;

/** Where packets of one peer came from, and the addresses that they named. */
interface Path {
  readonly source: string;
  readonly link: string;
  hosts: readonly string[];
  expiresAt: number;
}

/** What is known of one peer, put together from as many packets as it takes. */
export class Sighted {
  readonly instance: string;
  txt?: TxtContent;
  port?: number;
  host?: string;
  /** What the reader was told last, as text; missing while it knows nothing of this peer. */
  told?: string;
  /** Questions that were asked about what is missing, or to hear a peer again that may have left. */
  asked = 0;
  /** A goodbye that may be forged: unless the peer is heard again, it is gone. */
  doubted = false;
  /** How often we asked to hear it again before it expires. */
  refreshes = 0;
  /** Its incarnation before this one. */
  formerIncarnation?: number;
  twinsTold = false;
  readonly #paths = new Map<string, Path>();

  constructor(instance: string) {
    this.instance = instance;
  }

  /** Milliseconds of the clock. */
  get expiresAt(): number {
    return Math.max(...[...this.#paths.values()].map((path) => path.expiresAt));
  }

  get lost(): boolean {
    return this.#paths.size === 0;
  }

  get complete(): boolean {
    return this.txt !== undefined && this.port !== undefined;
  }

  /**
   * A packet from `source` spoke of this peer. The source comes first where it is one of the addresses that the peer names, as it was seen
   * to work; a peer that does not name it sits behind something that changes addresses, and knows better.
   */
  heard(source: string, link: Link, addresses: readonly string[], ttlSeconds: number, now: number): void {
    const key = `${link.key} ${source}`;
    const named = addresses.slice(0, MAX_ENDPOINTS).flatMap((address) => link.hostOf(address) ?? []);
    const seen = link.hostOfSource(source);
    const hosts = seen === undefined ? named : named.includes(seen) ? [seen, ...named] : [...named, seen];
    const path = this.#paths.get(key) ?? { source, link: link.name, hosts, expiresAt: 0 };
    if (addresses.length > 0) path.hosts = hosts;
    // Nobody is believed for longer than our own nodes ask to be: the others answer our questions anyway.
    path.expiresAt = now + Math.min(ttlSeconds, TTL_SECONDS) * 1_000;
    this.#paths.set(key, path);
    for (const oldest of this.#paths.keys()) {
      if (this.#paths.size <= MAX_PATHS) break;
      this.#paths.delete(oldest);
    }
    this.doubted = false;
    this.refreshes = 0;
  }

  /** Whether packets of this peer came from there before. */
  cameFrom(source: string): boolean {
    return [...this.#paths.values()].some((path) => path.source === source);
  }

  forgetBefore(now: number): void {
    for (const [key, path] of this.#paths) if (path.expiresAt <= now) this.#paths.delete(key);
  }

  /** It has to be heard again by then. */
  expireAt(deadline: number): void {
    for (const path of this.#paths.values()) path.expiresAt = deadline;
  }

  /** Undefined while something of it is missing. */
  sighting(): Sighting | undefined {
    const { txt, port } = this;
    if (!txt || port === undefined) return;
    const endpoints = this.#endpoints(port);
    if (endpoints.length === 0) return;
    const { node, name, incarnation, types } = txt;
    return {
      node,
      ...(name !== undefined && { name }),
      incarnation,
      ...(types !== undefined && { types }),
      endpoints,
      links: [...new Set([...this.#paths.values()].map((path) => path.link))],
      source: 'mdns',
    };
  }

  /**
   * IPv4 first, which every network carries, and within a family the newest way, since an older one may be an address that it has no more.
   * The order stands while the ways do.
   */
  #endpoints(port: number): Endpoint[] {
    const hosts = new Set([...this.#paths.values()].reverse().flatMap((path) => path.hosts));
    const sorted = [...hosts].sort((a, b) => rankOf(a) - rankOf(b));
    return sorted.slice(0, MAX_ENDPOINTS).map((host) => ({ host, port }));
  }
}

const rankOf = (host: string): number => (host.includes('%') ? 2 : host.includes(':') ? 1 : 0);
