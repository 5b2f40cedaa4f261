import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { Announcement, DiscoveryReader, Sighting } from '../../main/core/ports.ts';
import { type NodeId, nodeId } from '../../shared/ids.ts';

/** A node id that begins with `start`. */
export const nodeOf = (start: string): NodeId => nodeId(start.padEnd(52, 'a'));

export const announcementOf = (start: string, changes: Partial<Announcement> = {}): Announcement => ({
  node: nodeOf(start),
  name: `node ${start}`,
  incarnation: 1,
  revision: 0,
  port: 4_000,
  namespace: 'namespace-1',
  types: ['PingService'],
  ...changes,
});

/** Writes down what a discovery tells, and waits for it. */
export class RecordingReader implements DiscoveryReader {
  readonly sightings: Sighting[] = [];
  readonly losses: { readonly node: NodeId; readonly reason: 'goodbye' | 'expired' }[] = [];
  readonly problems: string[] = [];
  /** How often the network changed. */
  changes = 0;

  seen(sighting: Sighting): void {
    this.sightings.push(sighting);
  }

  gone(node: NodeId, reason: 'goodbye' | 'expired'): void {
    this.losses.push({ node, reason });
  }

  networkChanged(): void {
    this.changes++;
  }

  problem(message: string): void {
    this.problems.push(message);
  }

  /** The last sighting of a node. */
  last(node: NodeId): Sighting | undefined {
    return this.sightings.findLast((sighting) => sighting.node === node);
  }

  seesOf(node: NodeId): number {
    return this.sightings.filter((sighting) => sighting.node === node).length;
  }
}

/** Resolves with what `condition` returns as soon as that is something; fails with `what` after `withinMs`. */
export async function eventually<Value>(
  what: string,
  condition: () => Value | undefined | false,
  withinMs = 8_000,
): Promise<Value> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface DecodedPacket {
  readonly type: 'query' | 'response';
  readonly questions: readonly { readonly type: string; readonly name: string }[];
  readonly answers: readonly {
    readonly type: string;
    readonly name: string;
    readonly ttl: number;
    readonly flush?: boolean;
    readonly data: unknown;
  }[];
  readonly additionals: DecodedPacket['answers'];
}

interface DnsPacket {
  encode(packet: object): Buffer;
  decode(bytes: Buffer): DecodedPacket;
}

/** The codec below bonjour-service, which comes without types; for packets as others send and read them. */
export const dnsPacket = createRequire(import.meta.url)('dns-packet') as DnsPacket;

const GROUP = '239.255.77.1';

/** A stranger in the loopback group: sends any bytes, from the group's own port as every mDNS responder does, and hears all. */
export class RawMember implements AsyncDisposable {
  readonly heard: DecodedPacket[] = [];
  readonly #socket = createSocket({ type: 'udp4', reuseAddr: true });
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  static async open(port: number, sourcePort = port): Promise<RawMember> {
    const member = new RawMember(port);
    const socket = member.#socket;
    socket.on('message', (bytes) => {
      try {
        member.heard.push(dnsPacket.decode(bytes));
      } catch {
        // Its own rubbish.
      }
    });
    socket.bind(sourcePort, '0.0.0.0');
    await once(socket, 'listening');
    socket.addMembership(GROUP, '127.0.0.1');
    socket.setMulticastInterface('127.0.0.1');
    return member;
  }

  send(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#socket.send(bytes, this.#port, GROUP, (error) => (error ? reject(error) : resolve())),
    );
  }

  respond(packet: { answers: readonly object[]; additionals?: readonly object[] }): Promise<void> {
    return this.send(dnsPacket.encode({ type: 'response', flags: 1 << 10, ...packet }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
