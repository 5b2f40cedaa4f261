import type { Calls, Streams } from '../../../shared/api.ts';
import { reasonOf } from '../../../shared/errors.ts';
import type { Pipe } from '../../../shared/pipe.ts';
import { type Client, connect } from '../../../shared/rpc.ts';

export type NodeClient = Client<Calls, Streams>;

export interface LinkState {
  /** `connecting` only before the first time it was open. */
  readonly state: 'connecting' | 'open' | 'lost';
  /** When it became so; milliseconds, of this browser. */
  readonly since: number;
  /** When the next try is made; missing while one is under way. */
  readonly retryAt?: number;
  /** Why the last try failed. */
  readonly problem?: string;
  /** A new one each time the link opens. */
  readonly client?: NodeClient;
}

/** Milliseconds. A node that restarts is back within a second: the first tries are quick. */
const FIRST_RETRY_MS = 250;
/** Milliseconds. A person who watches should not wait longer than this. */
const LONGEST_RETRY_MS = 3_000;

const timers = {
  setTimeout: (task: () => void, milliseconds: number) => window.setTimeout(task, milliseconds),
  clearTimeout: (timer: number) => window.clearTimeout(timer),
};

/** Keeps a pipe to the node open: opens it again whenever it closes, later each time, until `stop`. */
export class NodeLink {
  readonly #openPipe: () => Promise<Pipe>;
  readonly #watchers = new Set<() => void>();
  #state: LinkState = { state: 'connecting', since: Date.now() };
  #pipe: Pipe | undefined;
  #timer: number | undefined;
  #failures = 0;
  #running = false;
  #trying = false;

  constructor(openPipe: () => Promise<Pipe>) {
    this.#openPipe = openPipe;
  }

  readonly snapshot = (): LinkState => this.#state;

  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly retryNow = (): void => {
    if (!this.#running || this.#trying || this.#pipe) return;
    window.clearTimeout(this.#timer);
    void this.#try();
  };

  start(): void {
    if (this.#running) return;
    this.#running = true;
    document.addEventListener('visibilitychange', this.#onVisible);
    window.addEventListener('online', this.retryNow);
    this.retryNow();
  }

  stop(): void {
    this.#running = false;
    document.removeEventListener('visibilitychange', this.#onVisible);
    window.removeEventListener('online', this.retryNow);
    window.clearTimeout(this.#timer);
    this.#pipe?.close();
    this.#pipe = undefined;
  }

  readonly #onVisible = (): void => {
    if (document.visibilityState === 'visible') this.retryNow();
  };

  async #try(): Promise<void> {
    this.#trying = true;
    if (this.#state.retryAt !== undefined) {
      const { retryAt: _, ...state } = this.#state;
      this.#become(state);
    }
    try {
      const pipe = await this.#openPipe();
      this.#trying = false;
      if (this.#running) this.#opened(pipe);
      else pipe.close();
    } catch (thrown) {
      this.#trying = false;
      if (this.#running) this.#failed(reasonOf(thrown));
    }
  }

  #opened(pipe: Pipe): void {
    this.#pipe = pipe;
    this.#failures = 0;
    const client: NodeClient = connect(pipe, timers);
    pipe.onClose(() => {
      if (this.#pipe !== pipe) return;
      this.#pipe = undefined;
      this.#become({ state: 'lost', since: Date.now() });
      this.#failed(undefined);
    });
    this.#become({ state: 'open', since: Date.now(), client });
  }

  #failed(problem: string | undefined): void {
    const wait = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LONGEST_RETRY_MS);
    const { state, since } = this.#state;
    this.#become({ state, since, retryAt: Date.now() + wait, ...(problem !== undefined && { problem }) });
    this.#timer = window.setTimeout(this.retryNow, wait);
  }

  #become(state: LinkState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }
}
