import { afterEach, expect, test } from 'vitest';
import type { Visitor } from '../../shared/api.ts';
import { ask, request } from '../support/dashboard/raw-client.ts';
import { newToken, Servers } from '../support/dashboard/servers.ts';

const servers = new Servers();
afterEach(() => servers.end());

async function start() {
  const visitors: Visitor[] = [];
  let now = 0;
  const viewerToken = newToken();
  const running = await servers.start({
    viewerToken,
    accept: (_, visitor) => visitors.push(visitor),
    now: () => now,
  });
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  return { ...running, viewerToken, visitors, pass };
}

const enter = async (port: number, query: string) => await ask(port, request(port, `GET /?${query}`));
const upgrade = (port: number, headers: Readonly<Record<string, string>>) =>
  request(port, 'GET /api', {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  });

test('who comes with the token may act, with the viewer’s token only look; as a page and as a script', async () => {
  const { port, token, viewerToken, visitors } = await start();
  for (const secret of [token, viewerToken]) {
    const { status, cookies } = await enter(port, `token=${secret}`);
    expect(status).toBe(303);
    const cookie = cookies[0]?.split(';')[0] ?? '';
    await ask(port, upgrade(port, { Cookie: cookie, Origin: `http://127.0.0.1:${port}` }));
    await ask(port, upgrade(port, { Authorization: `Bearer ${secret}` }));
  }
  expect(visitors).toEqual([
    { by: 'dashboard', mayAct: true },
    { by: 'script', mayAct: true },
    { by: 'dashboard', mayAct: false },
    { by: 'script', mayAct: false },
  ]);
});

test('the cookie of one token says nothing of the other', async () => {
  const { port, token, viewerToken } = await start();
  const [first, second] = [await enter(port, `token=${token}`), await enter(port, `token=${viewerToken}`)];
  expect(first.cookies[0]).not.toBe(second.cookies[0]);
  for (const { cookies } of [first, second]) expect(cookies[0]).not.toContain(token);
});

test('a ticket lets one browser in, once', async () => {
  const { server, port, token } = await start();
  const url = new URL(server.ticketUrl());
  expect(url.href).not.toContain(token);
  const entered = await enter(port, url.search.slice(1));
  expect(entered).toMatchObject({ status: 303 });
  expect((await ask(port, request(port, 'GET /', { Cookie: entered.cookies[0]?.split(';')[0] ?? '' }))).status).toBe(
    200,
  );
  expect((await enter(port, url.search.slice(1))).status).toBe(401);
});

test('and only within a minute', async () => {
  const { server, port, pass } = await start();
  const [early, late] = [new URL(server.ticketUrl()), new URL(server.ticketUrl())];
  pass(59_999);
  expect((await enter(port, early.search.slice(1))).status).toBe(303);
  pass(1);
  expect((await enter(port, late.search.slice(1))).status).toBe(401);
});

test('of tickets that nobody used, the last eight are good', async () => {
  const { server, port } = await start();
  const urls = Array.from({ length: 9 }, () => new URL(server.ticketUrl()));
  const answers: number[] = [];
  for (const { search } of urls) answers.push((await enter(port, search.slice(1))).status);
  expect(answers).toEqual([401, ...Array.from({ length: 8 }, () => 303)]);
});

test.each(['ticket=', 'ticket=guessed', 'token=', 'ticket=a&ticket=b'])('%s opens nothing', async (query) => {
  const { port } = await start();
  expect((await enter(port, query)).status).toBe(401);
});

test('guessed tickets are counted as guessed tokens are', async () => {
  const { port, server } = await start();
  for (let guess = 0; guess < 20; guess++) await enter(port, `ticket=${guess}`);
  expect((await enter(port, new URL(server.ticketUrl()).search.slice(1))).status).toBe(429);
});
