import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SECURITY_HEADERS } from '../../main/dashboard/answers.ts';
import { ask, request } from '../support/dashboard/raw-client.ts';
import { HASHED, type RunningServer, Servers } from '../support/dashboard/servers.ts';

const servers = new Servers();
let kitchen: RunningServer;
let cookie: string;

beforeEach(async () => {
  kitchen = await servers.start();
  cookie = await kitchen.cookie();
});
afterEach(() => servers.end());

type Headers = Parameters<typeof request>[2];
const asked = (line: string, headers: Headers = {}, body = '') =>
  ask(kitchen.port, request(kitchen.port, line, headers, body));
const statusOf = async (...args: Parameters<typeof asked>) => (await asked(...args)).status;
const bearer = () => ({ Authorization: `Bearer ${kitchen.token}` });
const own = (name = '127.0.0.1') => `http://${name}:${kitchen.port}`;
const UPGRADE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
};
const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('A: the host it is called by', () => {
  test.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])('%s with the port is right', async (name) => {
    expect(await statusOf('GET /', { ...bearer(), Host: `${name}:${kitchen.port}` })).toBe(200);
  });

  test.each([
    ['a name that was rebound', 'evil.example'],
    ['a name that was rebound, with the port', 'evil.example:PORT'],
    ['no port', '127.0.0.1'],
    ['another port', '127.0.0.1:1'],
    ['a name that begins like ours', 'localhost.evil.example:PORT'],
    ['a name behind ours', '127.0.0.1:PORT@evil.example'],
    ['another address of this computer', '127.0.0.2:PORT'],
    ['a dot at the end', 'localhost.:PORT'],
    ['an empty one', ''],
  ])('%s is 421, even with the token', async (_, host) => {
    const answer = await asked('GET /', { ...bearer(), Host: host.replace('PORT', String(kitchen.port)) });
    expect(answer.status).toBe(421);
    expect(
      await statusOf('GET /api', { ...bearer(), ...UPGRADE, Host: host.replace('PORT', String(kitchen.port)) }),
    ).toBe(421);
  });

  test('none is 421, in HTTP/1.1 and in HTTP/1.0', async () => {
    expect(await statusOf('GET /', { ...bearer(), Host: null })).toBe(421);
    expect((await ask(kitchen.port, `GET / HTTP/1.0\r\nAuthorization: Bearer ${kitchen.token}\r\n\r\n`)).status).toBe(
      421,
    );
  });

  test('two are 421, even if both are right', async () => {
    const host = `127.0.0.1:${kitchen.port}`;
    expect(await statusOf('GET /', { ...bearer(), Host: [host, 'evil.example'] })).toBe(421);
    expect(await statusOf('GET /', { ...bearer(), Host: [host, host] })).toBe(421);
  });
});

describe('A: the page it is asked from', () => {
  test('a page of its own is right', async () => {
    expect(await statusOf('GET /', { Cookie: cookie, Origin: own(), 'Sec-Fetch-Site': 'same-origin' })).toBe(200);
    expect(await statusOf('GET /', { Cookie: cookie, 'Sec-Fetch-Site': 'none' })).toBe(200);
  });

  test.each([
    'https://evil.example',
    'null',
    'http://127.0.0.1:1',
    'http://localhost:PORT',
    'https://127.0.0.1:PORT',
    '',
  ])('the origin "%s" is 403, with the cookie and with the token', async (origin) => {
    const Origin = origin.replace('PORT', String(kitchen.port));
    expect(await statusOf('GET /', { Cookie: cookie, Origin })).toBe(403);
    expect(await statusOf('GET /', { ...bearer(), Origin })).toBe(403);
    expect(await statusOf(`GET /?token=${kitchen.token}`, { Origin })).toBe(403);
  });

  test.each(['cross-site', 'same-site', 'nonsense'])('Sec-Fetch-Site "%s" is 403', async (site) => {
    expect(await statusOf('GET /', { Cookie: cookie, 'Sec-Fetch-Site': site })).toBe(403);
    expect(await statusOf('GET /', { Cookie: cookie, 'Sec-Fetch-Site': ['none', site] })).toBe(403);
  });

  test('a person who followed a link of another page gets one that leads here, and it repeats nothing', async () => {
    const { status, body, headers } = await asked(
      `GET /?token=${kitchen.token}"><script>`.replace(/[">< ]+script>/, ''),
      {
        Accept: 'text/html,*/*',
        'Sec-Fetch-Site': 'cross-site',
      },
    );
    expect(status).toBe(403);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(body).toContain('<a href="">Open the dashboard</a>');
    expect(body).not.toContain(kitchen.token);
  });

  test('nobody is given CORS, not even a preflight with all it asks for', async () => {
    const preflight = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' };
    const evil = await asked('OPTIONS /api', { Origin: 'https://evil.example', ...preflight });
    expect(evil.status).toBe(403);
    expect(evil.text.toLowerCase()).not.toContain('access-control-allow');
    const good = await asked('OPTIONS /api', { Cookie: cookie, Origin: own(), ...preflight });
    expect(good.status).toBe(405);
    expect(good.text.toLowerCase()).not.toContain('access-control-allow');
  });
});

describe('A: who asks', () => {
  test('the token in the URL gives a cookie that is not the token, and leads to a URL without it', async () => {
    const { status, headers, cookies } = await asked(`GET /?token=${kitchen.token}`);
    expect(status).toBe(303);
    expect(headers.get('location')).toBe('/');
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatch(
      new RegExp(`^im_kitchenaaa_${kitchen.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
    );
    expect(cookies[0]).not.toContain(kitchen.token);
  });

  test('the cookie opens the page, and so does the token as a bearer', async () => {
    expect((await asked('GET /', { Cookie: `theme=dark; ${cookie}; other=1` })).body).toContain('<title>Page</title>');
    expect((await asked('GET /', bearer())).body).toContain('<title>Page</title>');
  });

  test.each(['/', HASHED, '/api', '/nowhere'])('nobody gets %s without either', async (path) => {
    const { status, headers } = await asked(`GET ${path}`);
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  test('what is nearly right is 401', async () => {
    const { token } = kitchen;
    const [name, value = ''] = cookie.split('=');
    for (const wrong of ['x', token.slice(1), `${token}x`, token.toUpperCase(), value])
      expect(await statusOf('GET /', { Authorization: `Bearer ${wrong}` })).toBe(401);
    for (const wrong of ['Bearer', 'Bearer ', token, `Basic ${token}`])
      expect(await statusOf('GET /', { Authorization: wrong })).toBe(401);
    for (const wrong of [`${name}=`, `${name}=${token}`, `${name}x=${value}`, `${name}=${value}x`, value])
      expect(await statusOf('GET /', { Cookie: wrong })).toBe(401);
    for (const wrong of ['/?token=', '/?token=x', `/?token=${value}`, `/?Token=${token}`, `/assets/?token=${token}`])
      expect(await statusOf(`GET ${wrong}`)).toBe(401);
  });

  test('a wrong bearer is not saved by the cookie', async () => {
    expect(await statusOf('GET /', { Authorization: 'Bearer x', Cookie: cookie })).toBe(401);
  });

  test('a cookie of our name that another server of this host set does not lock the user out', async () => {
    const name = cookie.split('=')[0];
    expect(await statusOf('GET /', { Cookie: `${name}=theirs; ${cookie}` })).toBe(200);
  });

  test('a person without a token reads what to do; a script reads it as text', async () => {
    const person = await asked('GET /', { Accept: 'text/html' });
    expect(person.body).toMatch(/<p>.*Open the URL that the node printed/);
    expect(person.body).not.toContain('<script');
    const script = await asked('GET /');
    expect(script.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(script.body).toMatch(/^This dashboard belongs to somebody\. Open the URL/);
  });

  test('two servers of one host do not share cookies, and keep those of each other', async () => {
    const cellar = await servers.start({ token: kitchen.token });
    expect(cookie.split('=')[0]).not.toBe((await cellar.cookie()).split('=')[0]);
    const both = `${cookie}; ${await cellar.cookie()}`;
    for (const { port } of [kitchen, cellar])
      expect((await ask(port, request(port, 'GET /', { Cookie: both }))).status).toBe(200);
    const swapped = cookie.replace(String(kitchen.port), String(cellar.port));
    expect((await ask(cellar.port, request(cellar.port, 'GET /', { Cookie: swapped }))).status).toBe(401);
  });

  test('cookies of the same node on ports of earlier runs are taken away, those of others stay', async () => {
    const { cookies } = await asked(`GET /?token=${kitchen.token}`, {
      Cookie: 'im_kitchenaaa_1=old; im_cellaraaaa_2=theirs; theme=dark',
    });
    expect(cookies.slice(1)).toEqual(['im_kitchenaaa_1=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict']);
  });
});

describe('A: what is asked', () => {
  test.each([
    '/../../etc/passwd',
    '/assets/../index.html',
    '/%2e%2e/etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/..\\..\\etc\\passwd',
    '//etc/passwd',
    '/assets//x',
    '/%00',
    '/?token=<script>',
    'http://evil.example/',
    '*',
    '/#x',
  ])('%s is 400', async (target) => {
    expect(await statusOf(`GET ${target}`, bearer())).toBe(400);
  });

  test.each(['/etc/passwd', '/index.html', '/assets', '/assets/', '/.git/config', '/constructor', '/__proto__'])(
    '%s is 404, because it is not in the map',
    async (target) => {
      expect(await statusOf(`GET ${target}`, bearer())).toBe(404);
    },
  );

  test.each([
    ['text', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a form with files', 'multipart/form-data; boundary=x'],
    ['what only begins like JSON', 'application/jsonx'],
    ['nothing', null],
  ])('a POST of %s is 415, also from our own page', async (_, type) => {
    expect(await statusOf('POST /api', { Cookie: cookie, Origin: own(), 'Content-Type': type }, '{}')).toBe(415);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s of JSON is 401 for strangers, and else 405', async (method) => {
    expect(await statusOf(`${method} /api`, JSON_TYPE, '{}')).toBe(401);
    const answer = await asked(`${method} /api`, { Cookie: cookie, Origin: own(), ...JSON_TYPE }, '{}');
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    expect(await statusOf(`${method} /api`, { Cookie: cookie, Origin: 'null', ...JSON_TYPE }, '{}')).toBe(403);
  });

  test('a token in the URL of a POST gives no cookie', async () => {
    const { status, cookies } = await asked(`POST /?token=${kitchen.token}`, JSON_TYPE, '{}');
    expect([status, cookies]).toEqual([405, []]);
  });

  test('HEAD is GET without the body', async () => {
    const { port } = kitchen;
    const both =
      request(port, 'HEAD /', bearer()) + request(port, 'GET /missing', { ...bearer(), Connection: 'close' });
    const { text } = await ask(port, both);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).not.toContain('<title>');
  });

  test('the WebSocket path without a WebSocket is 426', async () => {
    const answer = await asked('GET /api', bearer());
    expect([answer.status, answer.headers.get('upgrade')]).toEqual([426, 'websocket']);
  });

  test('an offer of HTTP/2 is passed over', async () => {
    const offer = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' };
    expect(await statusOf('GET /', { ...bearer(), ...offer })).toBe(200);
  });

  test('what is expected beyond HTTP is 417', async () => {
    expect(await statusOf('GET /', { ...bearer(), Expect: 'miracles' })).toBe(417);
  });
});

describe('A: a WebSocket', () => {
  const upgrade = (headers: Headers, path = '/api') => statusOf(`GET ${path}`, { ...UPGRADE, ...headers });

  test('of a page of ours with the cookie is let in', async () => {
    expect(await upgrade({ Cookie: cookie, Origin: own(), 'Sec-Fetch-Site': 'same-origin' })).toBe(101);
    expect(await upgrade({ Cookie: cookie, Host: `localhost:${kitchen.port}`, Origin: own('localhost') })).toBe(101);
  });

  test('of a script with the token is let in', async () => {
    expect(await upgrade(bearer())).toBe(101);
  });

  test.each(['https://evil.example', 'null', 'http://127.0.0.1:1', 'http://localhost:PORT', 'file://'])(
    'from "%s" is 403, whatever it shows',
    async (origin) => {
      const Origin = origin.replace('PORT', String(kitchen.port));
      expect(await upgrade({ Cookie: cookie, Origin })).toBe(403);
      expect(await upgrade({ ...bearer(), Origin })).toBe(403);
    },
  );

  test('from another port of this host is 403', async () => {
    expect(await upgrade({ Cookie: cookie, Origin: own(), 'Sec-Fetch-Site': 'same-site' })).toBe(403);
  });

  test('with a cookie that names no origin is 403', async () => {
    expect(await upgrade({ Cookie: cookie })).toBe(403);
  });

  test('of a page of ours without the cookie, or of nobody, is 401', async () => {
    expect(await upgrade({ Origin: own() })).toBe(401);
    expect(await upgrade({})).toBe(401);
    expect(await upgrade({ Authorization: 'Bearer x' })).toBe(401);
  });

  test('does not take the token from the URL', async () => {
    expect(await upgrade({ Origin: own() }, `/api?token=${kitchen.token}`)).toBe(401);
  });

  test.each(['/', '/api/', '/api?x', '/ws'])('at %s is 404', async (path) => {
    expect(await upgrade(bearer(), path)).toBe(404);
  });

  test('that is none is 400', async () => {
    expect(await upgrade({ ...bearer(), 'Sec-WebSocket-Key': 'short' })).toBe(400);
    expect(await upgrade({ ...bearer(), 'Sec-WebSocket-Version': '7' })).toBe(400);
    expect(await statusOf('POST /api', { ...bearer(), ...UPGRADE })).toBe(400);
  });

  test('none of those that were refused reached the node', async () => {
    await upgrade({ Cookie: cookie });
    await upgrade({ ...bearer(), Origin: 'null' });
    await upgrade({ ...bearer(), 'Sec-WebSocket-Key': 'short' });
    expect(kitchen.pipes).toHaveLength(0);
    await upgrade(bearer());
    expect(kitchen.pipes).toHaveLength(1);
  });
});

test('every answer has all the headers, whatever went wrong', async () => {
  const answers = await Promise.all([
    asked('GET /', bearer()),
    asked(`GET /?token=${kitchen.token}`),
    asked('GET /'),
    asked('GET /nowhere', bearer()),
    asked('GET /', { Host: 'evil.example' }),
    asked('GET /', { Origin: 'null' }),
    asked('GET /..', bearer()),
    asked('POST /', bearer()),
    asked('POST /', { ...bearer(), ...JSON_TYPE }),
    asked('GET /api', bearer()),
    asked('GET /', { Expect: 'miracles' }),
    asked('GET /', { 'X-Long': 'x'.repeat(9_000) }),
    asked('GET /api', { ...UPGRADE, ...bearer() }),
    asked('GET /api', UPGRADE),
    ask(kitchen.port, 'nonsense\r\n\r\n'),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([
    200, 303, 401, 404, 421, 403, 400, 415, 405, 426, 417, 431, 101, 401, 400,
  ]);
  for (const { headers } of answers) expect(Object.fromEntries(headers)).toMatchObject(SECURITY_HEADERS);
});

test('the page may load and connect to nothing but this server', async () => {
  const policy = (await asked('GET /', bearer())).headers.get('content-security-policy');
  expect(policy).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
      "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
});
