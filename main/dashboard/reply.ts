import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Answer, asText, SECURITY_HEADERS, trouble } from './answers.ts';
import type { Limits } from './limits.ts';

/** Answers a request after its body, which nobody wants, was read: or its sender would not see the answer. */
export async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  limits: Limits,
): Promise<void> {
  if (!hasBody(request)) return send(request, response, answer, false);
  switch (await bodyOf(request, limits.bodyBytes)) {
    case 'cut':
      return;
    case 'read':
      return send(request, response, answer, true);
    case 'too large':
      send(request, response, trouble(413), true, limits.lingerMs);
  }
}

/** Answers a request whose body will not be asked for. */
export function replyAtOnce(request: IncomingMessage, response: ServerResponse, answer: Answer, limits: Limits): void {
  send(request, response, answer, true, limits.lingerMs);
}

/** Answers where HTTP has let go of the socket, then lets go of it, too. */
export function farewell(socket: Duplex, answer: Answer, limits: Limits): void {
  const timer = setTimeout(() => socket.destroy(), limits.lingerMs);
  socket.on('close', () => clearTimeout(timer));
  socket.on('end', () => socket.destroy());
  socket.end(asText(answer));
  socket.resume();
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** A body without a length is counted as it comes. */
function bodyOf(request: IncomingMessage, maxBytes: number): Promise<'read' | 'too large' | 'cut'> {
  return new Promise((resolve) => {
    let bytes = 0;
    if (request.destroyed) resolve('cut');
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) resolve('too large');
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) resolve('too large');
    });
    request.on('end', () => resolve('read'));
    request.on('close', () => resolve('cut'));
    request.on('error', () => resolve('cut'));
  });
}

/** With `lingerMs` it is complete for its reader at once, and the socket is cut when the sender has stopped, or then. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  isLast: boolean,
  lingerMs?: number,
): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    ...(headers as Record<string, string | string[]>),
    'content-length': Buffer.byteLength(body),
    ...(isLast && { connection: 'close' }),
  });
  if (lingerMs === undefined) {
    response.end(body);
    return;
  }
  response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.on('end', end);
  request.on('close', end);
  request.resume();
}
