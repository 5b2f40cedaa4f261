import type { ELK, ElkNode } from 'elkjs/lib/elk-api.js';
// The worker is a file of its own that the page's policy permits: a worker made from a blob would be refused.
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';

/** Milliseconds. A chart that takes longer is not worth the wait: its outline is shown. */
const LAYOUT_TIMEOUT_MS = 30_000;

let running: Promise<{ readonly elk: ELK; readonly worker: Worker }> | undefined;

async function start() {
  const { default: Elk } = await import('elkjs/lib/elk-api.js');
  const worker = new Worker(workerUrl, { name: 'statechart layout' });
  return { elk: new Elk({ workerFactory: () => worker }), worker };
}

/** Finds places, off the page's own thread. The first chart loads the library; all charts share one worker. */
export async function layOut(graph: ElkNode): Promise<ElkNode> {
  running ??= start();
  const mine = running;
  const { elk, worker } = await mine;
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const fail = (why: string) => {
    // A worker that is stuck or broken stays so: the next chart gets a new one.
    if (running === mine) running = undefined;
    worker.terminate();
    reject(new Error(why));
  };
  const onError = () => fail('The layout could not be loaded');
  const timer = setTimeout(() => fail(`No layout was found within ${LAYOUT_TIMEOUT_MS / 1000} s`), LAYOUT_TIMEOUT_MS);
  worker.addEventListener('error', onError);
  try {
    return await Promise.race([elk.layout(graph), failed]);
  } finally {
    clearTimeout(timer);
    worker.removeEventListener('error', onError);
  }
}
