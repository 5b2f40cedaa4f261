import { isIPv6 } from 'node:net';
import { InterMachineError } from '../../../shared/errors.ts';
import { shorten } from '../../../shared/ids.ts';
import type { Announcement, Clock, Discovery, DiscoveryReader, Endpoint } from '../../core/ports.ts';
import { guarded } from './guarded-reader.ts';

/** An address that was written down is told again this often. */
export const REPEAT_MS = 10_000;

/**
 * Peers whose addresses somebody wrote down. Nothing is known of them until they are dialled, so a sighting has no node id and there is
 * no `gone`. Unlike any other discovery it tells its sightings again and again: the core takes that as the moment to dial anew.
 */
export class StaticDiscovery implements Discovery {
  readonly #clock: Clock;
  readonly #endpoints: readonly Endpoint[];
  #timer: unknown;
  #running = false;

  /** `peers` are `host:port`, IPv6 in brackets. Throws CONFIG_INVALID. */
  constructor({ clock, peers }: { readonly clock: Clock; readonly peers: readonly string[] }) {
    this.#clock = clock;
    this.#endpoints = peers.map(parseEndpoint);
  }

  async start(_self: Announcement, reader: DiscoveryReader): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#tell(guarded(reader, () => !this.#running));
  }

  /** Nobody listens. */
  announce(): void {}

  /** It tells often enough. */
  seek(): void {}

  async stop(): Promise<void> {
    this.#running = false;
    this.#clock.clearTimeout(this.#timer);
  }

  #tell(reader: DiscoveryReader): void {
    this.#timer = this.#clock.setTimeout(() => this.#tell(reader), REPEAT_MS);
    for (const endpoint of this.#endpoints) reader.seen({ endpoints: [endpoint], source: 'static' });
  }
}

/** Reads `host:port`, `192.0.2.1:4000`, `[fe80::1%eth0]:4000`. Throws CONFIG_INVALID. */
export function parseEndpoint(text: string): Endpoint {
  const { v6, name, digits } = ENDPOINT.exec(text.trim())?.groups ?? {};
  const host = v6 ?? name;
  const port = Number(digits);
  if (host === undefined || (v6 !== undefined && !isIPv6(v6)) || !(port >= 1 && port <= 65_535))
    throw new InterMachineError(
      'CONFIG_INVALID',
      `"${shorten(text)}" is not the address of a peer: host:port is expected, with an IPv6 address in brackets, ` +
        'as in kitchen.local:4000 or [fe80::1%eth0]:4000',
    );
  return { host, port };
}

const ENDPOINT = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_.])?)):(?<digits>\d{1,5})$/i;
