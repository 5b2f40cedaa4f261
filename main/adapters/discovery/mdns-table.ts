import type { Announcement, DiscoveryReader } from '../../core/ports.ts';
import type { Link } from './mdns-links.ts';
import type { HeardRecord } from './mdns-packet.ts';
import { INSTANCE, instanceOf, SERVICE } from './mdns-records.ts';
import { Sighted } from './mdns-sighted.ts';
import { decodeTxt, type TxtContent } from './mdns-txt.ts';

/** Peers remembered at most; then the one heard longest ago is forgotten (SECURITY: M5). */
export const MAX_PEERS = 1_000;
/** Questions before a peer that said goodbye, or that told only half, is given up; one per sweep (RFC 6762, 10.4). */
const MAX_QUESTIONS = 3;
/** After a change of the network a peer has this long to be heard again: the questions at 0, 1, 3 and 7 s, and an answer. */
const RECHECK_MS = 10_000;
/** Before it expires a peer is asked for at 80, 85, 90 and 95 % of its time (RFC 6762, 5.2). */
const REFRESH_WITHIN_MS = 24_000;
const REFRESH_EVERY_MS = 6_000;

/** What the table tells and asks for, besides what every reader of a discovery is told. */
export interface TableReader extends DiscoveryReader {
  /** Ask for everybody, or for what is missing of one instance. */
  ask(instance?: string): void;
  /** Somebody says goodbye in our name. */
  denied(): void;
}

type Self = Pick<Announcement, 'node' | 'namespace' | 'incarnation' | 'port'>;

/** What one packet says about one instance. */
interface Words {
  goodbye: boolean;
  /** Seconds; 0 where nothing but goodbyes was said. */
  ttl: number;
  port?: number;
  host?: string;
  txt?: TxtContent;
}

/**
 * Everybody who was heard and has not left: merges what packets say in pieces, and decides who is new, changed or gone.
 * It has no socket and no timer: packets come by `hear`, time by `sweep`. What it knows are hints; anybody on the link can forge them.
 */
export class PeerTable {
  readonly #own: string;
  readonly #self: Self;
  readonly #reader: TableReader;
  /** Whoever announces our id, if not we. */
  readonly #twin: Sighted;
  /** By instance, the one heard longest ago first. */
  readonly #peers = new Map<string, Sighted>();

  constructor(self: Self, reader: TableReader) {
    this.#own = instanceOf(self.node);
    this.#self = self;
    this.#reader = reader;
    this.#twin = new Sighted(this.#own);
  }

  get size(): number {
    return this.#peers.size;
  }

  /** A response came in from `source` over `link`. */
  hear(records: readonly HeardRecord[], source: string, link: Link, now: number): void {
    const addresses = addressesIn(records);
    const said = wordsIn(records);
    // A host that only tells new addresses belongs to the instance of the same label.
    for (const host of addresses.keys()) {
      const instance = host.replace(/\.local$/, `.${SERVICE}`);
      if (!said.has(instance) && this.#peers.get(instance)?.host === host)
        said.set(instance, { goodbye: false, ttl: Number.POSITIVE_INFINITY });
    }
    for (const [instance, words] of said) {
      if (instance === this.#own) {
        if (words.goodbye) this.#reader.denied();
        else if (this.#isTwin(words)) this.#hearTwin(words, source, link, addresses, now);
      } else if (words.txt && words.txt.namespace !== this.#self.namespace) {
        this.#drop(instance, 'expired');
      } else if (words.goodbye) {
        this.#partWith(instance, words, source);
      } else if (words.ttl > 0) {
        const peer = this.#peer(instance);
        this.#learn(peer, words);
        peer.heard(source, link, addresses.get(peer.host ?? '') ?? [], words.ttl, now);
        this.#tell(peer);
      }
    }
  }

  /** To be called every second: forgets who expired, asks again for who is about to, and for what is missing. */
  sweep(now: number): void {
    let everybody = false;
    for (const peer of [...this.#peers.values()]) {
      peer.forgetBefore(now);
      if (peer.lost) this.#drop(peer.instance, 'expired');
      else if (peer.doubted && peer.asked >= MAX_QUESTIONS) this.#drop(peer.instance, 'goodbye');
      else if (peer.doubted) {
        peer.asked++;
        everybody = true;
      } else if (!peer.complete && peer.asked < MAX_QUESTIONS) {
        peer.asked++;
        this.#reader.ask(peer.instance);
      } else {
        const due = Math.ceil((REFRESH_WITHIN_MS - (peer.expiresAt - now)) / REFRESH_EVERY_MS);
        if (due > peer.refreshes) {
          peer.refreshes = due;
          everybody = true;
        }
        this.#tell(peer);
      }
    }
    if (everybody) this.#reader.ask();
  }

  /** The network changed, or we slept: whoever is not heard again soon is gone, whatever its time to live. */
  recheck(now: number): void {
    for (const peer of this.#peers.values()) peer.expireAt(now + RECHECK_MS);
  }

  #peer(instance: string): Sighted {
    const known = this.#peers.get(instance);
    if (known) this.#peers.delete(instance);
    else if (this.#peers.size >= MAX_PEERS) this.#evict();
    const peer = known ?? new Sighted(instance);
    this.#peers.set(instance, peer);
    return peer;
  }

  /** Those that never told enough to be seen go first, so that half a flood pushes nobody out. */
  #evict(): void {
    const peers = [...this.#peers.values()];
    const victim = peers.find((peer) => peer.told === undefined) ?? peers[0];
    if (victim) this.#drop(victim.instance, 'expired');
  }

  #learn(peer: Sighted, words: Words): void {
    if (words.port !== undefined) peer.port = words.port;
    if (words.host !== undefined) peer.host = words.host;
    if (words.txt === undefined) return;
    // A label holds only a part of the id: in theory two nodes share it, in practice somebody lies.
    if (peer.told !== undefined && peer.txt && peer.txt.node !== words.txt.node) {
      delete peer.told;
      this.#reader.gone(peer.txt.node, 'expired');
    } else this.#watchForTwins(peer, words.txt);
    peer.txt = words.txt;
  }

  /** Our own words come back to us; these are of another start than ours. */
  #isTwin({ txt, port }: Words): boolean {
    const { node, incarnation, port: own } = this.#self;
    return txt?.node === node && port !== undefined && (txt.incarnation !== incarnation || port !== own);
  }

  /** A hint like any other, and the only one about ourselves: whoever dials it finds out whether it is true. */
  #hearTwin(words: Words, source: string, link: Link, addresses: ReadonlyMap<string, string[]>, now: number): void {
    this.#learn(this.#twin, words);
    this.#twin.heard(source, link, addresses.get(this.#twin.host ?? '') ?? [], words.ttl, now);
    this.#tell(this.#twin);
  }

  /** An incarnation only grows; one that comes back means that two nodes live with one id, or that somebody forges packets. */
  #watchForTwins(peer: Sighted, { node, name, incarnation }: TxtContent): void {
    const current = peer.txt?.incarnation;
    if (current === undefined || current === incarnation) return;
    if (incarnation === peer.formerIncarnation && !peer.twinsTold) {
      peer.twinsTold = true;
      this.#reader.problem(
        `Two nodes seem to run with the same id ${node} ("${name ?? ''}", incarnations ${current} and ${incarnation}): ` +
          'give one of them a data directory of its own',
      );
    }
    peer.formerIncarnation = current;
  }

  #partWith(instance: string, words: Words, source: string): void {
    const peer = this.#peers.get(instance);
    if (!peer) return;
    // A goodbye of this very incarnation, from where the node is, is believed. An older one may be late, another one may be forged.
    const believed =
      words.txt !== undefined && words.txt.incarnation === peer.txt?.incarnation && peer.cameFrom(source);
    if (believed || peer.told === undefined) this.#drop(instance, 'goodbye');
    else if (!peer.doubted) {
      peer.doubted = true;
      peer.asked = 1;
      this.#reader.ask();
    }
  }

  #tell(peer: Sighted): void {
    const sighting = peer.sighting();
    if (!sighting) return;
    const told = JSON.stringify([sighting, peer.txt?.revision]);
    if (told === peer.told) return;
    peer.told = told;
    this.#reader.seen(sighting);
  }

  #drop(instance: string, reason: 'goodbye' | 'expired'): void {
    const peer = this.#peers.get(instance);
    if (!peer) return;
    this.#peers.delete(instance);
    if (peer.told !== undefined && peer.txt) this.#reader.gone(peer.txt.node, reason);
  }
}

function addressesIn(records: readonly HeardRecord[]): Map<string, string[]> {
  const addresses = new Map<string, string[]>();
  for (const record of records) {
    if (record.type !== 'address' || record.ttl === 0) continue;
    addresses.set(record.name, [...(addresses.get(record.name) ?? []), record.address]);
  }
  return addresses;
}

/** What the records say, by instance. A record that breaks a rule is left out; other instances in the same packet stand. */
function wordsIn(records: readonly HeardRecord[]): Map<string, Words> {
  const said = new Map<string, Words>();
  for (const record of records) {
    const instance = record.type === 'PTR' && record.name === SERVICE ? record.target : record.name;
    if (record.type === 'address' || !INSTANCE.test(instance)) continue;
    const words = said.get(instance) ?? { goodbye: false, ttl: 0 };
    said.set(instance, words);
    if (record.type === 'PTR') words.goodbye ||= record.ttl === 0;
    words.ttl = Math.max(words.ttl, record.ttl);
    if (record.type === 'SRV' && record.ttl > 0 && record.port > 0 && record.target.endsWith('.local')) {
      words.port = record.port;
      words.host = record.target;
    }
    if (record.type === 'TXT') {
      const txt = decodeTxt(record.strings);
      if (txt && instanceOf(txt.node) === instance) words.txt = txt;
    }
  }
  return said;
}
