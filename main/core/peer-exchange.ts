import type { NodeId } from '../../shared/ids.ts';
import { MAX_EXCHANGED, MAX_EXCHANGED_AT_ONCE, type Timings } from './defaults.ts';
import type { Clock, Endpoint } from './ports.ts';
import type { PeersFrame, WireEndpoint } from './wire.ts';

/** Another node that we are connected to, as one that may be told about, and be told. */
export interface Acquaintance {
  /** Where it was reached or said that it can be, best first. */
  readonly endpoints: readonly Endpoint[];
  /** The networks on which discovery sees it. */
  readonly links: readonly string[];
}

export interface PeerExchangeParts {
  readonly clock: Clock;
  readonly timings: Timings;
  /** Whether we tell others about our peers, and listen to what they tell of theirs. */
  readonly isOn: boolean;
  readonly send: (peer: NodeId, frame: PeersFrame) => void;
  /** One that we are connected to. */
  readonly acquaintance: (id: NodeId) => Acquaintance | undefined;
  /** Whether an address that a peer told may be dialled (SECURITY: M4). */
  readonly mayDial: (host: string) => boolean;
  /** A peer says where it listens itself. */
  readonly said: (peer: NodeId, endpoints: readonly Endpoint[]) => void;
  /** A peer tells where another node is. A hint, as a sighting is. */
  readonly told: (about: NodeId, endpoints: readonly Endpoint[]) => void;
}

/** Where we listen: at the address that our lines come from, and at others that somebody wrote down. */
export interface OwnPlace {
  readonly port: number;
  readonly hosts: readonly string[];
}

/** Endpoints of one node that are told, and taken: its own addresses of both families, and one more network. */
const MAX_TOLD_ENDPOINTS = 4;

/** Where a connected peer stands in what there is to tell. */
interface Place {
  /** Peers are numbered in the order in which they connected. */
  readonly arrived: number;
  /** It was told of everybody who arrived up to here. */
  toldUpTo: number;
}

/** One peer, as others are told of it. */
interface News {
  readonly arrived: number;
  readonly entry: PeersFrame['peers'][number];
}

/**
 * Peers tell each other where else they are connected to, so that nodes find each other which no multicast joins: on two networks
 * with one node on both, or where addresses were written down. Only who is proven to us is told about, only who is proven is listened to,
 * and what is told is where to dial, never who is there.
 *
 * Of each peer only its place in one sequence is kept, so that a node with thousands of them keeps thousands of numbers, not millions.
 */
export class PeerExchange {
  readonly #parts: PeerExchangeParts;
  /** Connected peers, in the order in which they came. */
  readonly #places = new Map<NodeId, Place>();
  /** Who was not told everything the last time; whose turn it was not comes first. */
  #behind: readonly NodeId[] = [];
  #arrivals = 0;
  #own: OwnPlace = { port: 0, hosts: [] };
  #timer: unknown;
  #isWaiting = false;

  constructor(parts: PeerExchangeParts) {
    this.#parts = parts;
  }

  /** From now on our peers are told where we listen. */
  start(own: OwnPlace): void {
    this.#own = own;
  }

  stop(): void {
    this.#parts.clock.clearTimeout(this.#timer);
  }

  connected(id: NodeId): void {
    this.#send(id, []);
    if (!this.#parts.isOn) return;
    this.#places.delete(id);
    this.#places.set(id, { arrived: ++this.#arrivals, toldUpTo: 0 });
    this.#later();
  }

  disconnected(id: NodeId): void {
    this.#places.delete(id);
  }

  /** `cameFrom` is the address of its line, which is where it listens unless something in between changes addresses. */
  heard(from: NodeId, cameFrom: string, { port, hosts, peers }: PeersFrame): void {
    const { isOn, said, told } = this.#parts;
    said(from, [{ host: cameFrom, port }, ...this.#dialable(hosts.map((host) => [host, port]))]);
    if (!isOn) return;
    for (const [id, endpoints] of peers) {
      const dialable = this.#dialable(endpoints);
      if (dialable.length > 0) told(id, dialable);
    }
  }

  #dialable(endpoints: readonly WireEndpoint[]): Endpoint[] {
    const dialable = endpoints.filter(([host]) => this.#parts.mayDial(host)).slice(0, MAX_TOLD_ENDPOINTS);
    return dialable.map(([host, port]) => ({ host, port }));
  }

  #later(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const { clock, timings } = this.#parts;
    this.#timer = clock.setTimeout(() => this.#tellAll(), timings.exchangeMs);
  }

  #tellAll(): void {
    this.#isWaiting = false;
    const news = new Map<string, readonly News[]>();
    const [unserved, served]: [NodeId[], NodeId[]] = [[], []];
    let left = MAX_EXCHANGED_AT_ONCE;
    for (const id of new Set([...this.#behind, ...this.#places.keys()])) {
      const [place, to] = [this.#places.get(id), this.#parts.acquaintance(id)];
      if (!place || !to || place.toldUpTo === this.#arrivals) continue;
      // All who are on the same networks have the same to learn.
      const links = JSON.stringify(to.links);
      const all = news.get(links) ?? this.#newsFor(to);
      news.set(links, all);
      const from = firstAfter(place.toldUpTo, all);
      const told = all.slice(from, from + Math.min(left, MAX_EXCHANGED));
      left -= told.length;
      const isAll = from + told.length === all.length;
      place.toldUpTo = isAll ? this.#arrivals : (told.at(-1)?.arrived ?? place.toldUpTo);
      if (!isAll) (told.length === 0 ? unserved : served).push(id);
      const peers = told.map(({ entry }) => entry).filter(([about]) => about !== id);
      if (peers.length > 0) this.#send(id, peers);
    }
    this.#behind = [...unserved, ...served];
    if (this.#behind.length > 0) this.#later();
  }

  /** Whom somebody on these networks does not see there, in the order in which they came. */
  #newsFor(to: Acquaintance): News[] {
    const { acquaintance, mayDial } = this.#parts;
    return [...this.#places].flatMap(([id, { arrived }]) => {
      const about = acquaintance(id);
      if (!about || seeEachOther(to, about)) return [];
      const endpoints = about.endpoints.filter(({ host }) => mayDial(host)).slice(0, MAX_TOLD_ENDPOINTS);
      if (endpoints.length === 0) return [];
      return [{ arrived, entry: [id, endpoints.map(({ host, port }): WireEndpoint => [host, port])] as const }];
    });
  }

  #send(to: NodeId, peers: PeersFrame['peers']): void {
    this.#parts.send(to, { type: 'peers', ...this.#own, peers });
  }
}

/** Two whom we hear on one network hear each other there: on a plain LAN nothing has to be told. */
const seeEachOther = (one: Acquaintance, other: Acquaintance): boolean =>
  one.links.some((link) => other.links.includes(link));

/** Where in the sequence those begin who came after that one. */
function firstAfter(arrived: number, all: readonly News[]): number {
  let [from, to] = [0, all.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((all[middle]?.arrived ?? 0) <= arrived) from = middle + 1;
    else to = middle;
  }
  return from;
}
