import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Visitor } from '../../shared/api.ts';
import { InterMachineError } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { commandBearer, nodeProof } from './command-proof.ts';

/** Characters; 256 random bits have 43 in base64url, 52 in base32, 64 in hexadecimal. */
const MIN_TOKEN_LENGTH = 32;
/** Characters of the node's id in a cookie's name: enough to tell nodes of one host apart, short for the 8 KiB of headers. */
const NODE_PART = 10;

/** What opens the dashboard; 256 random bits each. */
export interface Tokens {
  readonly token: string;
  /** Lets in those who may only look. */
  readonly viewerToken?: string;
}

/** Through what somebody came, and whether they may change anything. */
const BY_TOKEN = { by: 'dashboard', mayAct: true } as const;
const BY_VIEWER_TOKEN = { by: 'dashboard', mayAct: false } as const;

/**
 * The tokens of a node, and the cookies that a browser gets for them. A cookie's value is derived, so that whoever
 * reads it does not learn the token, and a page stays in when the node restarts with the same token on the same port.
 */
export class Credentials {
  /** Cookies are shared by all ports of a host; only their names keep two dashboards apart. */
  readonly cookieName: string;
  readonly #namePrefix: string;
  readonly #token: string;
  readonly #entrances: readonly (readonly [token: string, cookie: string, visitor: Visitor])[];
  readonly #bearers: readonly (readonly [bearer: string, visitor: Visitor])[];
  readonly #run: string;

  /** Throws CONFIG_INVALID for a token that could be guessed. */
  constructor({ token, viewerToken }: Tokens, node: NodeId, port: number, run: string) {
    const tokens = viewerToken === undefined ? [token] : [token, viewerToken];
    for (const { length } of tokens)
      if (length < MIN_TOKEN_LENGTH)
        throw new InterMachineError(
          'CONFIG_INVALID',
          `The dashboard's token has ${length} characters; ${MIN_TOKEN_LENGTH} random ones are the least.`,
        );
    this.#namePrefix = `im_${node.slice(0, NODE_PART)}_`;
    this.cookieName = `${this.#namePrefix}${port}`;
    this.#token = token;
    this.#run = run;
    const cookieOf = (text: string) =>
      createHmac('sha256', text).update(`dashboard cookie ${node} ${port}`).digest('base64url');
    this.#entrances = tokens.map((text) => [text, cookieOf(text), text === token ? BY_TOKEN : BY_VIEWER_TOKEN]);
    this.#bearers = [
      ...tokens.map((text) => [text, { by: 'script', mayAct: text === token }] as const),
      [commandBearer(token, run), { by: 'command', mayAct: true }],
    ];
  }

  visitorWithToken(text: string): Visitor | undefined {
    return this.#entrances.find(([token]) => isSame(text, token))?.[2];
  }

  /** Scripts show the token itself, commands what they derive from it. */
  visitorWithBearer(text: string): Visitor | undefined {
    return this.#bearers.find(([bearer]) => isSame(text, bearer))?.[1];
  }

  /** What shows a command that this is the node it means. */
  proofOver(nonce: string): string {
    return nodeProof(this.#token, this.#run, nonce);
  }

  /** Values under our name: more than one when another server on this host sets the same name for another path. */
  cookiesIn(header: string | undefined): readonly string[] {
    return cookies(header).flatMap(([name, value]) => (name === this.cookieName ? [value] : []));
  }

  visitorWithCookie(value: string): Visitor | undefined {
    return this.#entrances.find(([, cookie]) => isSame(value, cookie))?.[2];
  }

  /** Whoever came with a ticket, which only the node's own user was told. */
  get visitorWithTicket(): Visitor {
    return BY_TOKEN;
  }

  /**
   * The `Set-Cookie` lines for somebody who showed a token. A node has one dashboard at a time: what the browser has of other
   * ports is from earlier runs and goes, or a hundred restarts on free ports would fill the headers.
   */
  setCookies(visitor: Visitor, header: string | undefined): readonly string[] {
    const cookie = this.#entrances.find((entrance) => entrance[2] === visitor)?.[1] ?? '';
    const attributes = 'Path=/; HttpOnly; SameSite=Strict';
    const old = cookies(header)
      .map(([name]) => name)
      .filter((name) => name.startsWith(this.#namePrefix) && name !== this.cookieName);
    return [`${this.cookieName}=${cookie}; ${attributes}`, ...old.map((name) => `${name}=; Max-Age=0; ${attributes}`)];
  }
}

function cookies(header = ''): readonly (readonly [name: string, value: string])[] {
  return header.split(';').flatMap((part) => {
    const equals = part.indexOf('=');
    return equals < 0 ? [] : [[part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const];
  });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** In a time that tells nothing, not even the length. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
