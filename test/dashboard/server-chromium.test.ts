import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { nodeId } from '../../shared/ids.ts';
import { launchChromium, noChromium } from '../support/chromium.ts';
import { Servers } from '../support/dashboard/servers.ts';

const servers = new Servers();
let browser: Browser;
let page: Page;

/** Shows in one word how its WebSocket is. */
const SCRIPT = `
document.title = 'It runs';
const socket = new WebSocket('/api');
socket.onopen = () => { document.body.textContent = 'open'; };
socket.onmessage = ({ data }) => { document.body.textContent = data; };
socket.onclose = ({ code }) => { document.body.textContent = 'closed ' + code; };
globalThis.sendLarge = () => socket.send(JSON.stringify('x'.repeat(200_000)));
`;
const PAGE = {
  '/index.html': `<!doctype html><meta charset="utf-8"><title>Page</title><body>waiting<script>globalThis.inline = 'ran'</script>
<img src="x" onerror="globalThis.handler = 'ran'"><script type="module" crossorigin src="/assets/index-abcdefgh.js"></script>`,
  '/assets/index-abcdefgh.js': SCRIPT,
};

/** All that a page can try on an address; text, for it runs in the browser. */
const TRIES = `async (url) => {
  const outcome = (told, good, bad) => new Promise((resolve) => {
    told[good] = () => resolve(good);
    told[bad] = () => resolve('refused');
  });
  const script = document.createElement('script');
  script.src = url + '/assets/index-abcdefgh.js';
  document.head.append(script);
  return Promise.all([
    outcome(new WebSocket(url.replace('http', 'ws') + '/api'), 'onopen', 'onclose'),
    outcome(script, 'onload', 'onerror'),
    fetch(url + '/', { credentials: 'include' }).then(() => 'read', () => 'refused'),
    document.title,
  ]);
}`;

/** A page of somebody else, on this computer or not: the browser cannot tell, for it is asked by another name. */
async function elsewhere(html: string): Promise<number> {
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.also(async () => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The page of the tests shows one word, and it is all that the body has; pages for people have more. */
const showing = (text: string, where = page) =>
  where.locator('body', { hasText: /^\w+( \d+)?$/.test(text) ? new RegExp(`^\\s*${text}\\s*$`) : text }).waitFor();

describe.skipIf(noChromium !== undefined)(`in Chromium${noChromium ? ` [${noChromium}]` : ''}`, () => {
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await page?.context().close();
    await servers.end();
  });
  const open = async (url: string) => {
    page = await (await browser.newContext()).newPage();
    await page.goto(url);
  };

  test('the printed URL opens the page, without the token in the address, and its WebSocket', async () => {
    const { server, port } = await servers.start({ page: PAGE });
    await open(server.url);
    await showing('open');
    expect(page.url()).toBe(`http://127.0.0.1:${port}/`);
    await page.reload();
    await showing('open');
    expect(await page.evaluate('document.cookie')).toBe('');
  });

  test('inline scripts and handlers do not run', async () => {
    const { server } = await servers.start({ page: PAGE });
    await open(server.url);
    await showing('open');
    expect(await page.title()).toBe('It runs');
    expect(await page.evaluate('[globalThis.inline, globalThis.handler]')).toEqual([undefined, undefined]);
  });

  test('on localhost and on ::1 it opens as well', async () => {
    const { port, token } = await servers.start({ page: PAGE });
    for (const host of ['localhost', '[::1]']) {
      await open(`http://${host}:${port}/?token=${token}`);
      await showing('open');
      await page.context().close();
    }
  });

  test('a message that the browser cuts into pieces arrives', async () => {
    const { server, pipes } = await servers.start({
      page: PAGE,
      accept: (pipe) => pipe.onMessage((message) => pipe.send(String(message).length)),
    });
    expect(pipes).toEqual([]);
    await open(server.url);
    await showing('open');
    await page.evaluate('sendLarge()');
    await showing('200000');
  });

  test('the page is told when the server stops, and a reload finds the next one without the token', async () => {
    const first = await servers.start({ page: PAGE });
    await open(first.server.url);
    await showing('open');
    await first.server.stop();
    await showing('closed 1001');
    await servers.start({ page: PAGE, port: first.port, token: first.token });
    await page.reload();
    await showing('open');
  });

  test('two dashboards on one host are open side by side in one browser', async () => {
    const kitchen = await servers.start({ page: PAGE });
    const cellar = await servers.start({ page: PAGE, node: nodeId('cellar'.padEnd(52, 'a')) });
    await open(kitchen.server.url);
    const second = await page.context().newPage();
    await second.goto(cellar.server.url);
    await showing('open', second);
    await page.reload();
    await showing('open');
    await second.reload();
    await showing('open', second);
  });

  test('without the token a person reads what to do', async () => {
    const { port } = await servers.start({ page: PAGE });
    await open(`http://127.0.0.1:${port}/`);
    await showing('Open the URL that the node printed when it started');
  });

  test.each(['localhost', '127.0.0.1'])(
    'a link on a page of %s leads to one that says so, and from there on one click opens the dashboard',
    async (host) => {
      const { server } = await servers.start({ page: PAGE });
      const other = await elsewhere(`<a href="${server.url}">go</a>`);
      await open(`http://${host}:${other}/`);
      await page.getByRole('link', { name: 'go' }).click();
      await showing('other pages may not open this dashboard');
      await page.getByRole('link', { name: 'Open the dashboard' }).click();
      await showing('open');
    },
  );

  test('another page can neither read, nor frame, nor connect, although the user is logged in', async () => {
    const { server, port, pipes } = await servers.start({ page: PAGE });
    await open(server.url);
    await showing('open');
    const own = `http://127.0.0.1:${port}`;
    // The same name with another port is the same site: the browser does send the cookie.
    const other = await elsewhere(`<title>Evil</title><iframe src="${own}/"></iframe>`);
    const evil = await page.context().newPage();
    await evil.goto(`http://127.0.0.1:${other}/`);
    const tried = await evil.evaluate(`(${TRIES})('${own}')`);
    expect(tried).toEqual(['refused', 'refused', 'refused', 'Evil']);
    for (const frame of evil.frames().slice(1)) expect(frame.url()).not.toContain(own);
    expect(pipes).toHaveLength(1);
  });
});
