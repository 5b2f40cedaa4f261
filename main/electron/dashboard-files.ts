import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { HOST, SCHEME } from './dashboard-page.ts';

/** What the page may do: nothing but with its own files. Styles are set on elements by the charts. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** A file of another kind is not part of the page. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

interface PageFile {
  readonly path: string;
  readonly type: string;
}

/** Answers requests to `app://dashboard/` from a map that is made at the first of them: no path is ever built from a request. */
export function serveFiles(directory: string): (request: Request) => Promise<Response> {
  let files: Map<string, PageFile> | undefined;
  return async ({ method, url }) => {
    if (method !== 'GET') return refusal(405, 'Only GET is answered');
    const parsed = URL.parse(url);
    if (parsed?.protocol !== `${SCHEME}:` || parsed.host !== HOST) return refusal(404, 'Nothing is here');
    files ??= new Map(filesBelow(directory, '/'));
    const file = files.get(parsed.pathname);
    if (!file) return refusal(404, 'Nothing is here');
    return new Response(await readFile(file.path), { headers: { ...HEADERS, 'content-type': file.type } });
  };
}

const refusal = (status: number, text: string): Response =>
  new Response(text, { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } });

/** By hand, level after level: a recursive listing is not known to work inside the packed application. */
function filesBelow(directory: string, prefix: string): [string, PageFile][] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry): [string, PageFile][] => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path, `${prefix}${entry.name}/`);
    const type = TYPES[extname(entry.name)];
    return entry.isFile() && type !== undefined ? [[prefix + entry.name, { path, type }]] : [];
  });
}
