// node callers.ts storm|strangers|members <port> <count> <loopback port> <network key>: who comes to the door, in a process of its own, so that what they cost
// is not measured with what the node costs. Says "done" once all of them had their turn, and stays until its standard input ends.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { createKeyMaterial } from '../../main/adapters/identity/file.ts';
import { createNode } from '../../main/index.ts';
import { helloOf } from '../fuzz/mutations.ts';
import { Stranger } from '../support/stranger.ts';
import { frame, upgradeRequest } from '../support/transport/raw-peer.ts';

const [kind, ...numbers] = process.argv.slice(2);
const [port = 0, count = 0, loopbackPort = 0] = numbers.map(Number);
const networkKey = process.argv[6] ?? '';
/** Strangers that come at the same time. */
const AT_ONCE = 8;

/** All at once: a third is silent, a third proves who it is and is silent then, and a third greets without a proof. */
async function storm(): Promise<void> {
  const { key, certificate: cert, node } = createKeyMaterial();
  const secureContext = createSecureContext({ key, cert });
  const greeting = [upgradeRequest(), frame(0x81, JSON.stringify(helloOf(node)))];
  await Promise.all(
    Array.from({ length: count }, (_, n) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const tcp: Socket = connectTcp({ port, host: '127.0.0.1' }, () => n % 3 === 0 && resolve());
      const socket =
        n % 3 === 0
          ? tcp
          : connectTls({ socket: tcp, secureContext, rejectUnauthorized: false, ALPNProtocols: ['im/1'] }, () => {
              if (n % 3 === 2) for (const part of greeting) socket.write(part);
              resolve();
            });
      for (const each of [tcp, socket]) each.on('error', () => resolve()).on('close', () => resolve());
      return promise;
    }),
  );
}

/** One after the other, each with an identity of its own; none has a proof. */
async function strangers(): Promise<void> {
  let left = count;
  const come = async () => {
    while (left-- > 0) {
      const stranger = new Stranger();
      await stranger.dial(port);
      await stranger.hello();
      await stranger.closed;
      await stranger.stop();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, come));
}

async function members(): Promise<void> {
  const options = { networkKey, store: 'memory' as const, loopbackPort, report: () => {} };
  for (let n = 0; n < count; n++) await createNode({ ...options, name: `member-${process.pid}-${n}` });
}

process.stdin.resume().on('end', () => process.exit());
const acts: Readonly<Record<string, () => Promise<void>>> = { storm, strangers, members };
await acts[kind ?? '']?.();
process.stdout.write('done\n');
