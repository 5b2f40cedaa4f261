import type { NodeId } from '../../shared/ids.ts';
import { MAX_EXCHANGED, type Timings } from './defaults.ts';
import type { Clock, Endpoint } from './ports.ts';
import type { PeersFrame, WireEndpoint } from './wire.ts';

/** Another node that we are connected to, as one that may be told about, and be told. */
export interface Acquaintance {
  readonly id: NodeId;
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

/**
 * Peers tell each other where else they are connected to, so that nodes find each other which no multicast joins: on two networks
 * with one node on both, or where addresses were written down. Only who is proven to us is told about, only who is proven is listened to,
 * and what is told is where to dial, never who is there.
 */
export class PeerExchange {
  readonly #parts: PeerExchangeParts;
  /** For each connected peer, whom it has to be told about. */
  readonly #untold = new Map<NodeId, Set<NodeId>>();
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
    for (const untold of this.#untold.values()) untold.add(id);
    this.#untold.set(id, new Set([...this.#untold.keys()].filter((other) => other !== id)));
    this.#later();
  }

  disconnected(id: NodeId): void {
    this.#untold.delete(id);
    for (const untold of this.#untold.values()) untold.delete(id);
  }

  /** `cameFrom` is the address of its line, which is where it listens unless something in between changes addresses. */
  heard(from: NodeId, cameFrom: string, { port, hosts, peers }: PeersFrame): void {
    const { isOn, said, told } = this.#parts;
    said(from, [{ host: cameFrom, port }, ...this.#dialable(hosts.map((host) => [host, port]))]);
    if (!isOn) return;
    for (const [id, endpoints] of peers) {
      // It knows: nobody has to tell it.
      this.#untold.get(from)?.delete(id);
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
    for (const [id, untold] of this.#untold) this.#tell(id, untold);
    if ([...this.#untold.values()].some((untold) => untold.size > 0)) this.#later();
  }

  #tell(id: NodeId, untold: Set<NodeId>): void {
    const { acquaintance, mayDial } = this.#parts;
    const to = acquaintance(id);
    const peers: PeersFrame['peers'][number][] = [];
    for (const other of untold) {
      if (peers.length === MAX_EXCHANGED) break;
      untold.delete(other);
      const about = acquaintance(other);
      if (!to || !about || seeEachOther(to, about)) continue;
      const endpoints = about.endpoints.filter(({ host }) => mayDial(host)).slice(0, MAX_TOLD_ENDPOINTS);
      if (endpoints.length > 0) peers.push([other, endpoints.map(({ host, port }): WireEndpoint => [host, port])]);
    }
    if (peers.length > 0) this.#send(id, peers);
  }

  #send(to: NodeId, peers: PeersFrame['peers']): void {
    this.#parts.send(to, { type: 'peers', ...this.#own, peers });
  }
}

/** Two whom we hear on one network hear each other there: on a plain LAN nothing has to be told. */
const seeEachOther = (one: Acquaintance, other: Acquaintance): boolean =>
  one.links.some((link) => other.links.includes(link));
