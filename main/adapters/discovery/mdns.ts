import { networkInterfaces } from 'node:os';
import type { Announcement, Clock, Discovery, DiscoveryReader } from '../../core/ports.ts';
import { type Link, LOOPBACK_LINK, linksOf, type NetworkInterfaces } from './mdns-links.ts';
import { recordsOf } from './mdns-records.ts';
import { MdnsRun } from './mdns-run.ts';
import { QuerySchedule } from './mdns-schedule.ts';
import type { MulticastGroup } from './mdns-socket.ts';

/** IPv4's mDNS group and port (RFC 6762, 3). */
const MDNS_GROUP: MulticastGroup = { ip: '224.0.0.251', port: 5353 };
/** Out of the range that a site may use as it likes (RFC 2365, 6.2). */
const LOOPBACK_GROUP_IP = '239.255.77.1';

export interface MdnsOptions {
  readonly clock: Clock;
  /** Keep to this host, on a UDP port of our own: for demos and tests, unheard by the LAN and deaf to it. */
  readonly loopback?: { readonly port: number };
  /** What networks there are; the operating system knows, unless told. */
  readonly interfaces?: () => NetworkInterfaces;
}

/** Says who is around on the links of this host, by mDNS. It never connects, and nothing that it says is proven. */
export class MdnsDiscovery implements Discovery {
  readonly #clock: Clock;
  readonly #group: MulticastGroup;
  readonly #links: () => Link[];
  readonly #schedule: QuerySchedule;
  #run: MdnsRun | undefined;
  #stopping: Promise<void> = Promise.resolve();
  /** Counts starts and stops: the last word counts. */
  #turn = 0;

  constructor({ clock, loopback, interfaces = networkInterfaces }: MdnsOptions) {
    this.#clock = clock;
    this.#group = loopback ? { ip: LOOPBACK_GROUP_IP, port: loopback.port } : MDNS_GROUP;
    this.#links = loopback ? () => [LOOPBACK_LINK] : () => linksOf(interfaces());
    this.#schedule = new QuerySchedule(clock, (unlessAskedWithinMs) => this.#run?.ask(unlessAskedWithinMs));
  }

  /** Resolves once we speak on every link there is, or know that we cannot yet. Throws CONFIG_INVALID for what cannot be announced. */
  async start(self: Announcement, reader: DiscoveryReader): Promise<void> {
    const turn = ++this.#turn;
    await this.#stopping;
    if (turn !== this.#turn || this.#run) return;
    recordsOf(self, []);
    const run = new MdnsRun({ self, reader, clock: this.#clock, group: this.#group, links: this.#links });
    this.#run = run;
    await run.open(() => this.#schedule.restart());
  }

  announce(self: Announcement): void {
    this.#run?.announce(self);
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
}
