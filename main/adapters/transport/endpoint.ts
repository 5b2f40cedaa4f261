import type { Socket } from 'node:net';
import type { Endpoint } from '../../core/ports.ts';
import { MAX_ENDPOINTS } from './defaults.ts';

/** The other end of a socket; `undefined` once it is closed. */
export function endpointOf({ remoteAddress, remotePort }: Socket): Endpoint | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { host: remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''), port: remotePort };
}

/** As a person writes it, so with brackets around an IPv6 address. */
export const formatEndpoint = ({ host, port }: Endpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The first few, each once. */
export const worthTrying = (endpoints: readonly Endpoint[]): Endpoint[] =>
  [...new Map(endpoints.map((endpoint) => [formatEndpoint(endpoint), endpoint])).values()].slice(0, MAX_ENDPOINTS);
