import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { tripTo } from '../../../main/adapters/transport/trip.ts';
import { tryPort } from '../../../main/adapters/transport/try-port.ts';

async function listen(backlog?: number) {
  const server = createServer().listen({ port: 0, host: '127.0.0.1', ...(backlog !== undefined && { backlog }) });
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
}

test('a trip to where somebody listens has a time, one to where nobody does a reason', async () => {
  const { server, port } = await listen();
  expect(await tripTo({ host: '127.0.0.1', port })).toEqual({ ms: expect.any(Number) });
  server.close();
  await once(server, 'close');
  expect(await tripTo({ host: '127.0.0.1', port })).toEqual({
    fault: 'refused',
    reason: expect.stringContaining('nothing listens'),
  });
});

test('a port that can be had is given back, one that is taken is refused', async () => {
  const { server, port } = await listen();
  await expect(tryPort(port, '127.0.0.1')).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  server.close();
  await once(server, 'close');
  await tryPort(port, '127.0.0.1');
  await tryPort(port, '127.0.0.1');
});
