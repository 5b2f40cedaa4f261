import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Passes TCP on to a port of the loopback, byte for byte, and shows what passes. */
export interface TcpRelay {
  readonly port: number;
  /** All that came back from there. */
  readonly answers: Buffer[];
  /** Nothing comes back any more, as if whoever asked read no answer; or it does again. */
  hold(isHeld: boolean): void;
  close(): void;
}

/** What was handed over is passed on even if the sender is gone by then, as on a real wire. */
export async function tcpRelay(to: number, delayMs = 0): Promise<TcpRelay> {
  const answers: Buffer[] = [];
  const sockets: Socket[] = [];
  const answering: Socket[] = [];
  const later = (task: () => void) => {
    if (delayMs > 0) setTimeout(task, delayMs);
    else task();
  };
  const pass = (from: Socket, onto: Socket) => {
    from.on('data', (bytes) => later(() => onto.writable && onto.write(bytes)));
    from.on('close', () => later(() => onto.end()));
    from.on('error', () => {});
  };
  const server: Server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    sockets.push(near, far);
    answering.push(far);
    far.on('data', (bytes) => answers.push(bytes));
    pass(near, far);
    pass(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    answers,
    hold: (isHeld) => {
      for (const socket of answering) socket[isHeld ? 'pause' : 'resume']();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** TLS records of application data (RFC 8446, 5.1) in these bytes. */
export function recordsIn(bytes: Buffer): number {
  let records = 0;
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) if (bytes[at] === 23) records++;
  return records;
}
