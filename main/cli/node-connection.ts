import { WebSocket } from 'ws';
import type { Pipe } from '../../shared/pipe.ts';
import { commandBearer, NONCE_HEADER, newNonce, nodeProof, PROOF_HEADER } from '../dashboard/command-proof.ts';
import { LIMITS } from '../dashboard/limits.ts';
import type { Running } from '../dashboard/running-file.ts';
import { webSocketPipe } from '../dashboard/web-socket-pipe.ts';

/** Milliseconds. A node on this computer answers within a few. */
const ANSWER_LIMIT_MS = 5_000;
/** Statuses of a node that is there and has no room. */
const BUSY: ReadonlySet<number | undefined> = new Set([429, 503]);

export type Connection =
  | { readonly kind: 'connected'; readonly pipe: Pipe; readonly cut: () => void }
  /** Nobody answers there, or somebody else. */
  | { readonly kind: 'gone' }
  /** Somebody is there, and this is why it did not answer. */
  | { readonly kind: 'silent'; readonly why: string };

/** To the node that told this address. It has to prove that it is that node before it hears anything of use. */
export function connectTo({ port, run }: Running, token: string): Promise<Connection> {
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const nonce = newNonce();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api`, {
    headers: { authorization: `Bearer ${commandBearer(token, run)}`, [NONCE_HEADER]: nonce },
    perMessageDeflate: false,
  });
  const timer = setTimeout(() => {
    resolve({ kind: 'silent', why: `no answer within ${ANSWER_LIMIT_MS / 1_000} s` });
    socket.terminate();
  }, ANSWER_LIMIT_MS);
  socket.on('upgrade', ({ headers: { [PROOF_HEADER]: proof } }) => {
    if (proof !== nodeProof(token, run, nonce)) socket.terminate();
  });
  socket.on('unexpected-response', (_, { statusCode }) => {
    resolve(BUSY.has(statusCode) ? { kind: 'silent', why: 'it has no room for one more' } : { kind: 'gone' });
    socket.terminate();
  });
  socket.on('error', () => resolve({ kind: 'gone' }));
  socket.on('open', () =>
    resolve({ kind: 'connected', pipe: webSocketPipe(socket, LIMITS), cut: () => socket.terminate() }),
  );
  return promise.finally(() => clearTimeout(timer));
}
