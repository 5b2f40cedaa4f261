import { connect } from 'node:net';
import type { EndpointFact, TripFault } from '../../../shared/diagnosis.ts';
import type { Endpoint } from '../../core/ports.ts';
import { codeOf, dialFault } from './faults.ts';

/** Milliseconds; as long as a dial. */
const TIMEOUT_MS = 3_000;

/** Whether TCP gets to an endpoint, and how fast. Nothing is said on the line. */
export function tripTo({ host, port }: Endpoint, timeoutMs = TIMEOUT_MS): Promise<NonNullable<EndpointFact['trip']>> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (trip: NonNullable<EndpointFact['trip']>) => {
      socket.destroy();
      resolve(trip);
    };
    socket.once('connect', () => end({ ms: performance.now() - startedAt }));
    socket.once('timeout', () => end({ fault: 'silent', reason: `no answer within ${timeoutMs / 1_000} s` }));
    socket.on('error', (error) => end({ fault: faultFor(codeOf(error)), reason: dialFault(error) }));
  });
}

function faultFor(code: string): TripFault {
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ETIMEDOUT') return 'silent';
  return /^(EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|EADDRNOTAVAIL|EINVAL)$/.test(code) ? 'unreachable' : 'other';
}
