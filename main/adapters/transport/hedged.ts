/** What the attempts of one dial know of the network. */
export interface Road {
  /** It did not answer in time: something on it loses packets, or nobody is there. */
  isBad: boolean;
  /** Somebody is there. */
  isAnswered: boolean;
}

/**
 * Runs `attempt`, and on a bad road once more beside it every `againMs`. The first success counts, and the other attempts are told to give up; where one
 * fails there are no more, and it is over when all have failed. An attempt says when the network answered. Where it does and the peer is slow all the
 * same, the peer has much to do, and more attempts would be more of it. Rejects with the reason of `signal` when that is aborted.
 */
export async function hedged<Result>(
  attempt: (given: AbortSignal, answered: () => void) => Promise<Result>,
  againMs: number,
  road: Road,
  signal: AbortSignal,
): Promise<Result> {
  const over = new AbortController();
  const giveUp = () => over.abort(signal.reason);
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Result>((resolve, reject) => {
      let running = 0;
      let hasFailed = false;
      let isAnswered = false;
      const failed = (thrown: unknown) => {
        hasFailed = true;
        running--;
        if (running === 0) reject(thrown);
      };
      const begin = () => {
        running++;
        isAnswered = false;
        const answered = () => {
          isAnswered = true;
          road.isAnswered = true;
        };
        attempt(over.signal, answered).then(resolve, failed);
      };
      const look = () => {
        if (hasFailed || over.signal.aborted) return;
        road.isBad ||= !isAnswered;
        if (road.isBad) begin();
        plan();
      };
      // Not before what came meanwhile was read: it may be this process that is late.
      const plan = () => {
        timer = setTimeout(() => setImmediate(look), againMs);
      };
      begin();
      plan();
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    over.abort(new Error('another attempt was faster'));
  }
}
