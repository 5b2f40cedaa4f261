import { reasonOf } from '../../../shared/errors.ts';
import type { Announcement, Clock, DiscoveryReader } from '../../core/ports.ts';
import { guarded } from './guarded-reader.ts';
import type { Link, Voice } from './mdns-links.ts';
import { recordsOf } from './mdns-records.ts';
import { MdnsResponder } from './mdns-responder.ts';
import type { MulticastGroup } from './mdns-socket.ts';
import { PeerTable } from './mdns-table.ts';

/** How often the network is looked at; it takes 50 µs. */
const WATCH_MS = 1_000;
/** The wall clock and ours went apart by more, or a watch came later by more: we slept, and the network forgot us. */
const SLEPT_MS = 5_000;
/** Questions that the table asks for are not repeated within this. */
const MIN_QUESTION_GAP_MS = 500;

export interface MdnsRunOptions {
  readonly self: Announcement;
  readonly reader: DiscoveryReader;
  readonly clock: Clock;
  readonly group: MulticastGroup;
  readonly links: () => Link[];
}

/** mDNS from one start to its stop: our voices on every link of the host, as links come and go, and one table of who was heard. */
export class MdnsRun {
  readonly #clock: Clock;
  readonly #group: MulticastGroup;
  readonly #links: () => Link[];
  readonly #reader: DiscoveryReader;
  readonly #table: PeerTable;
  readonly #responders = new Map<string, MdnsResponder>();
  #self: Announcement;
  #restartQuestions: () => void = () => {};
  #watchTimer: unknown;
  #watchedAt = 0;
  #wallAt = 0;
  #alone = false;
  #closed = false;

  constructor({ self, reader, clock, group, links }: MdnsRunOptions) {
    this.#self = self;
    this.#reader = guarded(reader, () => this.#closed);
    this.#clock = clock;
    this.#group = group;
    this.#links = links;
    this.#table = new PeerTable(self, {
      ...this.#reader,
      ask: (instance) => (instance === undefined ? this.ask(MIN_QUESTION_GAP_MS) : this.#askFor(instance)),
      denied: () => this.#announceAgain(),
    });
  }

  async open(restartQuestions: () => void): Promise<void> {
    this.#restartQuestions = restartQuestions;
    this.#takeTime();
    await this.#followLinks({ isFirst: true }).catch((error) => this.#unwatched(error));
    // The watch begins even where there is no network yet: it is what finds one.
    if (!this.#closed) this.#watchLater();
  }

  announce(self: Announcement): void {
    this.#self = self;
    try {
      for (const responder of this.#responders.values()) responder.change(recordsOf(self, responder.link.addresses));
    } catch (error) {
      this.#reader.problem(`The change is not announced by mDNS: ${reasonOf(error)}`);
    }
  }

  ask(unlessAskedWithinMs: number): void {
    for (const responder of this.#responders.values()) responder.ask(unlessAskedWithinMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clock.clearTimeout(this.#watchTimer);
    await Promise.all([...this.#responders.values()].map((responder) => responder.leave()));
    this.#responders.clear();
  }

  #askFor(instance: string): void {
    for (const responder of this.#responders.values()) responder.askFor(instance);
  }

  /** Somebody said goodbye in our name: we are still here. While we stop, it was us. */
  #announceAgain(): void {
    if (this.#closed) return;
    for (const responder of this.#responders.values()) responder.announce();
  }

  #watchLater(): void {
    this.#watchTimer = this.#clock.setTimeout(() => {
      this.#watch();
      this.#watchLater();
    }, WATCH_MS);
  }

  #watch(): void {
    const slept = this.#takeTime();
    if (slept) this.#closeAll();
    this.#followLinks().catch((error) => this.#unwatched(error));
    this.#table.sweep(this.#clock.now());
  }

  /** Whether the host slept since it was last asked: its memberships may be gone, and the others may have forgotten it. */
  #takeTime(): boolean {
    const now = this.#clock.now();
    const wall = this.#clock.wallTime();
    const passed = now - this.#watchedAt;
    const jumped = Math.abs(wall - this.#wallAt - passed) > SLEPT_MS;
    const late = passed > WATCH_MS + SLEPT_MS;
    const first = this.#wallAt === 0;
    this.#watchedAt = now;
    this.#wallAt = wall;
    return !first && (jumped || late);
  }

  #closeAll(): void {
    for (const responder of this.#responders.values()) responder.close();
    this.#responders.clear();
    this.#table.recheck(this.#clock.now());
  }

  /** Opens what is new and closes what is gone. A link that stays keeps its sockets. */
  async #followLinks({ isFirst = false } = {}): Promise<void> {
    const links = this.#links();
    const voices = new Map(
      links.flatMap((link) => link.voices.map((voice) => [`${link.key} ${voice.family}`, { link, voice }])),
    );
    const lost = [...this.#responders].filter(([key]) => !voices.has(key));
    for (const [key, responder] of lost) {
      responder.close();
      this.#responders.delete(key);
    }
    if (lost.length > 0) this.#table.recheck(this.#clock.now());
    const added = [...voices].filter(([key]) => !this.#responders.has(key));
    this.#tellWhetherAlone(links);
    await Promise.all(added.map(([key, { link, voice }]) => this.#open(key, link, voice)));
    if (this.#closed || added.length + lost.length === 0) return;
    this.#restartQuestions();
    if (!isFirst) this.#reader.networkChanged();
  }

  #open(key: string, link: Link, voice: Voice): Promise<void> {
    const responder = new MdnsResponder(link, voice, this.#group, this.#clock, {
      heard: (records, source, on) => this.#table.hear(records, source, on, this.#clock.now()),
      problem: (message) => this.#reader.problem(message),
    });
    this.#responders.set(key, responder);
    return responder.open(recordsOf(this.#self, link.addresses));
  }

  #unwatched(error: unknown): void {
    this.#reader.problem(`The networks of this host cannot be read: ${reasonOf(error)}`);
  }

  #tellWhetherAlone(links: readonly Link[]): void {
    const alone = links.length === 0;
    if (alone === this.#alone) return;
    this.#alone = alone;
    const names = links.map((link) => `${link.name} (${link.addresses[0]})`).join(', ');
    this.#reader.problem(
      alone
        ? 'No network interface can carry mDNS: nobody is found until a network is connected'
        : `The network is back: mDNS runs on ${names}`,
    );
  }
}
