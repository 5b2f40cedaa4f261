import { type Actor, createActor } from 'xstate';
import { reasonOf } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { Channel, type ChannelOwner, type Content } from './channel.ts';
import { CLOSE } from './close-codes.ts';
import { MAX_DIALS } from './defaults.ts';
import { peerMachine } from './peer-machine.ts';
import type {
  Clock,
  Connection,
  ConnectionReader,
  DiscoveryReader,
  Endpoint,
  Identity,
  NodeRow,
  Sighting,
  Transport,
} from './ports.ts';
import type { Generation, Hello } from './wire.ts';

export type PeerState = 'alive' | 'suspect' | 'offline' | 'untrusted';

/** Another node, as seen from here. */
export interface PeerInfo {
  readonly id: NodeId;
  readonly name: string;
  readonly state: PeerState;
  /** Grows at every start of the peer; 0 while it is not known. */
  readonly incarnation: number;
  readonly endpoints: readonly Endpoint[];
  /** As advertised, so before any trust; what it really hosts comes over the channel. */
  readonly advertisedTypes: readonly string[];
  /** Milliseconds there and back, of the last heartbeat. */
  readonly roundTripMs?: number;
  /** Why it cannot be reached or is not trusted. */
  readonly problem?: string;
}

/** What the directory of peers tells; handed over at birth. */
export interface PeersOwner {
  /** Something of a peer changed that people see. */
  changed(peer: PeerInfo): void;
  /** A channel to it is open; if there was one, this one took its place. */
  connected(peer: NodeId): void;
  /** Whether it said goodbye: it will not be back by itself. */
  disconnected(peer: NodeId, hasLeft: boolean): void;
  content(peer: NodeId, frame: Content): void;
  problem(message: string): void;
}

export interface PeersParts {
  readonly self: Pick<Hello, 'name' | 'incarnation' | 'namespace'>;
  readonly identity: Identity;
  readonly transport: Transport;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Known from earlier runs. */
  readonly remembered: readonly NodeRow[];
  readonly owner: PeersOwner;
  /** Told whether a known peer is missing. */
  readonly seek: (missing: boolean) => void;
}

interface Peer {
  readonly id: NodeId;
  readonly life: Actor<typeof peerMachine>;
  name: string;
  incarnation: number;
  endpoints: readonly Endpoint[];
  advertisedTypes: readonly string[];
  untrusted: boolean;
  problem: string | undefined;
  channel: Channel | undefined;
  generation: Generation;
  /** What was told last, so that nothing is told twice. */
  told: string;
}

/** Every peer that is known, and the one channel to each that can be reached. */
export class Peers implements DiscoveryReader, ChannelOwner {
  readonly #parts: PeersParts;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #dialQueue: (() => Promise<void>)[] = [];
  readonly #anonymousDials = new Set<string>();
  readonly #toldProblems = new Map<string, string>();
  #dials = 0;
  #welcomes = 0;
  #stopped = false;
  #missing = false;

  constructor(parts: PeersParts) {
    this.#parts = parts;
    for (const { id, name, incarnation, endpoints } of parts.remembered)
      Object.assign(this.#peer(id), { name, incarnation, endpoints });
  }

  /** Takes a connection over from the transport. */
  readonly accept = (connection: Connection): ConnectionReader => {
    const { identity, clock, self } = this.#parts;
    return new Channel({ connection, identity, clock, self, owner: this });
  };

  list(): readonly PeerInfo[] {
    return [...this.#peers.values()].map(infoOf);
  }

  get(id: NodeId): PeerInfo | undefined {
    const peer = this.#peers.get(id);
    return peer && infoOf(peer);
  }

  isAlive(id: NodeId): boolean {
    return this.#peers.get(id)?.channel !== undefined;
  }

  send(id: NodeId, frame: Content): void {
    this.#peers.get(id)?.channel?.send(frame);
  }

  /** What can be left out where the peer is behind with reading: returns whether it was sent. */
  offer(id: NodeId, frame: Content): boolean {
    const channel = this.#peers.get(id)?.channel;
    if (!channel || channel.isCongested) return false;
    channel.send(frame);
    return true;
  }

  /** Gives up the present channel; the peer is dialled again. */
  close(id: NodeId, code: number, reason: string): void {
    this.#peers.get(id)?.channel?.close(code, reason);
  }

  stop(): void {
    this.#stopped = true;
    for (const { life } of this.#peers.values()) life.stop();
  }

  // ---- DiscoveryReader

  seen(sighting: Sighting): void {
    if (this.#stopped) return;
    if (sighting.node === undefined) return this.#seenAddress(sighting.endpoints);
    if (sighting.node === this.#parts.identity.node) return;
    const peer = this.#peer(sighting.node);
    // What an open channel proved is not changed by what anybody may announce.
    if (!peer.channel) {
      peer.name = sighting.name ?? peer.name;
      if (sighting.endpoints.length > 0) peer.endpoints = sighting.endpoints;
    }
    peer.advertisedTypes = sighting.types ?? peer.advertisedTypes;
    peer.life.send({ type: 'sighted' });
    this.#tell(peer);
  }

  /** Only a hint: anybody can forge it. The channel knows better. */
  gone(node: NodeId): void {
    const peer = this.#peers.get(node);
    if (!peer) return;
    peer.advertisedTypes = [];
    if (!peer.channel) peer.life.send({ type: 'left' });
  }

  problem(message: string): void {
    this.#parts.owner.problem(message);
  }

  /** An address without an id: dialled unless a channel to it is open, each time it is told. */
  #seenAddress(endpoints: readonly Endpoint[]): void {
    const key = endpoints.map(endpointText).join();
    const isLinked = [...this.#peers.values()].some(
      (peer) =>
        peer.channel &&
        peer.endpoints.some((known) => endpoints.some((each) => endpointText(each) === endpointText(known))),
    );
    if (isLinked || this.#anonymousDials.has(key)) return;
    this.#anonymousDials.add(key);
    this.#enqueueDial(async () => {
      try {
        await this.#parts.transport.dial({ endpoints }, this.accept);
        this.#toldProblems.delete(key);
      } catch (thrown) {
        this.#problemOnce(key, reasonOf(thrown));
      } finally {
        this.#anonymousDials.delete(key);
      }
    });
  }

  /** An address that stays unreachable is told again only when the reason changes. */
  #problemOnce(address: string, reason: string): void {
    if (this.#stopped || this.#toldProblems.get(address) === reason) return;
    this.#toldProblems.set(address, reason);
    this.problem(`${address} cannot be reached: ${reason}`);
  }

  // ---- ChannelOwner

  proven(channel: Channel, hello: Hello): void {
    if (this.#stopped) return channel.close(CLOSE.leaving, 'leaving');
    const peer = this.#peer(channel.peer);
    Object.assign(peer, { name: hello.name, incarnation: hello.incarnation, untrusted: false, problem: undefined });
    if (this.#parts.identity.node > peer.id) return;
    channel.welcome([this.#parts.self.incarnation, ++this.#welcomes]);
    this.#adopt(peer, channel, CLOSE.duplicate);
  }

  welcomed(channel: Channel, generation: Generation): void {
    const peer = this.#peer(channel.peer);
    if (!isNewer(generation, peer.generation)) return channel.close(CLOSE.superseded, 'a newer connection is open');
    peer.generation = generation;
    channel.open();
    this.#adopt(peer, channel, CLOSE.superseded);
  }

  content(channel: Channel, frame: Content): void {
    if (this.#peers.get(channel.peer)?.channel === channel) this.#parts.owner.content(channel.peer, frame);
  }

  closed(channel: Channel, code: number, reason: string): void {
    if (this.#stopped) return;
    if (code === CLOSE.self) return;
    const peer = this.#peer(channel.peer);
    if (peer.channel && peer.channel !== channel) return;
    const wasOpen = peer.channel === channel;
    peer.channel = undefined;
    if (wasOpen) this.#parts.owner.disconnected(peer.id, code === CLOSE.leaving);
    if (isRefusal(code)) {
      peer.untrusted = true;
      peer.problem = reason;
      peer.life.send({ type: 'distrusted' });
    } else if (code === CLOSE.leaving) peer.life.send({ type: 'left' });
    else if (wasOpen) peer.life.send({ type: 'lost', silenceMs: channel.silenceMs });
    else peer.life.send({ type: 'dialFailed' });
    this.#tell(peer);
  }

  #adopt(peer: Peer, channel: Channel, codeForOld: number): void {
    const old = peer.channel;
    peer.channel = channel;
    // Where we dialled is where it listens; where it dialled from is not.
    if (channel.dialled)
      peer.endpoints = [
        channel.remote,
        ...peer.endpoints.filter((each) => endpointText(each) !== endpointText(channel.remote)),
      ];
    old?.close(codeForOld, 'another connection took over');
    if (old) this.#parts.owner.disconnected(peer.id, false);
    peer.life.send({ type: 'opened' });
    this.#parts.owner.connected(peer.id);
    this.#tell(peer);
  }

  // ---- Dialling

  #dial(peer: Peer): void {
    this.#enqueueDial(async () => {
      if (peer.channel) return;
      try {
        await this.#parts.transport.dial({ node: peer.id, endpoints: peer.endpoints }, this.accept);
      } catch (thrown) {
        if (this.#stopped) return;
        peer.problem = reasonOf(thrown);
        peer.life.send({ type: 'dialFailed' });
        this.#tell(peer);
      }
    });
  }

  #enqueueDial(dial: () => Promise<void>): void {
    this.#dialQueue.push(dial);
    this.#nextDial();
  }

  #nextDial(): void {
    if (this.#stopped || this.#dials >= MAX_DIALS) return;
    const dial = this.#dialQueue.shift();
    if (!dial) return;
    this.#dials++;
    void dial().finally(() => {
      this.#dials--;
      this.#nextDial();
    });
  }

  // ---- The table

  #peer(id: NodeId): Peer {
    const known = this.#peers.get(id);
    if (known) return known;
    const { identity, clock, random } = this.#parts;
    const input = { dialsFirst: identity.node < id, dial: () => this.#dial(peer), random };
    const life = createActor(peerMachine, { clock, input });
    const peer: Peer = {
      id,
      life,
      name: '',
      incarnation: 0,
      endpoints: [],
      advertisedTypes: [],
      untrusted: false,
      problem: undefined,
      channel: undefined,
      generation: [0, 0],
      told: '',
    };
    this.#peers.set(id, peer);
    life.subscribe({ next: () => this.#tell(peer), error: (error) => this.problem(`peer ${id}: ${reasonOf(error)}`) });
    life.start();
    return peer;
  }

  #tell(peer: Peer): void {
    if (this.#stopped) return;
    const { roundTripMs: _, ...info } = infoOf(peer);
    const text = JSON.stringify(info);
    // Seen and not yet spoken to is nothing that anybody could act on.
    const isNews =
      peer.told !== '' ||
      peer.life.getSnapshot().value.presence !== 'offline' ||
      peer.untrusted ||
      peer.problem !== undefined;
    if (!isNews || text === peer.told) return;
    peer.told = text;
    this.#parts.owner.changed(infoOf(peer));
    const missing = [...this.#peers.values()].some((each) => each.incarnation > 0 && !each.channel);
    if (missing !== this.#missing) {
      this.#missing = missing;
      this.#parts.seek(missing);
    }
  }
}

/** The codes with which a peer is told, or tells, that it is not let in. */
const isRefusal = (code: number): boolean =>
  code === CLOSE.notTrusted || code === CLOSE.otherNamespace || code === CLOSE.otherVersion;

const isNewer = ([incarnation, count]: Generation, [oldIncarnation, oldCount]: Generation): boolean =>
  incarnation > oldIncarnation || (incarnation === oldIncarnation && count > oldCount);

const endpointText = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function infoOf(peer: Peer): PeerInfo {
  const { presence } = peer.life.getSnapshot().value;
  const roundTripMs = peer.channel?.roundTripMs;
  return {
    id: peer.id,
    name: peer.name,
    state: peer.untrusted && !peer.channel ? 'untrusted' : presence,
    incarnation: peer.incarnation,
    endpoints: peer.endpoints,
    advertisedTypes: peer.advertisedTypes,
    ...(roundTripMs !== undefined && { roundTripMs }),
    ...(peer.problem !== undefined && !peer.channel && { problem: peer.problem }),
  };
}
