import { createServer } from 'node:net';
import { transportCompliance } from '../../compliance/transport.ts';
import { loopbackNode } from '../../support/transport/nodes.ts';

transportCompliance('WebSocketTransport', async () => {
  // Taken and given back: nothing listens there now.
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return {
    node: loopbackNode,
    endpoint: (port) => ({ host: '127.0.0.1', port }),
    nobody: { host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 1) : 1 },
    remove: async () => {},
  };
});
