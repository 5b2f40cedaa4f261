import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { InterMachineError } from '../../shared/errors.ts';
import type { NodeId } from '../../shared/ids.ts';
import { commandBearer, nodeProof } from './command-proof.ts';

/** Characters; 256 random bits have 43 in base64url, 52 in base32, 64 in hexadecimal. */
const MIN_TOKEN_LENGTH = 32;
/** Characters of the node's id in a cookie's name: enough to tell nodes of one host apart, short for the 8 KiB of headers. */
const NODE_PART = 10;

/**
 * The token that the node prints, and the cookie that a browser gets for it. The cookie's value is derived, so that whoever
 * reads it does not learn the token, and a page stays in when the node restarts with the same token on the same port.
 */
export class Credentials {
  /** Cookies are shared by all ports of a host; only their names keep two dashboards apart. */
  readonly cookieName: string;
  readonly #namePrefix: string;
  readonly #token: string;
  readonly #cookie: string;
  readonly #bearers: readonly string[];
  readonly #run: string;

  /** Throws CONFIG_INVALID for a token that could be guessed. */
  constructor(token: string, node: NodeId, port: number, run: string) {
    if (token.length < MIN_TOKEN_LENGTH)
      throw new InterMachineError(
        'CONFIG_INVALID',
        `The dashboard's token has ${token.length} characters; ${MIN_TOKEN_LENGTH} random ones are the least.`,
      );
    this.#namePrefix = `im_${node.slice(0, NODE_PART)}_`;
    this.cookieName = `${this.#namePrefix}${port}`;
    this.#token = token;
    this.#run = run;
    this.#bearers = [token, commandBearer(token, run)];
    this.#cookie = createHmac('sha256', token).update(`dashboard cookie ${node} ${port}`).digest('base64url');
  }

  isToken(text: string): boolean {
    return isSame(text, this.#token);
  }

  /** Scripts show the token itself, commands what they derive from it. */
  isBearer(text: string): boolean {
    return this.#bearers.some((bearer) => isSame(text, bearer));
  }

  /** What shows a command that this is the node it means. */
  proofOver(nonce: string): string {
    return nodeProof(this.#token, this.#run, nonce);
  }

  /** Values under our name: more than one when another server on this host sets the same name for another path. */
  cookiesIn(header: string | undefined): readonly string[] {
    return cookies(header).flatMap(([name, value]) => (name === this.cookieName ? [value] : []));
  }

  isCookie(value: string): boolean {
    return isSame(value, this.#cookie);
  }

  /**
   * The `Set-Cookie` lines for somebody who showed the token. A node has one dashboard at a time: what the browser has of other
   * ports is from earlier runs and goes, or a hundred restarts on free ports would fill the headers.
   */
  setCookies(header: string | undefined): readonly string[] {
    const attributes = 'Path=/; HttpOnly; SameSite=Strict';
    const old = cookies(header)
      .map(([name]) => name)
      .filter((name) => name.startsWith(this.#namePrefix) && name !== this.cookieName);
    return [
      `${this.cookieName}=${this.#cookie}; ${attributes}`,
      ...old.map((name) => `${name}=; Max-Age=0; ${attributes}`),
    ];
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
