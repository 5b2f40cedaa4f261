import { connect, type Socket } from 'node:net';

/** What came back over a socket until it was closed or the whole of one answer was there. */
export interface RawAnswer {
  /** 0 when nothing came back before the socket was closed. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly cookies: readonly string[];
  readonly body: string;
  /** Everything, for answers that are more than one. */
  readonly text: string;
}

/** Milliseconds; beyond what any answer takes on a busy machine. */
const PATIENCE_MS = 10_000;

/** Sends bytes as they are and reads what comes back until the server closes, or the first answer is complete. */
export function ask(port: number, bytes: string | readonly string[], host = '127.0.0.1'): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const socket = connect({ port, host, allowHalfOpen: true });
  let text = '';
  const done = () => {
    clearTimeout(patience);
    socket.destroy();
    resolve(parsed(text));
  };
  const patience = setTimeout(() => {
    socket.destroy();
    reject(new Error(`Neither an answer nor an end came; so far: ${JSON.stringify(text.slice(0, 300))}`));
  }, PATIENCE_MS);
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    if (isComplete(text)) done();
  });
  socket.on('error', () => {});
  socket.on('end', done);
  socket.on('close', done);
  for (const part of [bytes].flat()) socket.write(part, 'latin1');
  return promise;
}

/** A socket that stays open, for those who stall. */
export async function stalling(port: number, bytes = ''): Promise<{ socket: Socket; closed: Promise<string> }> {
  const socket = connect({ port, host: '127.0.0.1' });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => {
    socket.on('close', () => resolve(text));
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  if (bytes !== '') socket.write(bytes, 'latin1');
  return { socket, closed };
}

/** A request, line by line; whatever is handed in replaces the honest line of that name, `null` leaves it out. */
export function request(
  port: number,
  line: string,
  headers: Readonly<Record<string, string | readonly string[] | null>> = {},
  body = '',
): string {
  const all = { Host: `127.0.0.1:${port}`, ...(body !== '' && { 'Content-Length': String(body.length) }), ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === null ? [] : [value].flat().map((one) => `${name}: ${one}`),
  );
  return [`${line} HTTP/1.1`, ...lines, '', body].join('\r\n');
}

function isComplete(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  if (text.startsWith('HTTP/1.1 101')) return true;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, end))?.[1];
  return length !== undefined && text.length >= end + 4 + Number(length);
}

function parsed(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const pairs = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0),
    headers: new Map(pairs as [string, string][]),
    cookies: pairs.flatMap(([name, value]) => (name === 'set-cookie' && value !== undefined ? [value] : [])),
    body: text.slice(end + 4),
    text,
  };
}
