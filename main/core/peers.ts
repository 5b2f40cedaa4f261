import { type Actor, createActor } from 'xstate';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { Channel, type ChannelOwner, type Content } from './channel.ts';
import { CLOSE } from './close-codes.ts';
import { AWAY_AFTER_DIALS, type Limits, MAX_STRANGERS, type Timings, UNSTABLE_AFTER_BREAKS } from './defaults.ts';
import { Dials, type Lane } from './dials.ts';
import { Generations } from './generations.ts';
import type { Pairing } from './pairing.ts';
import type { PairingFrame } from './pairing-frames.ts';
import { endpointText, PeerAddresses } from './peer-addresses.ts';
import { type Acquaintance, type OwnPlace, PeerExchange } from './peer-exchange.ts';
import { peerMachine } from './peer-machine.ts';
import { Pending } from './pending.ts';
import type {
  Clock,
  Connection,
  ConnectionReader,
  DiscoveryReader,
  Endpoint,
  NodeRow,
  Sighting,
  Transport,
} from './ports.ts';
import type { Trust } from './trust.ts';
import type { Generation, Hello } from './wire.ts';

export type PeerState = 'alive' | 'suspect' | 'offline' | 'untrusted' | 'blocked';

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
  /** Its line opens and breaks again and again, so it is dialled again more slowly. */
  readonly unstable?: boolean;
}

/** What the directory of peers tells; handed over at birth. */
export interface PeersOwner {
  /** Something of a peer changed that people see. */
  changed(peer: PeerInfo): void;
  /** A channel to it is open; if there was one, this one took its place. */
  connected(peer: NodeId): void;
  /** It is in a network that this node left. */
  left(peer: PeerInfo): void;
  /** Whether it said goodbye: it will not be back by itself. */
  disconnected(peer: NodeId, hasLeft: boolean): void;
  /** A peer remembers a later start of this node than its store does. */
  incarnationRaised(incarnation: number): void;
  content(peer: NodeId, frame: Content): void;
  problem(message: string): void;
  /** Somebody knocked who is not let in, or went away again. */
  knocked(): void;
}

export interface PeersParts {
  readonly self: Pick<Hello, 'name' | 'incarnation' | 'namespace'>;
  readonly trust: Trust;
  readonly pairing: Pick<Pairing, 'intentFor' | 'greeted' | 'frame' | 'closed' | 'unreachable'>;
  readonly transport: Transport;
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly timings: Timings;
  readonly limits: Limits;
  /** Whether peers are told about each other. */
  readonly exchanges: boolean;
  /** Known from earlier runs. */
  readonly remembered: readonly NodeRow[];
  readonly owner: PeersOwner;
  /** Told whether a known peer is missing. */
  readonly seek: (missing: boolean) => void;
}

interface Peer {
  readonly id: NodeId;
  readonly life: Actor<typeof peerMachine>;
  readonly addresses: PeerAddresses;
  name: string;
  incarnation: number;
  /** Seen, told about or connected since this node started. */
  isMet: boolean;
  /** The networks on which it was sighted. */
  links: readonly string[];
  advertisedTypes: readonly string[];
  untrusted: boolean;
  problem: string | undefined;
  channel: Channel | undefined;
  /** Known, not connected, and dialled again and again. */
  isMissing: boolean;
  /** What was told last, so that nothing is told twice. */
  told: string;
}

/** An address that has no node is looked at for our own id this often at the most. */
const TWIN_EVERY_MS = 60_000;

/** Every peer that is known, and the one channel to each that can be reached. */
export class Peers implements DiscoveryReader, ChannelOwner {
  readonly #parts: PeersParts;
  readonly #peers = new Map<NodeId, Peer>();
  /** Never proven and not connected; the one sighted longest ago first. */
  readonly #strangers = new Set<NodeId>();
  readonly #dials: Dials;
  readonly #exchange: PeerExchange;
  /** Who was found at an address that somebody wrote down. */
  readonly #nodeAt = new Map<string, NodeId>();
  readonly #toldProblems = new Map<string, string>();
  readonly pending: Pending;
  #port: { readonly port?: number } = {};
  readonly #generations: Generations;
  #open = 0;
  #missing = 0;
  #twinDialledAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: PeersParts) {
    this.#parts = parts;
    const { clock, timings, limits, transport } = parts;
    this.pending = new Pending(clock);
    this.#generations = new Generations(parts.self.incarnation);
    this.#dials = new Dials(clock, limits);
    this.#exchange = new PeerExchange({
      clock,
      timings,
      isOn: parts.exchanges,
      send: (peer, frame) => this.#peers.get(peer)?.channel?.send(frame),
      acquaintance: (id) => this.#acquaintance(id),
      mayDial: (host) => transport.mayDial(host),
      said: (peer, endpoints) => this.#said(peer, endpoints),
      told: (about, endpoints) => this.#told(about, endpoints),
    });
    for (const row of parts.remembered) this.#peer(row.id, row);
  }

  /** Dials whom we know from earlier runs, whether anybody announces them or not. Peers are told where we listen. */
  start(own: OwnPlace): void {
    this.#port = { port: own.port };
    this.#exchange.start(own);
    for (const peer of this.#peers.values()) if (peer.addresses.all.length > 0) peer.life.send({ type: 'sighted' });
  }

  /** Takes a connection over from the transport. */
  readonly accept = (connection: Connection): ConnectionReader => {
    const { trust, pairing, clock, self, timings } = this.#parts;
    if (trust.isBlocked(connection.peer)) {
      connection.close(CLOSE.notTrusted, 'not let in');
      return { frame: () => {}, closed: () => {} };
    }
    const { incarnation } = this.#generations;
    return new Channel({
      connection,
      door: trust,
      clock,
      timings,
      // Where we listen, for whoever is found by its knock alone.
      self: { ...self, incarnation, ...this.#port },
      owner: this,
      pair: pairing.intentFor(connection.peer),
    });
  };

  list(): readonly PeerInfo[] {
    return [...this.#peers.values()].map((peer) => this.#info(peer));
  }

  get(id: NodeId): PeerInfo | undefined {
    const peer = this.#peers.get(id);
    return peer && this.#info(peer);
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

  /** Ids of the peers to which a channel is open. */
  connected(): readonly NodeId[] {
    return [...this.#peers.values()].flatMap(({ id, channel }) => (channel ? [id] : []));
  }

  /** Where a peer was reached before, or says that it can be: worth remembering. */
  reachedAt(id: NodeId): readonly Endpoint[] {
    return this.#peers.get(id)?.addresses.reached ?? [];
  }

  // ---- Trust

  /** Whether it was let in before, in this run or an earlier one. */
  isKnown(id: NodeId): boolean {
    return (this.#peers.get(id)?.incarnation ?? 0) > 0;
  }

  /** Other nodes that are in, or were and did not lose it. */
  members(): number {
    return [...this.#peers.values()].filter((peer) => this.#isMember(peer)).length;
  }

  /** Open channels, and which of our keys each peer has. */
  provenKeys(): ReadonlyMap<NodeId, ReadonlySet<string>> {
    return new Map([...this.#peers].flatMap(([id, { channel }]) => (channel ? [[id, channel.provenKeys]] : [])));
  }

  hasKey(id: NodeId, keyId: string): void {
    this.#peers.get(id)?.channel?.hasKey(keyId);
  }

  /** Who may be in is another question now: whoever may not is cut at once, and whoever may is asked again. */
  judgeAgain(): void {
    for (const peer of this.#peers.values()) {
      const { channel } = peer;
      if (channel && !this.#parts.trust.admits(peer.id, channel.provenKeys))
        channel.cut(CLOSE.notTrusted, 'not let in any more');
      else if (!channel && peer.untrusted) peer.life.send({ type: 'sighted' });
      this.#tell(peer);
    }
  }

  /** We are in another network: those of the one before are strangers until they prove otherwise. */
  leaveAll(): void {
    for (const peer of this.#peers.values()) {
      if (peer.incarnation === 0 || this.#parts.trust.trusts(peer.id)) continue;
      // As if it had never been in: whoever is asked, in this run or the next one, counts it for a stranger.
      peer.incarnation = 0;
      if (!peer.channel) peer.untrusted = true;
      this.#parts.owner.left(this.#info(peer));
    }
  }

  /** Dials a node that is not let in, for a person wants to pair with it. */
  reach(id: NodeId): void {
    const addresses = this.#peers.get(id)?.addresses.all ?? [];
    const endpoints = addresses.length > 0 ? addresses : (this.pending.get(id)?.endpoints ?? []);
    this.#dials.add(`pairing with ${id}`, 'known', async () => {
      try {
        await this.#parts.transport.dial({ node: id, endpoints }, this.accept);
      } catch (thrown) {
        this.#parts.pairing.unreachable(id, reasonOf(thrown));
      }
    });
  }

  /** Paired: from here on it is a peer like any other. */
  meet(id: NodeId, name: string): void {
    const endpoints = this.pending.get(id)?.endpoints ?? [];
    this.pending.forget(id);
    const peer = this.#peer(id);
    peer.addresses.toldAt(endpoints);
    peer.name ||= name;
    this.#sighted(peer);
  }

  /** It will never return: it is dialled no more. Should it come all the same, it is new here. */
  forget(id: NodeId): void {
    const peer = this.#peers.get(id);
    if (!peer || peer.channel) return;
    this.#forget(peer);
    if (peer.isMissing && --this.#missing === 0) this.#parts.seek(false);
  }

  stop(): void {
    this.#stopped = true;
    this.#dials.stop();
    this.#exchange.stop();
    for (const { life } of this.#peers.values()) life.stop();
  }

  // ---- DiscoveryReader

  seen(sighting: Sighting): void {
    if (this.#stopped) return;
    const { node, endpoints } = sighting;
    if (node === undefined) return this.#seenAddress(endpoints);
    if (node === this.#parts.trust.node) return this.#seenTwin(endpoints);
    const peer = this.#peer(node);
    // What an open channel proved is not changed by what anybody may announce.
    if (!peer.channel) peer.name = sighting.name ?? peer.name;
    peer.addresses.sightedAt(endpoints);
    peer.links = sighting.links ?? [];
    peer.advertisedTypes = sighting.types ?? peer.advertisedTypes;
    this.#sighted(peer);
  }

  /** Only a hint: anybody can forge it. The channel knows better. */
  gone(node: NodeId, reason: 'goodbye' | 'expired'): void {
    const peer = this.#peers.get(node);
    if (!peer) return;
    peer.advertisedTypes = [];
    peer.links = [];
    peer.addresses.unsighted();
    // Nobody whom nobody sees: whoever announces ten thousand must not fill the list that people read.
    if (peer.incarnation === 0 && !peer.channel && peer.addresses.all.length === 0) return this.#forget(peer);
    // Somebody we know, who was not heard for long, is looked for where it was before.
    if (!peer.channel && (reason === 'goodbye' || peer.incarnation === 0)) peer.life.send({ type: 'left' });
  }

  networkChanged(): void {
    if (this.#stopped) return;
    for (const peer of this.#peers.values()) peer.life.send({ type: 'retry' });
  }

  problem(message: string): void {
    this.#parts.owner.problem(message);
  }

  #sighted(peer: Peer): void {
    peer.isMet = true;
    if (this.#strangers.delete(peer.id)) this.#strangers.add(peer.id);
    // It may wait for its turn behind others, since it was away.
    this.#dials.move(peer.id, peer.incarnation === 0 ? 'stranger' : 'known');
    peer.life.send({ type: 'sighted' });
    this.#tell(peer);
  }

  /** A peer says where it can be reached itself. */
  #said(id: NodeId, endpoints: readonly Endpoint[]): void {
    const peer = this.#peer(id);
    peer.addresses.saidAt(endpoints);
    this.#tell(peer);
  }

  /** A peer tells where another one is. */
  #told(about: NodeId, endpoints: readonly Endpoint[]): void {
    if (about === this.#parts.trust.node) return;
    const peer = this.#peer(about);
    if (peer.channel) return;
    const before = peer.addresses.all.map(endpointText);
    peer.addresses.toldAt(endpoints);
    if (peer.addresses.all.some((each) => !before.includes(endpointText(each)))) this.#sighted(peer);
  }

  /** An address without an id: dialled each time it is told, unless whoever was found there is connected. */
  #seenAddress(endpoints: readonly Endpoint[]): void {
    const address = endpoints.map(endpointText).join();
    const found = this.#nodeAt.get(address);
    if (found && this.#peers.get(found)?.channel) return;
    this.#dials.add(address, 'known', async () => {
      try {
        await this.#parts.transport.dial({ endpoints }, (connection) => {
          this.#nodeAt.set(address, connection.peer);
          if (!this.#peers.get(connection.peer)?.channel) return this.accept(connection);
          // It was reached by another address already.
          connection.close(CLOSE.duplicate, 'another connection stays');
          return { frame: () => {}, closed: () => {} };
        });
        this.#toldProblems.delete(address);
      } catch (thrown) {
        // One list of addresses for all nodes has our own in it too.
        if (codeOf(thrown) !== 'DIALLED_SELF')
          this.#problemOnce(address, `${address} cannot be reached: ${reasonOf(thrown)}`);
      }
    });
  }

  /** Somebody announces our id. Anybody can; whether it has our identity, it has to prove. */
  #seenTwin(endpoints: readonly Endpoint[]): void {
    const { clock, trust, transport } = this.#parts;
    if (clock.now() - this.#twinDialledAt < TWIN_EVERY_MS) return;
    this.#twinDialledAt = clock.now();
    this.#dials.add('twin', 'stranger', async () => {
      try {
        await transport.dial({ node: trust.node, endpoints }, this.accept);
      } catch (thrown) {
        if (codeOf(thrown) === 'IDENTITY_COPIED') this.#problemOnce('twin', reasonOf(thrown));
      }
    });
  }

  /** What stays as it is is told again only when it becomes another problem. */
  #problemOnce(about: string, message: string): void {
    if (this.#stopped || this.#toldProblems.get(about) === message) return;
    this.#toldProblems.set(about, message);
    this.problem(message);
  }

  // ---- ChannelOwner

  proven(channel: Channel, hello: Hello): void {
    if (this.#stopped) return channel.close(CLOSE.leaving, 'leaving');
    const peer = this.#peer(channel.peer);
    if (peer.channel && hello.incarnation < peer.incarnation) return this.#displace(peer, channel, hello);
    const isChosenHere = this.#parts.trust.node < peer.id;
    if (isChosenHere && hello.incarnation === peer.incarnation && this.#isSpeaking(peer.channel))
      return channel.close(CLOSE.duplicate, 'another connection is open, and speaks');
    Object.assign(peer, {
      name: hello.name,
      incarnation: hello.incarnation,
      untrusted: false,
      problem: undefined,
      isMet: true,
    });
    this.#strangers.delete(peer.id);
    this.pending.forget(peer.id);
    if (!isChosenHere) return;
    channel.welcome(this.#generations.next());
    this.#adopt(peer, channel, CLOSE.duplicate);
  }

  /**
   * Both dial at the same time: taking over would lose what the first line carries by now. One on which nothing is heard may be broken, and the second
   * is there because the peer knows that already.
   */
  #isSpeaking(channel: Channel | undefined): boolean {
    return channel !== undefined && channel.silenceMs < this.#parts.timings.silenceMs / 2;
  }

  stranger(channel: Channel, { name, port }: Hello): void {
    if (this.#stopped) return;
    const { host } = channel.remote;
    const isNew = this.pending.knocked(channel.peer, name, port === undefined ? [] : [{ host, port }]);
    if (isNew) this.#parts.owner.knocked();
  }

  pairing(channel: Channel, hello: Hello): void {
    this.#parts.pairing.greeted(channel, hello);
  }

  pairingFrame(channel: Channel, frame: PairingFrame): void {
    this.#parts.pairing.frame(channel, frame);
  }

  welcomed(channel: Channel, generation: Generation): void {
    const known = this.#generations.take(channel.peer, generation);
    if (known) return channel.behind(known[0]);
    channel.open();
    this.#adopt(this.#peer(channel.peer), channel, CLOSE.superseded);
  }

  /** This node was put back from a backup, and its clock too: the peer remembers a later start of it. */
  isBehind(channel: Channel, incarnation: number): void {
    const peer = this.#peer(channel.peer);
    if (peer.channel !== channel) return;
    this.#generations.raise(incarnation);
    this.#parts.owner.incarnationRaised(this.#generations.incarnation);
    channel.welcome(this.#generations.next());
    this.#adopt(peer, channel, CLOSE.duplicate);
  }

  content(channel: Channel, frame: Content): void {
    if (this.#peers.get(channel.peer)?.channel !== channel) return;
    if (frame.type === 'peers') this.#exchange.heard(channel.peer, channel.remote.host, frame);
    else this.#parts.owner.content(channel.peer, frame);
  }

  closed(channel: Channel, code: number, reason: string): void {
    if (this.#stopped) return;
    if (channel.isForPairing) return this.#parts.pairing.closed(channel, code, reason);
    if (code === CLOSE.self) return;
    // Whoever came by itself and was not let in is nobody's peer.
    const isWorthTelling = code === CLOSE.otherVersion || code === CLOSE.otherNamespace;
    if (!channel.dialled && !isWorthTelling && !this.#peers.has(channel.peer)) return;
    const peer = this.#peer(channel.peer);
    if (peer.channel && peer.channel !== channel) return;
    const wasOpen = peer.channel === channel;
    peer.channel = undefined;
    if (wasOpen) {
      this.#open--;
      this.#exchange.disconnected(peer.id);
      this.#parts.owner.disconnected(peer.id, code === CLOSE.leaving);
    }
    if (isRefusal(code)) {
      peer.untrusted = true;
      peer.problem = reason;
      peer.life.send({ type: 'distrusted' });
    } else if (code === CLOSE.displaced) {
      peer.problem = reason;
      this.#problemOnce(
        `displaced by ${peer.id}`,
        `node ${peer.id} is connected to another node with our id: ${COPIED}`,
      );
      peer.life.send({ type: 'displaced' });
    } else if (code === CLOSE.leaving) peer.life.send({ type: 'left' });
    else if (wasOpen) peer.life.send({ type: 'lost', silenceMs: channel.silenceMs });
    // One that came to us and gave up, as it was faster by another way, says nothing about our own dial.
    else if (channel.dialled) peer.life.send({ type: 'dialFailed' });
    this.#tell(peer);
  }

  /** An incarnation only grows: this is another node with the same id, started before the one that is connected. Both would take the line from each other for ever. */
  #displace(peer: Peer, channel: Channel, { name, incarnation }: Hello): void {
    this.#problemOnce(
      `two of ${peer.id}`,
      `Two nodes run with the same id ${peer.id}, "${peer.name}" (started later, connected) and "${name}" at ${channel.remote.host} ` +
        `(incarnations ${peer.incarnation} and ${incarnation}): ${COPIED}`,
    );
    channel.close(CLOSE.displaced, 'another node with this id, started later, is connected');
  }

  #adopt(peer: Peer, channel: Channel, codeForOld: number): void {
    const old = peer.channel;
    peer.channel = channel;
    // Where we dialled is where it listens; where it dialled from is not.
    if (channel.dialled) peer.addresses.reachedAt(channel.remote);
    if (old !== channel) old?.close(codeForOld, 'another connection took over');
    if (old) this.#parts.owner.disconnected(peer.id, false);
    else this.#open++;
    peer.life.send({ type: 'opened' });
    this.#parts.owner.connected(peer.id);
    this.#exchange.connected(peer.id);
    this.#tell(peer);
  }

  // ---- Dialling

  #dial(peer: Peer): void {
    this.#dials.add(peer.id, laneOf(peer), async () => {
      if (peer.channel || this.#stopped || this.#peers.get(peer.id) !== peer) return;
      if (this.#parts.trust.isBlocked(peer.id)) return peer.life.send({ type: 'distrusted' });
      try {
        this.#assertRoom();
        await this.#parts.transport.dial({ node: peer.id, endpoints: peer.addresses.all }, this.accept);
      } catch (thrown) {
        if (this.#stopped || this.#peers.get(peer.id) !== peer) return;
        peer.problem = reasonOf(thrown);
        peer.life.send({ type: 'dialFailed' });
        this.#tell(peer);
      }
    });
  }

  #assertRoom(): void {
    const { connections } = this.#parts.limits;
    if (this.#open < connections) return;
    throw new InterMachineError(
      'DIAL_FAILED',
      `All ${connections} connections that this node may have are open: raise the limit, or use namespaces to part the network`,
    );
  }

  // ---- The table

  #peer(id: NodeId, remembered?: NodeRow): Peer {
    const known = this.#peers.get(id);
    if (known) return known;
    const { trust, clock, random, timings } = this.#parts;
    const input = {
      dialsFirst: trust.node < id,
      isKnown: remembered !== undefined,
      timings,
      dial: () => this.#dial(peer),
      random,
    };
    const life = createActor(peerMachine, { clock, input });
    const peer: Peer = {
      id,
      life,
      addresses: new PeerAddresses(remembered?.endpoints),
      name: remembered?.name ?? '',
      incarnation: remembered?.incarnation ?? 0,
      isMet: false,
      links: [],
      advertisedTypes: [],
      untrusted: false,
      problem: undefined,
      channel: undefined,
      isMissing: false,
      told: '',
    };
    this.#peers.set(id, peer);
    if (!remembered) this.#strangers.add(id);
    this.#forgetStrangers();
    life.subscribe({ next: () => this.#tell(peer), error: (error) => this.problem(`peer ${id}: ${reasonOf(error)}`) });
    life.start();
    return peer;
  }

  #forgetStrangers(): void {
    for (const id of this.#strangers) {
      if (this.#strangers.size <= MAX_STRANGERS) return;
      this.#strangers.delete(id);
      this.#peers.get(id)?.life.stop();
      this.#peers.delete(id);
    }
  }

  #acquaintance(id: NodeId): Acquaintance | undefined {
    const peer = this.#peers.get(id);
    if (!peer?.channel) return undefined;
    const { links, addresses } = peer;
    return {
      links,
      get endpoints() {
        return addresses.all;
      },
    };
  }

  #tell(peer: Peer): void {
    if (this.#stopped) return;
    this.#countMissing(peer);
    const { roundTripMs: _, ...info } = this.#info(peer);
    const text = JSON.stringify(info);
    // Seen and not yet spoken to is nothing that anybody could act on.
    const isNews =
      peer.told !== '' ||
      peer.life.getSnapshot().value.presence !== 'offline' ||
      peer.untrusted ||
      peer.problem !== undefined;
    if (!isNews || text === peer.told) return;
    peer.told = text;
    this.#parts.owner.changed(this.#info(peer));
  }

  #isMember(peer: Peer): boolean {
    return peer.incarnation > 0 && !peer.untrusted && !this.#parts.trust.isBlocked(peer.id);
  }

  #forget(peer: Peer): void {
    peer.life.stop();
    this.#strangers.delete(peer.id);
    this.#peers.delete(peer.id);
    this.#parts.owner.knocked();
  }

  #countMissing(peer: Peer): void {
    const { value, context } = peer.life.getSnapshot();
    const isSought = value.line === 'dialling' || value.line === 'waiting' || value.line === 'deferring';
    const isMissing = isSought && peer.incarnation > 0 && context.failures < AWAY_AFTER_DIALS;
    if (isMissing === peer.isMissing) return;
    peer.isMissing = isMissing;
    this.#missing += isMissing ? 1 : -1;
    if (this.#missing === (isMissing ? 1 : 0)) this.#parts.seek(isMissing);
  }

  #info(peer: Peer): PeerInfo {
    const { value, context } = peer.life.getSnapshot();
    const roundTripMs = peer.channel?.roundTripMs;
    const isOut = this.#parts.trust.isBlocked(peer.id) ? 'blocked' : peer.untrusted ? 'untrusted' : undefined;
    return {
      id: peer.id,
      name: peer.name,
      state: (!peer.channel && isOut) || value.presence,
      incarnation: peer.incarnation,
      endpoints: peer.addresses.all,
      advertisedTypes: peer.advertisedTypes,
      ...(roundTripMs !== undefined && { roundTripMs }),
      ...(peer.problem !== undefined && !peer.channel && { problem: peer.problem }),
      ...(context.breaks >= UNSTABLE_AFTER_BREAKS && { unstable: true }),
    };
  }
}

const COPIED =
  'a data directory was copied, and with it the identity. Stop one of them and give it a data directory of its own';

/** Somebody we know has the first turn while there is a reason to think that it is there. */
function laneOf({ incarnation, isMet, life }: Peer): Lane {
  if (incarnation === 0) return 'stranger';
  return isMet && life.getSnapshot().context.failures < AWAY_AFTER_DIALS ? 'known' : 'away';
}

const codeOf = (thrown: unknown): string => (thrown instanceof InterMachineError ? thrown.code : '');

/** The codes with which a peer is told, or tells, that it is not let in. */
const isRefusal = (code: number): boolean =>
  code === CLOSE.notTrusted || code === CLOSE.otherNamespace || code === CLOSE.otherVersion;
