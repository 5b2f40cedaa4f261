import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveFiles } from '../../main/electron/dashboard-files.ts';

const place = mkdtempSync(join(tmpdir(), 'intermachine-test-'));
const serve = serveFiles(join(place, 'renderer'));
/** As Chromium hands it over: the address it made of what was asked for, or any other text. */
const ask = (url: string, method = 'GET') => serve({ url, method } as Request);

beforeAll(() => {
  mkdirSync(join(place, 'renderer/assets'), { recursive: true });
  writeFileSync(join(place, 'renderer/index.html'), '<title>InterMachine</title>');
  writeFileSync(join(place, 'renderer/assets/index.js'), 'export {};');
  writeFileSync(join(place, 'renderer/assets/index.js.map'), 'a map');
  writeFileSync(join(place, 'renderer/assets/.env'), 'SECRET=1');
  writeFileSync(join(place, 'secret.json'), '{"secret":true}');
  symlinkSync(join(place, 'secret.json'), join(place, 'renderer/link.json'));
});
afterAll(() => rmSync(place, { recursive: true }));

test('files of the page are served with their type and the whole set of headers', async () => {
  const page = await ask('app://dashboard/index.html?x=1#/machines');
  expect(page.status).toBe(200);
  expect(await page.text()).toBe('<title>InterMachine</title>');
  expect(Object.fromEntries(page.headers)).toEqual({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
  });
  const script = await ask('app://dashboard/assets/index.js');
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
});

describe('what is not a file of the page is not found', () => {
  test.each([
    'app://dashboard/',
    'app://dashboard/assets',
    'app://dashboard/assets/index.js.map',
    'app://dashboard/assets/.env',
    'app://dashboard/link.json',
    'app://dashboard/../secret.json',
    'app://dashboard/%2e%2e/secret.json',
    'app://dashboard/..%2fsecret.json',
    'app://dashboard/assets/..%5c..%5csecret.json',
    'app://dashboard/index.html%00.js',
    'app://dashboard//index.html',
    'app://dashboard/__proto__',
    'app://dashboard/constructor',
    'app://evil/index.html',
    'file:///etc/passwd',
    'no address',
    `app://dashboard/${'a'.repeat(100_000)}`,
  ])('%.60s', async (url) => {
    const response = await ask(url);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).toBe('Nothing is here');
  });
});

test.each(['POST', 'HEAD', 'PUT', 'DELETE'])('%s is refused', async (method) => {
  expect((await ask('app://dashboard/index.html', method)).status).toBe(405);
});
