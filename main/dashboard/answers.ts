import { STATUS_CODES } from 'node:http';
import type { RefusedStatus } from './guard.ts';

/** What goes back, whatever the way. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer;
}

/** On every answer. Inline styles are there for positions that are computed; scripts are files of ours, always. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Nothing about machines stays on a disk, and a new build shows at once. Only files with a hash in their name differ.
  'cache-control': 'no-store',
};

export type TroubleStatus = RefusedStatus | 404 | 408 | 413 | 417 | 426 | 431 | 500 | 503;

/** What a person reads, in full sentences: first what is the matter, then what to do. */
const TEXTS: Readonly<Record<TroubleStatus, string>> = {
  400: 'This request cannot be understood.',
  401: 'This dashboard belongs to somebody. Open the URL that the node printed when it started: it ends in ?token=… and lets you in.',
  403: 'You came here from another page, and other pages may not open this dashboard.',
  404: 'There is nothing here.',
  405: 'Only GET and HEAD are answered here.',
  408: 'The request took too long.',
  413: 'The request is too large.',
  415: 'Only application/json is taken.',
  417: 'What the request expects is not offered here.',
  421: 'This server answers to 127.0.0.1, localhost and [::1] with its port, and to no other name.',
  426: 'Only WebSockets connect here.',
  429: 'Too many wrong tokens were tried. Wait a moment, then try again.',
  431: 'The request has too many headers. Deleting the cookies of this address helps.',
  500: 'The dashboard failed to answer. The log of the node says why.',
  503: 'The dashboard is busy or stopping. Try again in a moment.',
};

const MORE_HEADERS: Partial<Readonly<Record<TroubleStatus, Readonly<Record<string, string>>>>> = {
  401: { 'www-authenticate': 'Bearer' },
  405: { allow: 'GET, HEAD' },
  426: { upgrade: 'websocket' },
  429: { 'retry-after': '5' },
};

/** `asPage` where a person looks at it. `text` instead of the usual one. */
export function trouble(status: TroubleStatus, { asPage = false, text = TEXTS[status] } = {}): Answer {
  const headers = { ...MORE_HEADERS[status], 'content-type': `text/${asPage ? 'html' : 'plain'}; charset=utf-8` };
  return { status, headers, body: asPage ? page(status, text) : `${text}\n` };
}

/** The whole of an answer as it goes over a socket that HTTP has let go of. */
export function asText({ status, headers, body }: Answer): string {
  const all = { ...SECURITY_HEADERS, ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
}

/** The empty link leads to this very URL, with its token if it had one, and so is nothing that could be forged. */
const AGAIN = '<p><a href="">Open the dashboard</a></p>';

/** `text` must be ours. */
const page = (status: TroubleStatus, text: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>InterMachine</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 20vh auto 0; padding: 0 1.5rem }
</style>
<h1>InterMachine</h1>
<p>${text}</p>
${status === 403 ? AGAIN : ''}
</html>
`;
