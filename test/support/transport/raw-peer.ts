import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { KeyMaterial } from '../../../main/adapters/identity/file.ts';
import { until } from './until.ts';

/** A peer that sends whatever it is told to, byte by byte, and writes down what comes back. */
export class RawPeer<AnySocket extends Socket = Socket> {
  readonly socket: AnySocket;
  readonly #received: Buffer[] = [];
  isClosed = false;
  /** Whether TLS went on where an earlier session ended; asked when it was set up, as a closed socket has forgotten. */
  isResumed = false;

  constructor(socket: AnySocket) {
    this.socket = socket;
    socket.on('data', (bytes) => this.#received.push(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  send(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) if (!this.isClosed) this.socket.write(part);
  }

  async closed(): Promise<void> {
    await until('the other side closes the socket', () => this.isClosed);
  }

  async answer(text: string): Promise<void> {
    await until(`"${text}" in the answer`, () => this.received.includes(text));
  }
}

/** Plain TCP. */
export async function plainPeer(port: number, host = '127.0.0.1'): Promise<RawPeer> {
  const peer = new RawPeer(connect(port, host));
  await until('TCP is connected', () => !peer.socket.connecting || peer.isClosed);
  return peer;
}

export type Shown = Partial<Pick<KeyMaterial, 'key' | 'certificate'>>;

/** TLS is set up as far as the client can tell, or was refused. */
export async function tlsPeer(
  port: number,
  { key, certificate }: Shown,
  options: ConnectionOptions = {},
): Promise<RawPeer<TLSSocket>> {
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['im/1'],
    ...(key !== undefined && { key }),
    ...(certificate !== undefined && { cert: certificate }),
    ...options,
  });
  const peer = new RawPeer(socket);
  let isSecure = false;
  socket.on('secureConnect', () => {
    isSecure = true;
    peer.isResumed = socket.isSessionReused();
  });
  await until('TLS is set up or refused', () => isSecure || peer.isClosed);
  return peer;
}

export const upgradeRequest = ({ path = '/im/1', headers = '', method = 'GET' } = {}): string =>
  `${method} ${path} HTTP/1.1\r\nHost: node\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`;

/** A line as a peer has it that then goes its own ways. */
export async function webSocketPeer(port: number, shown: Shown): Promise<RawPeer<TLSSocket>> {
  const peer = await tlsPeer(port, shown);
  peer.send(upgradeRequest());
  await peer.answer('\r\n\r\n');
  return peer;
}

export interface FrameOptions {
  readonly isMasked?: boolean;
  /** What the header says, if not the truth. */
  readonly length?: bigint;
}

/** One WebSocket frame (RFC 6455, 5.2); `first` is FIN, RSV and the opcode. */
export function frame(first: number, payload: string | Uint8Array = '', options: FrameOptions = {}): Buffer {
  const { isMasked = true } = options;
  const body = Buffer.from(payload as Uint8Array);
  const length = options.length ?? BigInt(body.length);
  const maskBit = isMasked ? 0x80 : 0;
  const header = [first, ...lengthBytes(length, maskBit)];
  const mask = isMasked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0);
  if (isMasked) for (let at = 0; at < body.length; at++) body[at] = (body[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return Buffer.concat([Buffer.from(header), mask, body]);
}

function lengthBytes(length: bigint, maskBit: number): number[] {
  if (length < 126n) return [maskBit | Number(length)];
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(length);
  return length < 65_536n ? [maskBit | 126, ...long.subarray(6)] : [maskBit | 127, ...long];
}

/** The code of the close frame at the end of what came back. */
export function closeCodeIn(received: Buffer): number | undefined {
  const afterHead = received.subarray(received.indexOf('\r\n\r\n') + 4);
  for (let at = 0; at + 4 <= afterHead.length; at += 2 + ((afterHead[at + 1] ?? 0) & 0x7f)) {
    if (afterHead[at] === 0x88) return afterHead.readUInt16BE(at + 2);
  }
  return undefined;
}
