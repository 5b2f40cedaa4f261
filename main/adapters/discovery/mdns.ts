import { networkInterfaces } from 'node:os';
import type { Announcement, Clock, Discovery, DiscoveryReader } from '../../core/ports.ts';
import { type Link, LOOPBACK_LINK, linksOf, type NetworkInterfaces } from './mdns-links.ts';
import { recordsOf } from './mdns-records.ts';
import { MdnsRun } from './mdns-run.ts';
import { QuerySchedule } from './mdns-schedule.ts';
import { groupFor, type MulticastGroup } from './mdns-socket.ts';

/** Where others can reach us. */
export interface Advertised {
  /** IP addresses. */
  readonly hosts: readonly string[];
  /** That of the transport, unless told. */
  readonly port?: number;
}

export interface MdnsOptions {
  readonly clock: Clock;
  /** Keep to this host, on a UDP port of our own: for demos and tests, unheard by the LAN and deaf to it. */
  readonly loopback?: { readonly port: number };
  /** What is announced in place of the addresses and the port that we have: where something between us and the others changes them. */
  readonly advertise?: Advertised;
  /** What networks there are; the operating system knows, unless told. */
  readonly interfaces?: () => NetworkInterfaces;
}

/** Says who is around on the links of this host, by mDNS. It never connects, and nothing that it says is proven. */
export class MdnsDiscovery implements Discovery {
  readonly #clock: Clock;
  readonly #group: MulticastGroup;
  readonly #links: () => Link[];
  readonly #port: number | undefined;
  readonly #schedule: QuerySchedule;
  #run: MdnsRun | undefined;
  #stopping: Promise<void> = Promise.resolve();
  /** Counts starts and stops: the last word counts. */
  #turn = 0;

  constructor({ clock, loopback, advertise, interfaces = networkInterfaces }: MdnsOptions) {
    this.#clock = clock;
    this.#group = groupFor(loopback?.port);
    const links = loopback ? () => [LOOPBACK_LINK] : () => linksOf(interfaces());
    this.#links = advertise ? () => links().map((link) => ({ ...link, addresses: advertise.hosts })) : links;
    this.#port = advertise?.port;
    this.#schedule = new QuerySchedule(clock, (unlessAskedWithinMs) => this.#run?.ask(unlessAskedWithinMs));
  }

  /** Resolves once we speak on every link there is, or know that we cannot yet. Throws CONFIG_INVALID for what cannot be announced. */
  async start(announced: Announcement, reader: DiscoveryReader): Promise<void> {
    const self = this.#seenFromOutside(announced);
    const turn = ++this.#turn;
    await this.#stopping;
    if (turn !== this.#turn || this.#run) return;
    recordsOf(self, []);
    const run = new MdnsRun({ self, reader, clock: this.#clock, group: this.#group, links: this.#links });
    this.#run = run;
    await run.open(() => this.#schedule.restart());
  }

  announce(announced: Announcement): void {
    this.#run?.announce(this.#seenFromOutside(announced));
  }

  seek(missing: boolean): void {
    this.#schedule.seek(missing);
  }

  stop(): Promise<void> {
    this.#turn++;
    const run = this.#run;
    this.#run = undefined;
    if (run) {
      this.#schedule.stop();
      this.#stopping = run.close();
    }
    return this.#stopping;
  }

  #seenFromOutside(self: Announcement): Announcement {
    return { ...self, port: this.#port ?? self.port };
  }
}
