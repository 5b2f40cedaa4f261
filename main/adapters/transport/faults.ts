import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import { type NodeId, shorten } from '../../../shared/ids.ts';
import type { Endpoint } from '../../core/ports.ts';
import { formatEndpoint } from './endpoint.ts';

export const codeOf = (thrown: unknown): string =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : '';

/**
 * Whoever hangs up before it has a line was refused by nobody: a peer tries several of our addresses and gives up the others as soon
 * as one answers. If it has a reason to complain, it does so itself.
 */
export const isHangUp = (thrown: unknown): boolean => codeOf(thrown) === 'ECONNRESET' || codeOf(thrown) === 'EPIPE';

/** What went wrong while somebody set up TLS with us; completes "… was refused: it …". */
export function handshakeFault(thrown: unknown): string {
  switch (codeOf(thrown)) {
    case 'ERR_TLS_HANDSHAKE_TIMEOUT':
      return 'did not set up TLS in time';
    case 'ERR_SSL_NO_APPLICATION_PROTOCOL':
      return 'does not speak the protocol im/1';
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_VERSION_TOO_LOW':
      return 'does not speak TLS 1.3';
    case 'ERR_SSL_HTTP_REQUEST':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'does not speak TLS';
    default:
      return `failed to set up TLS (${shorten(codeOf(thrown) || reasonOf(thrown))})`;
  }
}

/** Why an endpoint could not be reached, in words. */
export function dialFault(thrown: unknown): string {
  const code = codeOf(thrown);
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused, nothing listens there';
    case 'ETIMEDOUT':
      return 'timed out';
    case 'EHOSTUNREACH':
    case 'EHOSTDOWN':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'there is no way to this address';
    case 'EINVAL':
      return 'there is no way to this address; a link-local one needs its interface, as in fe80::1%eth0';
    case 'ENOTFOUND':
      return 'no such name';
    case 'EAI_AGAIN':
      return 'the name could not be looked up';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'it hung up before the line was open';
    case 'ERR_SOCKET_BAD_PORT':
      return 'no such port';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open on this computer';
    default:
      if (code.includes('APPLICATION_PROTOCOL')) return 'it does not speak the protocol im/1';
      if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return `it does not speak TLS as nodes do (${code})`;
      // What ws says of an answer that is no upgrade.
      if (reasonOf(thrown).endsWith('response: 503')) return 'all places there are taken';
      return reasonOf(thrown) || code;
  }
}

export const noAnswer = (timeoutMs: number) => new Error(`no answer within ${timeoutMs / 1000} s`);

/** DIAL_FAILED, with the reason of every endpoint that was tried. */
export function dialError(
  node: NodeId | undefined,
  failures: ReadonlyMap<Endpoint, unknown>,
  untried: number,
): InterMachineError {
  const reasons = [...failures].map(([endpoint, thrown]) => `${formatEndpoint(endpoint)}: ${dialFault(thrown)}`);
  if (untried > 0) reasons.push(`${untried} more not tried`);
  const who = node === undefined ? 'No node could be reached' : `Node ${node} could not be reached`;
  const why = reasons.length > 0 ? reasons.join('; ') : 'no address to try';
  return new InterMachineError('DIAL_FAILED', `${who}: ${why}`);
}

export const COPIED = 'a data directory was copied. Stop one of the two and give it a data directory of its own.';

/** IDENTITY_COPIED. */
export const copiedError = (endpoint: Endpoint) =>
  new InterMachineError(
    'IDENTITY_COPIED',
    `Another node, at ${formatEndpoint(endpoint)}, has the identity of this one: ${COPIED}`,
  );

/** That our own key was at one of the endpoints says more than why the others failed; a copy of it more than we ourselves. */
export function selfErrorIn(failures: ReadonlyMap<Endpoint, unknown>): InterMachineError | undefined {
  const own = [...failures.values()].filter((thrown) => thrown instanceof InterMachineError);
  return own.find(({ code }) => code === 'IDENTITY_COPIED') ?? own[0];
}

/** PORT_IN_USE or PORT_UNUSABLE. */
export function portError(thrown: unknown, port: number, host = 'any address'): InterMachineError {
  if (codeOf(thrown) === 'EADDRINUSE') {
    return new InterMachineError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is taken by another program. Choose another port, or 0 for any free one.`,
      { cause: thrown },
    );
  }
  return new InterMachineError('PORT_UNUSABLE', `Port ${port} on ${host} cannot be used: ${portFault(thrown, port)}`, {
    cause: thrown,
  });
}

function portFault(thrown: unknown, port: number): string {
  switch (codeOf(thrown)) {
    case 'EACCES':
      return port < 1024
        ? 'ports below 1024 are for the administrator. Choose a higher one, or 0 for any free one.'
        : 'the system does not allow it to this program.';
    case 'EADDRNOTAVAIL':
      return 'this computer does not have that address (any more).';
    case 'ERR_SOCKET_BAD_PORT':
      return 'ports go from 0, for any free one, to 65535.';
    default:
      return `${reasonOf(thrown)}.`;
  }
}
