import type { IncomingMessage } from 'node:http';
import type { Visitor } from '../../shared/api.ts';
import { shorten } from '../../shared/ids.ts';
import { Attempts } from './attempts.ts';
import type { Credentials } from './credentials.ts';
import { COOKIE_ATTEMPTS, TOKEN_ATTEMPTS } from './limits.ts';
import type { Tickets } from './tickets.ts';

export type RefusedStatus = 400 | 401 | 403 | 405 | 415 | 421 | 429;

export interface Refused {
  readonly kind: 'refused';
  readonly status: RefusedStatus;
  /** Completes "… was refused: it …". */
  readonly why: string;
}

export type Verdict =
  | { readonly kind: 'admitted'; readonly visitor: Visitor }
  /** Showed a token or a ticket in the URL: gets the cookie. */
  | { readonly kind: 'entering'; readonly visitor: Visitor }
  | Refused;

const refused = (status: RefusedStatus, why: string): Refused => ({ kind: 'refused', status, why });

/** Methods that by themselves change nothing. */
const HARMLESS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Decides who may talk to the dashboard, from the headers alone. It answers nobody. */
export class Guard {
  readonly #credentials: Credentials;
  readonly #tickets: Tickets;
  readonly #hosts: ReadonlySet<string>;
  readonly #tokenAttempts: Attempts;
  readonly #cookieAttempts: Attempts;

  constructor(credentials: Credentials, tickets: Tickets, port: number, now: () => number) {
    this.#credentials = credentials;
    this.#tickets = tickets;
    const names = ['127.0.0.1', 'localhost', '[::1]'];
    // Browsers leave out the port that http has anyway.
    this.#hosts = new Set(names.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]));
    this.#tokenAttempts = new Attempts(TOKEN_ATTEMPTS, now);
    this.#cookieAttempts = new Attempts(COOKIE_ATTEMPTS, now);
  }

  request(request: IncomingMessage): Verdict {
    const fault = this.#placeFault(request) ?? bodyFault(request);
    if (fault) return fault;
    const verdict = this.#entrance(request) ?? this.#proof(request);
    if (verdict.kind === 'refused' || request.method === 'GET' || request.method === 'HEAD') return verdict;
    return refused(405, `asked with ${request.method}`);
  }

  webSocket(request: IncomingMessage): Verdict {
    const fault = this.#placeFault(request);
    if (fault) return fault;
    // A browser always names the origin of its page. Without one it is a script, and a script has no business with a cookie:
    // whatever made it send one is used against the user.
    if (request.headers.origin === undefined && request.headers.authorization === undefined)
      return refused(request.headers.cookie === undefined ? 401 : 403, 'named no origin');
    return this.#proof(request);
  }

  /** Whether it asks this server, in one of its names, from one of its own pages. */
  #placeFault(request: IncomingMessage): Refused | undefined {
    const hosts = request.rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length;
    const host = request.headers.host?.toLowerCase() ?? '';
    // A foreign name that was made to resolve to this computer (DNS rebinding) makes a foreign page "same-origin"; but it still says
    // its foreign name here.
    if (hosts !== 1 || !this.#hosts.has(host))
      return refused(421, hosts === 1 ? `asked for the host ${shorten(host)}` : `named ${hosts} hosts`);
    if (!isTarget(request.url)) return refused(400, `asked for ${shorten(pathOf(request))}`);
    const { origin } = request.headers;
    if (origin !== undefined && origin !== `http://${host}`)
      return refused(403, `came from a page of ${shorten(origin)}`);
    // `none`: the user typed the URL, or clicked it in a terminal. All else that did not start on a page of ours is refused before
    // a credential is looked at, so that no page can use up the attempts. That includes a person who follows a link on another
    // page: to let that in would be of no use, as the browser withholds a SameSite=Strict cookie, and even the one that such
    // a visit just got. They get a page with one link to where they were going; a click on it comes from here. It also includes
    // `same-site`, which is any other port of this computer, so another user's server, too.
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      return refused(403, `came from a page of another site (${shorten(site)})`);
    return undefined;
  }

  /** Bearer before cookie: who shows both is judged by the one that took intent. */
  #proof({ headers }: IncomingMessage): Verdict {
    if (headers.authorization !== undefined) {
      const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization)?.[1];
      return bearer === undefined ? refused(401, 'showed no bearer token') : this.#bearer(bearer);
    }
    const values = this.#credentials.cookiesIn(headers.cookie);
    if (values.length === 0) return refused(401, 'showed no credentials');
    const find = () => values.map((value) => this.#credentials.visitorWithCookie(value)).find((visitor) => visitor);
    return this.#judged(this.#cookieAttempts, find, 'admitted');
  }

  #entrance(request: IncomingMessage): Verdict | undefined {
    const asked = askedOf(request);
    const [token, ticket] = [asked?.get('token'), asked?.get('ticket')];
    if (typeof token === 'string')
      return this.#judged(this.#tokenAttempts, () => this.#credentials.visitorWithToken(token), 'entering');
    if (typeof ticket !== 'string') return undefined;
    const find = () => (this.#tickets.take(ticket) ? this.#credentials.visitorWithTicket : undefined);
    return this.#judged(this.#tokenAttempts, find, 'entering');
  }

  #bearer(bearer: string): Verdict {
    return this.#judged(this.#tokenAttempts, () => this.#credentials.visitorWithBearer(bearer), 'admitted');
  }

  #judged(attempts: Attempts, find: () => Visitor | undefined, kind: 'admitted' | 'entering'): Verdict {
    if (!attempts.areLeft) return refused(429, 'came after too many wrong credentials');
    const visitor = find();
    if (visitor) return { kind, visitor };
    attempts.failed();
    return refused(401, 'showed wrong credentials');
  }
}

/** A page of another site can send a form, but not JSON without asking first, and that is never granted. */
function bodyFault({ method, headers }: IncomingMessage): Refused | undefined {
  if (HARMLESS.has(method) || /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return undefined;
  return refused(415, `sent ${shorten(headers['content-type'] ?? 'something without a type')}`);
}

/** Our names need no escapes: what has one, or climbs, is no honest mistake. Absolute forms and `*` are for proxies. */
function isTarget(url = ''): boolean {
  const [path = '', ...query] = url.split('?');
  return /^\/[\w\-./]*$/.test(path) && !/\/\/|\.\./.test(path) && /^[\w\-.~%=&+]*$/.test(query.join('?'));
}

/** Without the query, which may hold the token: it must not get into a log. */
export const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?')[0] ?? '';

const askedOf = ({ url = '' }: IncomingMessage): URLSearchParams | undefined =>
  url.startsWith('/?') ? new URLSearchParams(url.slice(2)) : undefined;
