import { fileURLToPath } from 'node:url';
import { serveApi } from './api/serve.ts';
import { dashboardTokensOf, type Started } from './compose.ts';
import { removeRunning, writeRunning } from './dashboard/running-file.ts';
import { DashboardServer } from './dashboard/server.ts';

/** The dashboard's built page, beside the compiled sources or in the checkout's own `out`. */
const PAGE_DIRECTORY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../out/renderer' : '../renderer', import.meta.url),
);

export interface LocalApiOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Whether the dashboard's page is served; else commands alone are answered. */
  readonly page: boolean;
  readonly report: (message: string) => void;
}

export interface LocalApi {
  /** What opens the dashboard in a browser. */
  readonly url: string;
  /** The same for one browser, once and soon: for where others may see it. */
  ticketUrl(): string;
  /** Takes less than a second. */
  stop(): Promise<void>;
}

/**
 * Answers the dashboard and the command line on this computer, and tells the latter where, in the node's data directory.
 * Throws PORT_IN_USE, PORT_UNUSABLE, DATA_DIR_UNUSABLE, IDENTITY_INVALID for a token that others can read.
 */
export async function openLocalApi(started: Started, { port, page, report }: LocalApiOptions): Promise<LocalApi> {
  const { node, dataDir, startedAt } = started;
  const server = new DashboardServer({
    port,
    ...(await dashboardTokensOf(started)),
    node: node.id,
    ...(page && { filesDirectory: PAGE_DIRECTORY }),
    accept: (pipe, visitor) => serveApi(started, pipe, visitor),
    log: report,
  });
  const { run } = server;
  const bound = await server.listen();
  try {
    const running = { node: node.id, name: node.name, pid: process.pid, port: bound.port, run, startedAt };
    if (dataDir !== undefined) await writeRunning(dataDir, running);
  } catch (thrown) {
    await server.stop();
    throw thrown;
  }
  return {
    url: server.url,
    ticketUrl: () => server.ticketUrl(),
    async stop() {
      if (dataDir !== undefined) await removeRunning(dataDir, run);
      await server.stop();
    },
  };
}
