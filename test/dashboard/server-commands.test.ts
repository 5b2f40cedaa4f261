import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { commandBearer, NONCE_HEADER, newNonce, nodeProof, PROOF_HEADER } from '../../main/dashboard/command-proof.ts';
import { ask, request } from '../support/dashboard/raw-client.ts';
import { newToken, type RunningServer, Servers } from '../support/dashboard/servers.ts';

const servers = new Servers();
afterEach(() => servers.end());

/** The status and the headers that a command gets. */
async function command({ port }: RunningServer, bearer: string, headers: Readonly<Record<string, string>> = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api`, {
    headers: { authorization: `Bearer ${bearer}`, ...headers },
  });
  socket.on('error', () => {});
  const answered = Promise.race([
    once(socket, 'upgrade'),
    once(socket, 'unexpected-response').then(([, response]) => [response]),
  ]);
  const [{ statusCode, headers: answer }] = await answered;
  socket.terminate();
  return { status: statusCode as number, proof: answer[PROOF_HEADER] as string | undefined };
}

test('a command that can read the token is let in, and told who it talks to', async () => {
  const running = await servers.start();
  const { token, server } = running;
  const nonce = newNonce();
  const { status, proof } = await command(running, commandBearer(token, server.run), { [NONCE_HEADER]: nonce });
  expect(status).toBe(101);
  expect(proof).toBe(nodeProof(token, server.run, nonce));
  // Neither value is good for anything else.
  expect(new Set([proof, commandBearer(token, server.run), token, nonce]).size).toBe(4);
});

test('what a command showed to one run is worth nothing to the next one on the same port', async () => {
  const token = newToken();
  const first = await servers.start({ token });
  const bearer = commandBearer(token, first.server.run);
  expect((await command(first, bearer)).status).toBe(101);
  await first.server.stop();
  const second = await servers.start({ token, port: first.port });
  expect((await command(second, bearer)).status).toBe(401);
});

test('nothing is proven to whoever is not let in, nor over what is no nonce', async () => {
  const running = await servers.start();
  const right = commandBearer(running.token, running.server.run);
  expect(await command(running, newToken(), { [NONCE_HEADER]: newNonce() })).toEqual({ status: 401 });
  expect(await command(running, nodeProof(running.token, running.server.run, newNonce()))).toEqual({ status: 401 });
  for (const nonce of ['short', 'x'.repeat(65), 'with space '.repeat(3)])
    expect(await command(running, right, { [NONCE_HEADER]: nonce })).toEqual({ status: 101 });
});

test('the bearer of a command opens no page in a browser', async () => {
  const { port, token, server } = await servers.start();
  expect((await ask(port, request(port, `GET /?token=${commandBearer(token, server.run)}`))).status).toBe(401);
});

test('a server without a page serves commands, and tells people that there is none', async () => {
  const running = await servers.start({ page: null });
  const { port, token, server } = running;
  const shown = await ask(port, request(port, 'GET /', { Authorization: `Bearer ${token}` }));
  expect(shown).toMatchObject({ status: 404, body: expect.stringContaining('no dashboard') });
  expect((await ask(port, request(port, 'GET /'))).status).toBe(401);
  expect((await command(running, commandBearer(token, server.run))).status).toBe(101);
});
