import { reasonOf } from '../../../shared/errors.ts';
import type { Clock } from '../../core/ports.ts';
import type { Link, Voice } from './mdns-links.ts';
import { asksForAll, type HeardRecord, readRecords } from './mdns-packet.ts';
import { goodbyesTo, type OwnRecord, packetsOf, SERVICE } from './mdns-records.ts';
import { type MulticastGroup, openBonjour } from './mdns-socket.ts';
import { ToldTroubles } from './told-troubles.ts';

/** A second announcement, in case the first one was lost (RFC 6762, 8.3). */
const SECOND_ANNOUNCEMENT_MS = 1_000;
/** Changes, and questions, closer together than this go out as one; far below the 300 ms in which a change should be seen. */
const MIN_GAP_MS = 100;
/** A port that is taken, or a network that is not quite there yet. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** How long a goodbye may take to leave: twice this and the pause stay below 300 ms. */
const GOODBYE_SENT_WITHIN_MS = 100;
const GOODBYE_PAUSE_MS = 25;

const JOINING = 'joining the group';

type Server = ReturnType<typeof openBonjour>;

export interface ResponderReader {
  heard(records: readonly HeardRecord[], source: string, link: Link): void;
  problem(message: string): void;
}

/** One voice on one link, and its ears: one bonjour-service, opened again for as long as it takes. It decides nothing about peers. */
export class MdnsResponder {
  readonly link: Link;
  readonly #voice: Voice;
  readonly #group: MulticastGroup;
  readonly #clock: Clock;
  readonly #reader: ResponderReader;
  #records: readonly OwnRecord[] = [];
  #server: Server | undefined;
  #ready = false;
  #closed = false;
  #settled: () => void = () => {};
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: unknown;
  #announceTimer: unknown;
  #repeatTimer: unknown;
  #announcedAt = Number.NEGATIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  readonly #troubles: ToldTroubles;

  constructor(link: Link, voice: Voice, group: MulticastGroup, clock: Clock, reader: ResponderReader) {
    this.link = link;
    this.#voice = voice;
    this.#group = group;
    this.#clock = clock;
    this.#reader = reader;
    this.#troubles = new ToldTroubles(
      `mDNS on ${link.name} (${voice.family === 'IPv4' ? voice.at : 'IPv6'}, UDP port ${group.port})`,
      (message) => !this.#closed && reader.problem(message),
    );
  }

  /** Resolves once it speaks, or has found out that it cannot yet. */
  open(records: readonly OwnRecord[]): Promise<void> {
    this.#records = records;
    return new Promise((resolve) => {
      this.#settled = resolve;
      this.#open();
    });
  }

  /** We changed: everybody is told now, and again after a second. */
  change(records: readonly OwnRecord[]): void {
    // A sub-type that we have no more is taken back by its own goodbye; the other records are overwritten by their flush bit.
    const dropped = this.#records.filter(
      (old) => old.type === 'PTR' && !records.some((record) => record.name === old.name),
    );
    this.#server?.unregister(this.#records);
    this.#records = records;
    this.#server?.register(records);
    this.#respond(goodbyesTo(dropped));
    this.announce();
  }

  announce(): void {
    if (!this.#ready) return;
    this.#clock.clearTimeout(this.#announceTimer);
    const waitMs = this.#announcedAt + MIN_GAP_MS - this.#clock.now();
    if (waitMs > 0) this.#announceTimer = this.#clock.setTimeout(() => this.#announceNow(), waitMs);
    else this.#announceNow();
  }

  /** Asks who is there, unless somebody, we or another, asked on this link so recently. */
  ask(unlessAskedWithinMs: number): void {
    if (!this.#ready || this.#clock.now() - this.#askedAt < Math.max(unlessAskedWithinMs, MIN_GAP_MS)) return;
    this.#askedAt = this.#clock.now();
    this.#query([{ name: SERVICE, type: 'PTR' }]);
  }

  /** Asks for what belongs to one service. */
  askFor(instance: string): void {
    if (!this.#ready) return;
    this.#query([
      { name: instance, type: 'SRV' },
      { name: instance, type: 'TXT' },
    ]);
  }

  /** Says goodbye twice, since one packet may be lost. */
  async leave(): Promise<void> {
    this.#stopTimers();
    if (this.#ready) {
      // A question that comes in between must not call us back.
      this.#server?.unregister(this.#records);
      await this.#goodbye();
      await this.#pause(GOODBYE_PAUSE_MS);
      await this.#goodbye();
    }
    this.close();
  }

  /** Without a goodbye, as when the link is gone. */
  close(): void {
    this.#closed = true;
    this.#stopTimers();
    this.#discard();
    // Closed before it was open: nothing more will be heard of that socket.
    this.#settled();
  }

  #open(): void {
    const { link } = this;
    try {
      // The socket hears all groups of the host, so also what belongs to other links: it counts only where its source is.
      const server = openBonjour(
        this.#voice,
        this.#group,
        (source) => link.hostOfSource(source) !== undefined,
        (error) => this.#troubles.failed('sending', error),
      );
      this.#server = server;
      const isCurrent = () => this.#server === server;
      server.mdns.on('error', (error) => {
        if (isCurrent()) this.#failed(error);
      });
      server.mdns.on('warning', (error) => isCurrent() && this.#warned(error));
      // It tries to join every five seconds until it has.
      server.mdns.on('networkInterface', () => isCurrent() && this.#troubles.worked(JOINING));
      server.mdns.on('query', (packet) => {
        if (isCurrent() && asksForAll(packet, SERVICE)) this.#askedAt = this.#clock.now();
      });
      server.mdns.on('response', (packet, from) => {
        // Answers come from the group's own port, or they are none (RFC 6762, 6).
        if (isCurrent() && from.port === this.#group.port) this.#hear(packet, from.address);
      });
      server.mdns.on('ready', () => {
        if (isCurrent()) this.#opened();
      });
      server.register(this.#records);
    } catch (error) {
      this.#failed(error);
    }
  }

  #opened(): void {
    this.#ready = true;
    this.#retryMs = FIRST_RETRY_MS;
    this.#troubles.worked('opening');
    this.announce();
    this.ask(0);
    this.#settled();
  }

  #failed(error: unknown): void {
    this.#discard();
    this.#troubles.failed('opening', error);
    this.#settled();
    this.#clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = this.#clock.setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  #discard(): void {
    const server = this.#server;
    this.#server = undefined;
    this.#ready = false;
    try {
      server?.mdns.destroy(() => {});
    } catch {
      // A socket that never opened is closed already.
    }
  }

  /** Packets that cannot be decoded are warnings too. Every network has devices that send such; only the system's own errors tell of us. */
  #warned(error: unknown): void {
    if (!(error instanceof Error && 'syscall' in error)) return;
    // What keeps the socket from opening comes as an error as well.
    if (error.syscall !== 'bind')
      this.#troubles.failed(error.syscall === 'addMembership' ? JOINING : 'listening', error);
  }

  #hear(packet: unknown, source: string): void {
    try {
      this.#reader.heard(readRecords(packet), source, this.link);
    } catch (error) {
      this.#reader.problem(`An mDNS answer from ${source} could not be handled: ${reasonOf(error)}`);
    }
  }

  #announceNow(): void {
    this.#announcedAt = this.#clock.now();
    this.#respond(this.#records);
    this.#clock.clearTimeout(this.#repeatTimer);
    this.#repeatTimer = this.#clock.setTimeout(() => this.#respond(this.#records), SECOND_ANNOUNCEMENT_MS);
  }

  #query(questions: { name: string; type: 'PTR' | 'SRV' | 'TXT' }[]): void {
    this.#send((done) => this.#server?.mdns.query({ questions }, done));
  }

  #respond(records: readonly OwnRecord[]): void {
    for (const answers of packetsOf(records)) this.#send((done) => this.#server?.mdns.respond({ answers }, done));
  }

  #send(send: (done: (error?: unknown) => void) => void): void {
    try {
      send((error) => (error ? this.#troubles.failed('sending', error) : this.#troubles.worked('sending')));
    } catch (error) {
      this.#troubles.failed('sending', error);
    }
  }

  #goodbye(): Promise<unknown> {
    const sent = packetsOf(goodbyesTo(this.#records)).map(
      (answers) =>
        new Promise<void>((resolve) => {
          try {
            // Nobody is left to be told of a failure; who misses the goodbye finds out when we expire.
            this.#server?.mdns.respond({ answers }, () => resolve());
          } catch {
            resolve();
          }
        }),
    );
    return Promise.race([Promise.all(sent), this.#pause(GOODBYE_SENT_WITHIN_MS)]);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(() => resolve(), ms));
  }

  #stopTimers(): void {
    this.#clock.clearTimeout(this.#retryTimer);
    this.#clock.clearTimeout(this.#announceTimer);
    this.#clock.clearTimeout(this.#repeatTimer);
  }
}
