import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DashboardServer, type DashboardServerOptions } from '../../../main/dashboard/server.ts';
import { nodeId } from '../../../shared/ids.ts';
import type { Pipe } from '../../../shared/pipe.ts';
import { ask, request } from './raw-client.ts';

export const HASHED = '/assets/index-Ab3f_k2Q.js';

/** What a bundler would have built. */
export const PAGE = {
  '/index.html': `<!doctype html><meta charset="utf-8"><title>Page</title><script type="module" src="${HASHED}"></script>`,
  [HASHED]: 'document.title = "It runs";',
  '/logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
};

export interface RunningServer {
  readonly server: DashboardServer;
  readonly port: number;
  readonly token: string;
  readonly directory: string;
  /** Those that were let in. */
  readonly pipes: Pipe[];
  readonly log: string[];
  /** The cookie as a browser sends it, got as a browser gets it. */
  cookie(): Promise<string>;
}

export const newToken = (): string => randomBytes(32).toString('base64url');

/** Servers with a page in a place of its own; `end` stops them all. */
export class Servers {
  readonly #ends: (() => Promise<unknown>)[] = [];

  /** With no page at all where it is `null`. */
  async start({
    page = PAGE,
    ...options
  }: Partial<DashboardServerOptions> & { page?: object | null } = {}): Promise<RunningServer> {
    const directory = await this.directory(page ?? {});
    const token = options.token ?? newToken();
    const pipes: Pipe[] = [];
    const log: string[] = [];
    const server = new DashboardServer({
      port: 0,
      token,
      node: nodeId('kitchen'.padEnd(52, 'a')),
      ...(page && { filesDirectory: directory }),
      accept: (pipe) => pipes.push(pipe),
      log: (message) => log.push(message),
      ...options,
    });
    this.#ends.push(() => server.stop());
    const { port } = await server.listen();
    const cookie = async () => {
      const { cookies } = await ask(port, request(port, `GET /?token=${token}`));
      return cookies[0]?.split(';')[0] ?? 'none';
    };
    return { server, port, token, directory, pipes, log, cookie };
  }

  async directory(page: object): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'dashboard-page-'));
    this.#ends.push(() => rm(directory, { recursive: true }));
    await build(directory, page);
    return directory;
  }

  /** Whatever else has to end with the test. */
  also(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}

export async function build(directory: string, page: object): Promise<void> {
  for (const [path, text] of Object.entries(page)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}
