// Every number of the dashboard's server, and what it is for.

/** What one browser, script or attacker may take. */
export interface Limits {
  readonly headerBytes: number;
  readonly bodyBytes: number;
  readonly headersMs: number;
  readonly requestMs: number;
  readonly idleMs: number;
  readonly keepAliveMs: number;
  readonly checkMs: number;
  readonly lingerMs: number;
  readonly stopMs: number;
  readonly socketsPerAddress: number;
  readonly webSockets: number;
  readonly messageBytes: number;
  readonly fragments: number;
  readonly waitingBytes: number;
  readonly pingMs: number;
  readonly silenceMs: number;
}

export const LIMITS: Limits = {
  /** Request line and headers. A browser sends about 1 KiB, and some 60 bytes for each node whose dashboard it visited. */
  headerBytes: 8 * 1024,
  /** Nothing takes a body; up to here it is read and dropped, so that its sender can read the answer. */
  bodyBytes: 1024 * 1024,
  /** From the first byte, or the connection, to the end of the headers: cuts whoever sends a byte a second. */
  headersMs: 5_000,
  /** The same for headers and body together. */
  requestMs: 15_000,
  /** Without a byte in either direction, while an answer is on its way. A WebSocket has its own heartbeat. */
  idleMs: 30_000,
  /** Between two requests on one socket. */
  keepAliveMs: 5_000,
  /** How often the two limits above are looked at; they are exceeded by this much at most. */
  checkMs: 1_000,
  /** How long a refused client may go on sending before its socket is cut. An immediate cut would swallow the answer. */
  lingerMs: 500,
  /** What open requests and pages get when the server stops; it has to be gone within a second. */
  stopMs: 500,
  /** Seven tabs take 50. Far below the usual 1,024 open files of a process, which peers need, too. */
  socketsPerAddress: 128,
  /** One for each open page, all addresses together. */
  webSockets: 64,
  /** The largest thing a page sends is one event from a form. */
  messageBytes: 256 * 1024,
  /** Browsers cut a large message into pieces of their own choice; thousands of them are an attack. */
  fragments: 64,
  /** What waits for a page that does not read. Streams have credit, so that an honest page stays far below. */
  waitingBytes: 4 * 1024 * 1024,
  pingMs: 20_000,
  /** Two pings long: a laptop that sleeps is cut, a busy page is not. */
  silenceMs: 40_000,
};

/** How many wrong credentials are looked at: `burst` at once, then `perSecond`. */
export interface AttemptLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** A person mistypes a few times; a script with an old token must not fill the log. */
export const TOKEN_ATTEMPTS: AttemptLimit = { burst: 20, perSecond: 1 };
/** Wider, for pages left open since the token was changed keep knocking, and must not shut out those that have the new one. */
export const COOKIE_ATTEMPTS: AttemptLimit = { burst: 100, perSecond: 10 };
