/** A process that serves a dashboard and asks itself for it on both loopback addresses; prints what was answered. */
import { ask, request } from './raw-client.ts';
import { Servers } from './servers.ts';

const servers = new Servers();
const { port, token } = await servers.start();
const status = async (host: string) =>
  (await ask(port, request(port, 'GET /', { Authorization: `Bearer ${token}` }), host)).status;
process.stdout.write(`127.0.0.1 answers ${await status('127.0.0.1')}, ::1 answers ${await status('::1')}`);
await servers.end();
