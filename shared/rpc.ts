import { type ErrorCode, InterMachineError, reasonOf } from './errors.ts';
import type { Pipe } from './pipe.ts';

// Typed calls and streams over any pipe. A stream's reader gives credit, so that a slow one is never flooded.

/** Methods by name: each takes one input and gives its answer, or the items of a stream. */
type Methods<M> = { readonly [Name in keyof M]: (input: never) => unknown };
type InputOf<F> = F extends (input: infer Input) => unknown ? Input : never;
type OutputOf<F> = F extends (input: never) => infer Output ? Output : never;

export type CallHandlers<C extends Methods<C>> = {
  readonly [Name in keyof C]: (input: unknown) => Promise<OutputOf<C[Name]>> | OutputOf<C[Name]>;
};
export type StreamHandlers<S extends Methods<S>> = {
  readonly [Name in keyof S]: (input: unknown) => Source<OutputOf<S[Name]>>;
};

/** Where the items of a stream come from; asked for the next one only when its reader has room. */
export interface Source<Item> {
  /** `undefined` at the end, and once stopped. */
  next(): Promise<Item | undefined>;
  /** Nobody reads any more. A `next` that is under way resolves. */
  stop(): void;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly input: unknown }
  | {
      readonly kind: 'open';
      readonly id: number;
      readonly name: string;
      readonly input: unknown;
      readonly credit: number;
    }
  | { readonly kind: 'credit'; readonly id: number; readonly credit: number }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'item'; readonly id: number; readonly item: unknown }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'error'; readonly id: number; readonly code: ErrorCode; readonly message: string };

/** Items that may be under way before the reader took one. */
const CREDIT = 4;
/** Milliseconds. Longer than any call takes; the node behind the pipe is gone or stuck. */
const CALL_TIMEOUT_MS = 15_000;
/** Streams and calls that one pipe may have open; a page needs a handful. */
const MAX_OPEN = 64;

// ---- The node's side

interface OpenStream {
  credit: number;
  source: Source<unknown> | undefined;
  stopped: boolean;
  wake: () => void;
}

/** Answers what comes through the pipe until it closes. Handlers get the input unchecked: they check it. */
export function serve<C extends Methods<C>, S extends Methods<S>>(
  pipe: Pipe,
  calls: CallHandlers<C>,
  streams: StreamHandlers<S>,
): void {
  const open = new Map<number, OpenStream>();
  let calling = 0;
  const fail = (id: number, thrown: unknown) => {
    const code = thrown instanceof InterMachineError ? thrown.code : 'INTERNAL';
    pipe.send({ kind: 'error', id, code, message: reasonOf(thrown) } satisfies Message);
  };

  const call = async (id: number, name: string, input: unknown) => {
    calling++;
    try {
      pipe.send({ kind: 'answer', id, output: await handlerOf(calls, name)(input) } satisfies Message);
    } catch (thrown) {
      fail(id, thrown);
    } finally {
      calling--;
    }
  };

  const stream = async (id: number, name: string, input: unknown, credit: number) => {
    const state: OpenStream = { credit, source: undefined, stopped: false, wake: () => {} };
    open.set(id, state);
    try {
      const source = handlerOf(streams, name)(input);
      state.source = source;
      for (let item = await source.next(); item !== undefined && !state.stopped; item = await source.next()) {
        pipe.send({ kind: 'item', id, item } satisfies Message);
        state.credit--;
        while (state.credit <= 0 && !state.stopped) {
          await new Promise<void>((resolve) => {
            state.wake = resolve;
          });
        }
      }
      if (!state.stopped) pipe.send({ kind: 'end', id } satisfies Message);
    } catch (thrown) {
      if (!state.stopped) fail(id, thrown);
    } finally {
      open.delete(id);
    }
  };

  const stop = (state: OpenStream) => {
    state.stopped = true;
    state.source?.stop();
    state.wake();
  };

  pipe.onMessage((unknown) => {
    const message = asMessage(unknown);
    if (!message) return pipe.close();
    const isNew = message.kind === 'call' || message.kind === 'open';
    if (isNew && (open.has(message.id) || open.size + calling >= MAX_OPEN))
      return fail(message.id, new InterMachineError('INPUT_INVALID', 'Too much is open already'));
    if (message.kind === 'call') void call(message.id, message.name, message.input);
    else if (message.kind === 'open') void stream(message.id, message.name, message.input, message.credit);
    else {
      const state = open.get(message.id);
      if (!state) return;
      if (message.kind === 'stop') return stop(state);
      if (message.kind === 'credit') state.credit += message.credit;
      state.wake();
    }
  });
  pipe.onClose(() => {
    for (const state of open.values()) stop(state);
  });
}

function handlerOf<H extends Readonly<Record<keyof H, (input: unknown) => unknown>>>(
  handlers: H,
  name: string,
): H[keyof H] {
  if (!Object.hasOwn(handlers, name))
    throw new InterMachineError('CALL_UNKNOWN', `There is no call "${name.slice(0, 40)}"`);
  return handlers[name as keyof H];
}

// ---- The dashboard's side

export interface Client<C extends Methods<C>, S extends Methods<S>> {
  /** Rejects with the node's code, CALL_TIMED_OUT or PIPE_CLOSED. */
  call<Name extends keyof C & string>(name: Name, input: InputOf<C[Name]>): Promise<OutputOf<C[Name]>>;
  /** Throws, from its iteration, the node's code or PIPE_CLOSED. Leaving the loop, or `signal`, ends the stream at the node. */
  stream<Name extends keyof S & string>(
    name: Name,
    input: InputOf<S[Name]>,
    signal?: Aborting,
  ): AsyncIterable<OutputOf<S[Name]>>;
}

/** As much of an AbortSignal as is needed: this module knows no platform. */
export interface Aborting {
  readonly aborted: boolean;
  addEventListener(type: 'abort', told: () => void): void;
  removeEventListener(type: 'abort', told: () => void): void;
}

interface Pending {
  resolve(output: unknown): void;
  reject(error: InterMachineError): void;
}

interface Reading {
  readonly items: unknown[];
  end: 'no' | 'yes' | InterMachineError;
  wake: () => void;
}

/** Time, where a test wants its own. */
export interface Timers {
  readonly setTimeout: (task: () => void, milliseconds: number) => unknown;
  readonly clearTimeout: (timer: never) => void;
}

export function connect<C extends Methods<C>, S extends Methods<S>>(pipe: Pipe, timers: Timers): Client<C, S> {
  const pending = new Map<number, Pending>();
  const reading = new Map<number, Reading>();
  let lastId = 0;
  let closed = false;
  const closedError = () => new InterMachineError('PIPE_CLOSED', 'The connection to the node is closed');

  pipe.onMessage((unknown) => {
    const message = asMessage(unknown);
    if (!message) return pipe.close();
    const waiting = pending.get(message.id);
    const stream = reading.get(message.id);
    if (message.kind === 'answer') waiting?.resolve(message.output);
    else if (message.kind === 'error') {
      const error = new InterMachineError(message.code, message.message);
      waiting?.reject(error);
      if (stream) stream.end = error;
    } else if (message.kind === 'item') stream?.items.push(message.item);
    else if (message.kind === 'end' && stream) stream.end = 'yes';
    stream?.wake();
  });
  pipe.onClose(() => {
    closed = true;
    for (const { reject } of pending.values()) reject(closedError());
    for (const stream of reading.values()) {
      if (stream.end === 'no') stream.end = closedError();
      stream.wake();
    }
  });

  return {
    async call(name, input) {
      if (closed) throw closedError();
      const id = ++lastId;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      pending.set(id, { resolve, reject });
      const timer = timers.setTimeout(
        () =>
          reject(
            new InterMachineError(
              'CALL_TIMED_OUT',
              `The node did not answer "${name}" within ${CALL_TIMEOUT_MS / 1000} s`,
            ),
          ),
        CALL_TIMEOUT_MS,
      );
      pipe.send({ kind: 'call', id, name, input } satisfies Message);
      try {
        return (await promise) as never;
      } finally {
        timers.clearTimeout(timer as never);
        pending.delete(id);
      }
    },

    async *stream(name, input, signal) {
      if (closed) throw closedError();
      const id = ++lastId;
      const state: Reading = { items: [], end: 'no', wake: () => {} };
      const wake = () => state.wake();
      reading.set(id, state);
      signal?.addEventListener('abort', wake);
      pipe.send({ kind: 'open', id, name, input, credit: CREDIT } satisfies Message);
      try {
        while (!signal?.aborted) {
          if (state.items.length > 0) {
            yield state.items.shift() as never;
            pipe.send({ kind: 'credit', id, credit: 1 } satisfies Message);
          } else if (state.end === 'no') {
            await new Promise<void>((resolve) => {
              state.wake = resolve;
            });
          } else if (state.end === 'yes') return;
          else throw state.end;
        }
      } finally {
        reading.delete(id);
        signal?.removeEventListener('abort', wake);
        if (state.end === 'no') pipe.send({ kind: 'stop', id } satisfies Message);
      }
    },
  };
}

/** Names what came in; `undefined` for what is no message of ours. */
function asMessage(value: unknown): Message | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, id, name, credit } = value as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(id)) return undefined;
  switch (kind) {
    case 'call':
      return typeof name === 'string' ? (value as Message) : undefined;
    case 'open':
      return typeof name === 'string' && isCredit(credit) ? (value as Message) : undefined;
    case 'credit':
      return isCredit(credit) ? (value as Message) : undefined;
    case 'stop':
    case 'answer':
    case 'item':
    case 'end':
    case 'error':
      return value as Message;
    default:
      return undefined;
  }
}

const isCredit = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= 1_000;
