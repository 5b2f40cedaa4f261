import { Worker } from 'node:worker_threads';
import { InterMachineError, reasonOf } from '../../../shared/errors.ts';
import type { StoredChange } from '../../core/ports.ts';
import type { DatabasePlace } from './sqlite-open.ts';
import type { StoreAnswers, StoreReply, StoreRequest } from './sqlite-requests.ts';

/** A request and whoever waits for its answer: several, where it is a transaction of several commits. */
interface Job {
  readonly request: StoreRequest;
  readonly waiting: { resolve(answer: unknown): void; reject(reason: InterMachineError): void }[];
}

interface CommitJob extends Job {
  readonly request: { readonly type: 'commit'; readonly changes: StoredChange[] };
}

/** What a thread of the database runs. A bundle has to bring each along. */
export type ThreadProgram = 'sqlite-worker' | 'reader-worker';

/**
 * The thread that has the database, as seen from the one that must not wait. It is asked one thing at a time, in order;
 * commits that follow each other while it works are gathered into one. That is the whole group commit: no timers.
 */
export class StoreThread {
  readonly #file: string;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #queue: Job[] = [];
  #running: Job | undefined;
  #pumping = false;
  #ended: InterMachineError | undefined;

  constructor(place: DatabasePlace, program: ThreadProgram = 'sqlite-worker') {
    this.#file = place.file;
    this.#worker = startWorker(place, program);
    this.#worker.on('message', (reply: StoreReply) => this.#settle(reply));
    this.#worker.on('messageerror', (error) => this.#fail(reasonOf(error)));
    this.#worker.on('error', (error) => this.#fail(reasonOf(error)));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail('its thread has ended');
        resolve();
      });
    });
  }

  ask<Type extends StoreRequest['type']>(request: StoreRequest & { readonly type: Type }): Promise<StoreAnswers[Type]> {
    return this.#wait({ request, waiting: [] });
  }

  /** Returns whether the room for more is nearly used up. */
  commit(changes: readonly StoredChange[]): Promise<boolean> {
    const last = this.#queue.at(-1);
    if (last === undefined || !isCommit(last))
      return this.#wait({ request: { type: 'commit', changes: [...changes] }, waiting: [] });
    for (const change of changes) last.request.changes.push(change);
    return wait(last);
  }

  /** Nothing is asked of it and nothing waits. */
  get isIdle(): boolean {
    return this.#running === undefined && this.#queue.length === 0;
  }

  /** Resolves when everything that was asked so far was answered, for better or worse. */
  settled(): Promise<unknown> {
    const last = this.#queue.at(-1) ?? this.#running;
    return last === undefined ? Promise.resolve() : wait(last).catch(() => undefined);
  }

  /** Lets the database go, after all that was asked before, and ends the thread. */
  async close(): Promise<void> {
    try {
      await this.ask({ type: 'close' });
    } catch {
      // What was committed is on disk, and whoever waited for more was told: a failed end takes nothing away.
    }
    await this.end();
  }

  /** Ends the thread, whatever it is doing. May be called twice. */
  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  #wait<Answer>(job: Job): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#queue.push(job);
    this.#pumpSoon();
    return wait(job);
  }

  /** At the end of this turn's synchronous part, so that commits made in one go are one transaction. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#queue.shift();
    if (this.#running === undefined) return;
    try {
      this.#worker.postMessage(this.#running.request);
    } catch (thrown) {
      // Something in it cannot travel between threads, a function for example.
      this.#settle({ ok: false, code: 'STORE_FAILED', message: this.#sentence(reasonOf(thrown)) });
    }
  }

  #settle(reply: StoreReply): void {
    const job = this.#running;
    this.#running = undefined;
    if (job !== undefined && reply.ok) for (const one of job.waiting) one.resolve(reply.answer);
    else if (job !== undefined && !reply.ok) this.#reject(job, new InterMachineError(reply.code, reply.message));
    this.#pump();
  }

  /** What was committed behind a commit that failed rests on it, and must not happen either. */
  #reject(failed: Job, error: InterMachineError): void {
    const fails = (job: Job) => isCommit(failed) && isCommit(job);
    const behind = this.#queue.filter(fails);
    const others = this.#queue.filter((job) => !fails(job));
    this.#queue.splice(0, this.#queue.length, ...others);
    for (const job of [failed, ...behind]) for (const one of job.waiting) one.reject(error);
  }

  /** The thread itself is lost: nothing more will be answered. */
  #fail(reason: string): void {
    this.#ended ??= new InterMachineError('STORE_BROKEN', this.#sentence(reason));
    const jobs = [...(this.#running === undefined ? [] : [this.#running]), ...this.#queue.splice(0)];
    this.#running = undefined;
    for (const job of jobs) for (const one of job.waiting) one.reject(this.#ended);
  }

  #sentence(reason: string): string {
    return `The store ${this.#file} has failed: ${reason}. Restart the node`;
  }
}

const isCommit = (job: Job): job is CommitJob => job.request.type === 'commit';

const wait = <Answer>(job: Job): Promise<Answer> =>
  new Promise((resolve, reject) => {
    job.waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
  });

/** As source it is a .ts file beside this one, as compiled program a .js file. */
function startWorker(place: DatabasePlace, program: ThreadProgram): Worker {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  return new Worker(new URL(`./${program}${extension}`, import.meta.url), {
    workerData: place,
    name: program,
    // The process's own flags may be of no use to a thread: `--input-type` of a program given by `-e`, for one.
    execArgv: [],
  });
}
