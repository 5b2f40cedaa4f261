import { once } from 'node:events';
import { createServer } from 'node:net';
import { portError } from './faults.ts';

/** Takes a TCP port and gives it back. Throws PORT_IN_USE, PORT_UNUSABLE. */
export async function tryPort(port: number, host?: string): Promise<void> {
  const server = createServer();
  try {
    server.listen({ port, ...(host !== undefined && { host }) });
    await once(server, 'listening');
  } catch (thrown) {
    throw portError(thrown, port, host);
  } finally {
    server.close();
  }
}
