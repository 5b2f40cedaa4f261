import { once } from 'node:events';
import type { Server } from 'node:http';
import { InterMachineError, reasonOf } from '../../shared/errors.ts';

/** Addresses of this computer that nobody else on the network can reach. */
export type LoopbackHost = '127.0.0.1' | '::1';

export interface Bound {
  readonly port: number;
  readonly servers: readonly Server[];
}

/** Tries for a port that is free on both addresses; each one fails only if somebody took it just now. */
const MAX_TRIES = 10;

/**
 * One port on both addresses, because `localhost` may mean either; on one of them alone, it would lead to whoever has the other.
 * Where IPv6 is switched off, nobody has it. Throws PORT_IN_USE, PORT_UNUSABLE.
 */
export async function bindBoth(port: number, create: () => Server): Promise<Bound> {
  for (let tried = 1; ; tried++) {
    const first = await bindOne('127.0.0.1', port, create);
    try {
      const second = await bindOne('::1', first.port, create);
      return { port: first.port, servers: [...first.servers, ...second.servers] };
    } catch (thrown) {
      if (isWithoutIpv6(thrown)) return first;
      for (const server of first.servers) server.close();
      const isTaken = thrown instanceof InterMachineError && thrown.code === 'PORT_IN_USE';
      if (port !== 0 || !isTaken || tried === MAX_TRIES) throw thrown;
    }
  }
}

export async function bindOne(host: LoopbackHost, port: number, create: () => Server): Promise<Bound> {
  const server = create();
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (thrown) {
    throw portError(thrown, port, host);
  }
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : port, servers: [server] };
}

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && 'code' in thrown ? thrown.code : undefined);

const isWithoutIpv6 = (thrown: unknown): boolean =>
  thrown instanceof InterMachineError && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(String(codeOf(thrown.cause)));

function portError(thrown: unknown, port: number, host: LoopbackHost): InterMachineError {
  const options = { cause: thrown };
  return codeOf(thrown) === 'EADDRINUSE'
    ? new InterMachineError(
        'PORT_IN_USE',
        `Port ${port} on ${host}, for the dashboard, is taken by another program. Choose another port, or 0 for any free one.`,
        options,
      )
    : new InterMachineError(
        'PORT_UNUSABLE',
        `Port ${port} on ${host} cannot be used for the dashboard: ${portFault(thrown, port)}`,
        options,
      );
}

function portFault(thrown: unknown, port: number): string {
  switch (codeOf(thrown)) {
    case 'EACCES':
      return port < 1024
        ? 'ports below 1024 are for the administrator. Choose a higher one, or 0 for any free one.'
        : 'the system does not allow it to this program.';
    case 'EADDRNOTAVAIL':
      return 'this computer does not have that address.';
    case 'ERR_SOCKET_BAD_PORT':
      return 'ports go from 0, for any free one, to 65535.';
    default:
      return `${reasonOf(thrown)}.`;
  }
}
